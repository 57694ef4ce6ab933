"""The parts of the study of SCARLET."""
