"""What networks take on this device: measured in turns, or predicted from a table."""
