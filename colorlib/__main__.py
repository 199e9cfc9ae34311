"""`python -m colorlib`: the command line of `colorlib.cli`."""

import sys

from colorlib.cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
