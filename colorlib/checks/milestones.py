"""The milestones: the exercises of their weeks solved, and a quiz answered."""

import textwrap

from colorlib.checks.course import MILESTONES, unsolved
from colorlib.checks.question import Question
from colorlib.checks.quizzes import QUIZZES
from colorlib.errors import NotYet
from colorlib.utils.progress import remember, solved

WIDTH = 80
_EXERCISES = (
    "Each exercise has a cell of its own, above its folded solution: write there, run "
    "it, then run this cell again. (Of a lesson that you solved on another machine, as "
    "in Colab without Drive, the receipt counts: milestone({}, my_answers, "
    "receipts='01-...').)"
)
_QUIZ = "Change the answers in this cell, and run it again."


def show_quiz(number: int) -> None:
    """Prints the questions of a milestone.

    Args:
        number: of the milestone, 1 to 5.

    Raises:
        ValueError: if there is no such milestone.
    """
    for i, question in enumerate(_quiz(number), start=1):
        _say(question.text, f"{i}. ")
        for letter, choice in question.choices.items():
            _say(choice, f"   {letter}) ")
        if not question.choices:
            _say("(Answer with a number.)", "   ")
        print()


def milestone(number: int, answers: dict, receipts: str = "") -> None:
    """Examines: says what a milestone still lacks and where, or that it is passed.

    Args:
        number: of the milestone, 1 to 5.
        answers: by number of the question: a letter or a number, None where there is
            none yet.
        receipts: of lessons that were solved on other machines, with spaces between.

    Raises:
        NotYet: if `answers` is not a dict, has a question that is not in the quiz, or a
            receipt is none.
        ValueError: if there is no such milestone.
    """
    quiz = _quiz(number)
    name, weeks, lessons = MILESTONES[number]
    try:
        exercises = unsolved(lessons, receipts)
    except ValueError as error:
        raise NotYet(str(error)) from error
    waiting, wrong = _judge(quiz, answers)
    start = f"Checkpoint {number} of {len(MILESTONES)}"
    if exercises or waiting or wrong:
        missing = []
        if exercises:
            parts = [f"lesson {k}: {_list(v)}" for k, v in exercises.items()]
            missing.append(f"Exercises to solve: {'; '.join(parts)}.")
        if waiting:
            missing.append(f"Quiz, without an answer: {_list(waiting)}.")
        if wrong:
            missing.append(f"Quiz, not right yet: {_list(wrong)}.")
        missing.append(_EXERCISES.format(number) if exercises else _QUIZ)
        _say(f"{start}, {name}: not passed yet. {' '.join(missing)}")
        return
    remember(f"milestone {number}")
    _say(
        f"{start} passed: {name}. All exercises of {weeks} are solved, "
        f"{len(quiz)} questions answered."
    )
    passed = [m for m in MILESTONES if f"milestone {m}" in solved()]
    everything = len(passed) == len(MILESTONES)
    _say("These were all five." if everything else f"Passed so far: {_list(passed)}.")


def _judge(quiz, answers):
    """Says of each answer whether it is right; returns those that wait or are wrong."""
    if not isinstance(answers, dict):
        raise NotYet('Answers look like {1: "b", 2: 0.5}: a question, its answer.')
    for key in answers:
        if key not in range(1, 1 + len(quiz)):
            raise NotYet(f"The quiz has questions 1 to {len(quiz)}, not {key!r}.")
    waiting, wrong = [], []
    for i, question in enumerate(quiz, start=1):
        answer = answers.get(i)
        if answer is None or answer is Ellipsis:
            waiting.append(i)
            continue
        right, said = question.judge(answer)
        verdict = "right." if right else "not right yet:"
        _say(f"{str(answer):.40} is {verdict} {said}", f"{i}. ")
        if not right:
            wrong.append(i)
    return waiting, wrong


def _quiz(number) -> tuple[Question, ...]:
    if number not in QUIZZES:
        raise ValueError(f"The milestones are 1 to {len(QUIZZES)}, got {number!r}.")
    return QUIZZES[number]


def _list(numbers):
    """Such as "1 and 2", or "1 to 8" where none in between is missing."""
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


def _say(text, start=""):
    """Prints a paragraph, indented below its start."""
    indents = {"initial_indent": start, "subsequent_indent": " " * len(start)}
    print(textwrap.fill(text, WIDTH, **indents))
