"""`python -m escalade.cli`."""

from escalade.cli import main

main()
