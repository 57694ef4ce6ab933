"""The parts of the study of sampling."""
