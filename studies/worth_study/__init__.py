"""The parts of the study of what a run is worth."""
