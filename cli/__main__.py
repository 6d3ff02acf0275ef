"""`python -m cli` is `touchstone`."""

from cli.main import main

main()
