"""What a run is, resolved once; and what it takes here, timed before it begins."""
