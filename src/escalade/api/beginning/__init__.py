"""How a run begins or is taken up: its folder, its images, its network, and the start it has."""
