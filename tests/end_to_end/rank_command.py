"""One rank of a command; started by test_ranks_run.py: the command line."""

from __future__ import annotations

import sys

from escalade.cli import main

if __name__ == "__main__":
    main(sys.argv[1:])
