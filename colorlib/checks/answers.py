"""The checks of the lessons' checkpoints and exercises.

A check says what is wrong and what to try, never just "wrong". A wrong answer, and an
exception in the learner's function, both end in one `NotYet`, which a notebook shows as
its message alone, without a traceback.
"""

import linecache
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy

import numpy as np

from colorlib.checks.course import receipt_of, unsolved
from colorlib.errors import NotYet
from colorlib.utils.progress import remember

_running = []  # the exercises whose checks are made now: passed checks are counted
_NOTHING = "not attempted yet"


class _NotAttempted(Exception):
    """Ends the block of an exercise at a stub."""


@contextmanager
def exercise(lesson: str, number: int, hint: str = "") -> Iterator[None]:
    """Makes the checks of one exercise; remembers that it was solved.

    The checks in the block say nothing by themselves. At its end stands one line:
    "passed", or "not attempted yet" where one of them got None.

    Args:
        lesson: such as "03b".
        number: of the exercise in its lesson.
        hint: what to try when the block stops with an exception.

    Raises:
        NotYet: if an answer is wrong, or the block stops with an exception.
    """
    home = sys._getframe(2).f_globals  # of the cell; between is contextlib's frame
    _running.append(0)
    passed = 0
    try:
        yield
        passed = _running[-1]
    except _NotAttempted as nothing:
        print(nothing)
        return
    except NotYet:
        raise
    except Exception as error:
        raise _stopped("Your code stops: ", error, home, hint) from error
    finally:
        _running.pop()
    if not passed:
        raise ValueError(f"Exercise {number} of lesson {lesson} checks nothing.")
    remember(f"{lesson}.{number}")
    print("passed")
    if not unsolved([lesson]):
        print(f"All of lesson {lesson} is solved. Its receipt: {receipt_of(lesson)}")


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
        NotYet: if the answer is wrong; the message shows what was given, and the hint.
            It shows the expected value too, unless that is a single number.
    """
    if _untouched(answer):
        return
    if isinstance(expected, str):
        if not isinstance(answer, str) or answer != expected:
            message = f"Expected {_short(expected)}, got {_short(answer)}"
            raise NotYet(_join(message, hint))
    else:
        _compare(answer, expected, hint, tolerance)
    _passed()


def check_function(
    function: Callable, cases: list, hint: str = "", tolerance: float = 1e-4
) -> None:
    """Tries an exercise's function on several inputs.

    Args:
        function: the learner's; one that returns None counts as not attempted.
        cases: pairs `(arguments, expected)`, arguments a tuple; the function gets
            copies, so that it cannot change them.
        hint: what to try when a result differs.
        tolerance: how far numbers may be off.

    Raises:
        NotYet: if a result is wrong or the function stops with an exception; the
            message says for which input.
    """
    for arguments, expected in cases:
        shown = ", ".join(_named(a) for a in arguments)
        case = f"For ({shown}) "
        answer = _call(function, deepcopy(arguments), f"{case}your code stops: ", hint)
        if _untouched(answer, returned=True):
            return
        _compare(answer, expected, hint, tolerance, case)
    _passed()


def check_true(answer: bool | None, hint: str = "", reached: str | None = None) -> None:
    """Checks a condition that an exercise's answer should meet.

    Args:
        answer: True, False, or None (not attempted).
        hint: what to try when it is False.
        reached: what the answer gives, in words and numbers, shown when it is False.

    Raises:
        NotYet: if it is False.
    """
    if _untouched(answer):
        return
    if not bool(answer):
        raise NotYet(_join(f"Not yet: {reached}" if reached else "Not yet", hint))
    _passed()


def attempt(function: Callable, *arguments, hint: str = ""):
    """Calls a function that runs an exercise's code, and returns its result.

    In the block of an `exercise` a result of None counts as not attempted, and ends it.

    Args:
        function: the learner's, or one that calls the learner's.
        *arguments: what it gets.
        hint: what to try when it stops with an exception.

    Raises:
        NotYet: if the function stops with an exception; the message names it.
    """
    result = _call(function, arguments, "Your code stops: ", hint)
    if _running:
        _untouched(result, returned=True)
    return result


def _call(function, arguments, start, hint):
    try:
        return function(*arguments)
    except (NotYet, _NotAttempted):
        raise
    except Exception as error:
        home = getattr(function, "__globals__", None)
        raise _stopped(start, error, home, hint) from error


def _stopped(start, error, home, hint):
    """The `NotYet` of an exception: its type, its text and the line, in one line."""
    what = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
    line = _own_line(home, error)
    where = f" (at `{line}`)" if line else ""
    return NotYet(_join(f"{start}{what:.200}{where}", hint))


def _own_line(home, error):
    """The deepest line of a traceback from the notebook or file with these globals."""
    line = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_globals is home:
            line = linecache.getline(frame.f_code.co_filename, number).strip()
    return line


def _join(message, hint):
    """One sentence, and the hint."""
    return message + ("" if message.endswith(".") else ".") + (hint and f" {hint}")


def _passed():
    """Says so, or counts it where an exercise says it once for all its checks."""
    if _running:
        _running[-1] += 1
    else:
        print("passed")


def _untouched(answer, returned=False):
    """Whether the learner has written nothing yet; says so, or ends the exercise."""
    if answer is not None and answer is not Ellipsis:
        return False
    nothing = (
        f"{_NOTHING}: it returns None" if returned and answer is None else _NOTHING
    )
    if _running:
        raise _NotAttempted(nothing)
    print(nothing)
    return True


def _compare(answer, expected, hint, tolerance, case=""):
    given, wanted = _numbers(answer, hint), np.asarray(expected)
    message = ""
    if given.shape != wanted.shape:
        message = f"the shape should be {wanted.shape}, yours is {given.shape}"
    elif not np.allclose(given, wanted, atol=tolerance, rtol=tolerance):
        message = f"expected {_short(expected)}, got {_short(answer)}"
        if not case and wanted.dtype.kind in "iuf" and np.isfinite(given).all():
            message = _too_small_or_large(answer, given, wanted) or message
    if message:
        message = case + message
        raise NotYet(_join(message[0].upper() + message[1:], hint))


def _too_small_or_large(answer, given, wanted):
    """Of single numbers the expected one is not told: it is the exercise's answer."""
    if wanted.ndim or given.dtype.kind not in "iuf":
        return ""
    return f"{_short(answer)} is too {'small' if given < wanted else 'large'}"


def _numbers(answer, hint):
    try:
        numbers = np.asarray(answer)
    except ValueError:  # rows of different lengths
        numbers = np.array(None)
    if numbers.dtype.kind not in "biufc":
        given = " ".join(repr(answer).split())  # one line
        raise NotYet(_join(f"Numbers are needed, got {given:.200}", hint))
    return numbers


def _named(argument):
    """An argument in few words: of a large array the shape."""
    shape = np.shape(argument)
    if np.size(argument) > 12:
        return f"an array of the shape {shape}"
    return _short(argument)


def _short(value):
    text = np.array2string(np.asarray(value), precision=4, threshold=12)
    text = " ".join(text.split())  # one line
    return text if len(text) < 200 else text[:197] + "..."
