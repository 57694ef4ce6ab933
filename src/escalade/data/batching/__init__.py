"""Batches: gathered ahead, cropped, mirrored and augmented."""
