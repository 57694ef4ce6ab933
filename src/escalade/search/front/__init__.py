"""Constrained and weighted NSGA-II (SCARLET)."""
