"""The command line: `python -m colorlib`."""
