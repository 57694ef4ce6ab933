"""What the studies share: command line, setting, units of work, supernets, statistics, tables."""
