"""Searches of spaces without a supernet, whose networks are trained alone."""
