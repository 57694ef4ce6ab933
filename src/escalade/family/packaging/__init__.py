"""A member's folder: configuration, weights, a script of its own, and the card."""
