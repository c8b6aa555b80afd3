"""`python -m workflows`."""

from workflows.cli.main import main

main()
