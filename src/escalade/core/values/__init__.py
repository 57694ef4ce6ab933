"""Values from JSON and YAML, and back; what cannot be is said with its path."""
