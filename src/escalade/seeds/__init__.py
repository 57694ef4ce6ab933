"""Pretrained networks that a run starts from: read from wherever people have them."""
