"""A model of all scores: what a search proposes by, and what it chooses by."""
