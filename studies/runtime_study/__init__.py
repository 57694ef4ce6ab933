"""The parts of the study of runtime."""
