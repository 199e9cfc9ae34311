"""The five milestones of the course: their lessons, and how many exercises these have.

A receipt tells one machine what was solved on another: in Colab and on Kaggle each
lesson may have a machine of its own.
"""

import hashlib
import re

from colorlib.utils.progress import solved

# (name, week or weeks, lessons); the quiz stands in the last of them.
MILESTONES = {
    1: ("basic machine learning", "weeks 1 and 2", ("00", "00b", "01", "02")),
    2: ("CNNs", "week 3", ("02b", "03", "03b")),
    3: ("GANs and the paper", "week 4", ("04", "05")),
    4: ("the paper's networks", "week 5", ("06",)),
    5: ("pix2pix, completed and trained", "week 6", ("07",)),
}
EXERCISES = {
    **{"00": 1, "00b": 8, "01": 3, "02": 3, "02b": 3, "03": 3, "03b": 3, "04": 3},
    **{"05": 4, "06": 3, "07": 3, "08": 2, "09": 2, "09b": 2, "10": 3, "11": 2},
    **{"12": 3, "13": 2},
}


def unsolved(lessons: list[str], receipts: str = "") -> dict[str, list[int]]:
    """The exercises that are still to be solved.

    Args:
        lessons: such as `["01", "02"]`.
        receipts: of lessons that were solved on other machines, with spaces between.

    Returns:
        For each lesson that is not solved the numbers of its open exercises.

    Raises:
        ValueError: if a receipt is not one of this course.
    """
    done, elsewhere = solved(), set(re.findall(r"[^\s,;]+", receipts))
    ours = {receipt_of(lesson): lesson for lesson in EXERCISES}
    for receipt in elsewhere - set(ours):
        raise ValueError(
            f"'{receipt}' is no receipt. One looks like {receipt_of('00')[:-6]}a1b2c3; "
            "the cell of an exercise prints it when all of its lesson is solved."
        )
    found = {}
    for lesson in lessons:
        numbers = range(1, 1 + EXERCISES[lesson])
        left = [number for number in numbers if f"{lesson}.{number}" not in done]
        if left and receipt_of(lesson) not in elsewhere:
            found[lesson] = left
    return found


def receipt_of(lesson: str) -> str:
    """What is printed when all exercises of a lesson are solved."""
    digest = hashlib.sha256(f"colorlib lesson {lesson}".encode()).hexdigest()
    return f"{lesson}-{digest[:6]}"
