"""The checks behind the lessons' checkpoints, exercises and milestones."""

from colorlib.checks.answers import (
    attempt,
    check,
    check_function,
    check_true,
    checkpoint,
    exercise,
)
from colorlib.checks.conclusion import check_conclusion
from colorlib.checks.milestones import milestone, show_quiz

__all__ = [
    "attempt",
    "check",
    "check_conclusion",
    "check_function",
    "check_true",
    "checkpoint",
    "exercise",
    "milestone",
    "show_quiz",
]
