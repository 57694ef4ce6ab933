"""A member in other formats, and as fast as they are."""
