"""Train, search and test images: how rows are divided, and held apart."""
