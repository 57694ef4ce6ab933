"""Ways to members' weights: alone, from a slice or from smaller weights, together, in place."""
