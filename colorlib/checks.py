"""The checks behind the lessons' checkpoints and exercises.

A check says what is wrong and what to try, never just "wrong".
"""

from collections.abc import Callable

import numpy as np

from colorlib.errors import NotYet


def checkpoint(*lines: str) -> None:
    """Prints the lines of a passed checkpoint.

    Args:
        *lines: what was found (shapes, ranges): the same on every machine.
    """
    for line in lines:
        print(line)
    print("passed")


def check(answer, expected, hint: str = "", tolerance: float = 1e-4) -> None:
    """Compares an exercise's answer with what it should be.

    Args:
        answer: the learner's: a number, string, array, or None (not attempted).
        expected: the right one.
        hint: what to try when it differs.
        tolerance: how far numbers may be off.

    Raises:
        NotYet: if the answer is wrong; the message shows both, and the hint.
    """
    if _untouched(answer):
        return
    if isinstance(expected, str):
        if not isinstance(answer, str) or answer != expected:
            raise NotYet(f"Expected {_short(expected)}, got {_short(answer)}. {hint}")
    else:
        _compare(answer, expected, hint, tolerance)
    print("passed")


def check_function(
    function: Callable, cases: list, hint: str = "", tolerance: float = 1e-4
) -> None:
    """Tries an exercise's function on several inputs.

    Args:
        function: the learner's; one that returns None counts as not attempted.
        cases: pairs `(arguments, expected)`, arguments a tuple.
        hint: what to try when a result differs.
        tolerance: how far numbers may be off.

    Raises:
        NotYet: if a result is wrong; the message says for which input.
    """
    for arguments, expected in cases:
        answer = function(*arguments)
        if _untouched(answer):
            return
        shown = ", ".join(_short(a) for a in arguments)
        _compare(answer, expected, hint, tolerance, f"For ({shown}) ")
    print("passed")


def check_true(answer: bool | None, hint: str = "") -> None:
    """Checks a condition that an exercise's answer should meet.

    Args:
        answer: True, False, or None (not attempted).
        hint: what to try when it is False.

    Raises:
        NotYet: if it is False.
    """
    if _untouched(answer):
        return
    if not bool(answer):
        raise NotYet(f"Not yet. {hint}")
    print("passed")


def _untouched(answer):
    """Whether the learner has written nothing yet; says so."""
    untouched = answer is None or answer is Ellipsis
    if untouched:
        print("not attempted yet")
    return untouched


def _compare(answer, expected, hint, tolerance, case=""):
    given, wanted = _numbers(answer, hint), np.asarray(expected)
    message = ""
    if given.shape != wanted.shape:
        message = f"the shape should be {wanted.shape}, yours is {given.shape}"
    elif not np.allclose(given, wanted, atol=tolerance, rtol=tolerance):
        message = f"expected {_short(expected)}, got {_short(answer)}"
    if message:
        message = case + message
        raise NotYet(f"{message[0].upper()}{message[1:]}. {hint}")


def _numbers(answer, hint):
    try:
        numbers = np.asarray(answer)
    except ValueError:  # rows of different lengths
        numbers = np.array(None)
    if numbers.dtype.kind not in "biufc":
        raise NotYet(f"Numbers are needed, got {answer!r:.200}. {hint}")
    return numbers


def _short(value):
    text = np.array2string(np.asarray(value), precision=4, threshold=12)
    return text if len(text) < 200 else text[:197] + "..."
