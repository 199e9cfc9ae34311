"""What options may be: types for argparse that say what they take."""

import argparse
import glob
import os
from pathlib import Path


def number(kind, low, high):
    """A type of numbers within a range, both ends included.

    Args:
        kind: `int` or `float`.
        low: the smallest.
        high: the largest.

    Returns:
        A function for the `type` of an option; what is no such number, or infinite, is
        refused with the range.
    """

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:  # false for nan, too
            whole = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(
                f"must be {whole} from {low:,} to {high:,}, got {text!r}"
            )
        return value

    return parse


def hint(text):
    """A hint such as `120,45=#b03030`, see `colorize.parse_hint`."""
    from colorlib.colorize.hints import parse_hint

    try:
        return parse_hint(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def path(text):
    """A path; "~" in front is one's own folder, as in `--output=~/pictures`."""
    return Path(expand_home(text))


def expand_home(text):
    """The same for what may also be the name of a model or a data set."""
    return text if os.path.lexists(text) else os.path.expanduser(text)


def files(text):
    """The paths that a pattern such as "*.jpg" stands for, where no shell expands it.

    Returns:
        List of paths; a name without a pattern, or one that fits nothing, as it is.
    """
    name = expand_home(text)
    found = [] if os.path.lexists(name) else sorted(glob.glob(name))
    return [Path(each) for each in found or [name]]
