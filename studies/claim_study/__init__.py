"""The parts of `studies/claim.py`: setting, images, networks, search, retraining, table."""
