"""Decoded images kept on the disk, known by content; what of it is measured and looked at once."""
