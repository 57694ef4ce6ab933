"""The parts of the study of accuracy."""
