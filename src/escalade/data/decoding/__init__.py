"""Image files and their pixels: one of any kind to a square of bytes."""
