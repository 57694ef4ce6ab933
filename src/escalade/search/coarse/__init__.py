"""Coarse-to-fine selection from a single-stage model (BigNAS)."""
