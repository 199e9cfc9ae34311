"""Text for a terminal or a log, whatever a file name holds."""

import contextlib
import os
import sys
import unicodedata


def printable(text):
    """Text in which what no terminal can show, or would obey, stands as an escape.

    File names may hold line breaks, a terminal's control codes, and bytes that are no
    text, which Python keeps as lone surrogates; emoji and all scripts stay.

    Args:
        text: str.
    """
    kinds = ("Cc", "Cs", "Zl", "Zp")
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in kinds
        else char
        for char in text
    )


def never_fail_to_print():
    """Lets standard output and error escape what their encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def without_notes():
    """A context in which what libraries of C write to standard error is dropped.

    TensorFlow reports there that a machine has no GPU, which alarms a beginner.
    Exceptions of Python are raised as ever.
    """
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
