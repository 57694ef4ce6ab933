"""The parts of the study of independent searches."""
