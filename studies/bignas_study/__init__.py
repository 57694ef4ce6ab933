"""The parts of the study of BigNAS."""
