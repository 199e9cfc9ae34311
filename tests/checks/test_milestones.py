"""Milestones: what is missing and where, the quizzes, all five in order."""

import textwrap

import pytest

from colorlib.checks import milestone, show_quiz
from colorlib.checks.course import EXERCISES, MILESTONES, receipt_of
from colorlib.checks.quizzes import QUIZZES
from colorlib.errors import NotYet
from colorlib.utils.progress import forget, remember, solved

each = pytest.mark.parametrize("number", MILESTONES)


def right_answers(number):
    return {i: q.right for i, q in enumerate(QUIZZES[number], start=1)}


def exercises_of(number):
    lessons = MILESTONES[number][2]
    return [f"{k}.{i}" for k in lessons for i in range(1, 1 + EXERCISES[k])]


def said(capsys):
    """What was printed, in one line."""
    return " ".join(capsys.readouterr().out.split())


def test_all_five_are_passed_in_order(capsys):
    for number, (name, weeks, _) in MILESTONES.items():
        remember(*exercises_of(number))
        milestone(number, right_answers(number))
        out = said(capsys)
        assert (
            f"Checkpoint {number} of 5 passed: {name}. All exercises of {weeks}" in out
        )
        assert "not" not in out.split("Checkpoint")[1]
        names = ["1.", "1 and 2.", "1 to 3.", "1 to 4."]
        end = "These were all five." if number == 5 else names[number - 1]
        assert out.endswith(end)


@each
def test_untouched_it_is_one_calm_paragraph(number, capsys):
    milestone(number, {i: None for i in right_answers(number)})
    out = capsys.readouterr().out
    assert "\n\n" not in out and len(out.splitlines()) < 9
    assert max(map(len, out.splitlines())) <= 80
    out = " ".join(out.split())
    assert f"Checkpoint {number} of 5, {MILESTONES[number][0]}: not passed yet." in out
    for lesson in MILESTONES[number][2]:
        count = EXERCISES[lesson]
        assert f"lesson {lesson}: {'1' if count == 1 else f'1 to {count}'}" in out
    assert f"Quiz, without an answer: 1 to {len(QUIZZES[number])}." in out
    assert f"milestone {number}" not in solved()


@each
def test_one_open_exercise_is_named(number, capsys):
    for name in exercises_of(number):
        lesson, exercise = name.split(".")
        open_now = {n for n in exercises_of(number) if n != name}
        for other in open_now:
            remember(other)
        milestone(number, right_answers(number))
        out = said(capsys)
        assert (
            f"not passed yet. Exercises to solve: lesson {lesson}: {exercise}." in out
        )
        assert "Quiz" not in out and f"milestone {number}" not in solved()
        forget()


@each
def test_one_wrong_answer_is_named(number, capsys):
    remember(*exercises_of(number))
    for i, question in enumerate(QUIZZES[number], start=1):
        wrong = [w for w in [*question.choices, *question.hints] if w != question.right]
        for answer in {*wrong, None, "words"}:
            milestone(number, {**right_answers(number), i: answer})
            out = said(capsys)
            verdict = "without an answer" if answer is None else "not right yet"
            assert f"not passed yet. Quiz, {verdict}: {i}. Change" in out
            assert f"milestone {number}" not in solved()
            assert question.explained.split()[:6] != out.split()[:6]
            assert " ".join(question.explained.split()) not in out
            if answer in question.hints:
                hint = " ".join(question.hints[answer].split())
                assert f"{i}. {answer} is not right yet: {hint}" in out


def test_several_gaps_are_all_named(capsys):
    remember(*exercises_of(1))
    answers = {**right_answers(1), 1: None, 2: "a", 4: "d"}
    answers.pop(6)
    milestone(1, answers)
    out = said(capsys)
    assert "Quiz, without an answer: 1 and 6. Quiz, not right yet: 2 and 4." in out
    assert "3. 1.39 is right. -log 0.25 = 1.39." in out


def test_receipts_count_for_lessons_solved_elsewhere(capsys):
    remember("02.1", "02.2", "02.3")
    receipts = " ".join(receipt_of(lesson) for lesson in ("00", "00b", "01"))
    milestone(1, right_answers(1), receipts=receipts)
    assert "Checkpoint 1 of 5 passed" in said(capsys)
    with pytest.raises(NotYet, match="'01-1' is no receipt"):
        milestone(1, right_answers(1), receipts="01-1")


@pytest.mark.parametrize(
    "answers, message",
    [
        ("bbbb", "Answers look like"),
        (None, "Answers look like"),
        ({7: "a"}, "questions 1 to 6, not 7"),
        ({"1": "a"}, "questions 1 to 6, not '1'"),
    ],
)
def test_answers_of_another_form_are_one_sentence(answers, message):
    with pytest.raises(NotYet, match=message) as caught:
        milestone(1, answers)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [0, 6, "1"])
def test_there_are_five(number):
    for function in (show_quiz, lambda n: milestone(n, {})):
        with pytest.raises(ValueError, match="The milestones are 1 to 5"):
            function(number)


@each
def test_a_quiz_is_whole(number, capsys):
    quiz = QUIZZES[number]
    assert 4 <= len(quiz) <= 6
    assert any(q.choices for q in quiz) and any(not q.choices for q in quiz)
    show_quiz(number)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    for i, question in enumerate(quiz, start=1):
        text = textwrap.fill(f"{i}. {question.text}", 80, subsequent_indent="   ")
        assert text in shown
        assert question.text.endswith("?") or question.text[-2:] == ")?"
        assert question.explained not in shown
        assert question.judge(question.right) == (True, question.explained)
        if question.choices:
            assert set(question.hints) == set(question.choices) - {question.right}
            assert 3 <= len(question.choices) <= 4 and question.within == 0
            for spelling in (" {} ", "({})", "{})"):
                upper = spelling.format(question.right.upper())
                assert question.judge(upper)[0]
            for text in question.choices.values():
                assert text in " ".join(shown.split())
        else:
            assert len(question.hints) >= 2 and question.hint
            assert question.judge(str(question.right))[0]
            for trap in question.hints:
                assert question.judge(trap) == (False, question.hints[trap])
            far = question.right + 1000.5
            assert question.judge(far) == (False, question.hint)
        # Of the rest of the class no hint says the answer.
        for hint in question.hints.values():
            assert question.explained not in hint


def test_the_right_letter_is_no_pattern():
    letters = [q.right for quiz in QUIZZES.values() for q in quiz if q.choices]
    assert set(letters) == set("abcd")
    assert max(map(letters.count, letters)) <= 0.5 * len(letters)


def test_the_numbers_are_calculated():
    """Each number of the quizzes, worked out here once more."""
    import numpy as np

    numbers = {
        (1, 1): int((np.array([250], "uint8") + np.uint8(10))[0]),
        (1, 3): -np.log(0.25),
        (1, 5): 10 * 20 + 20 + 20 * 2 + 2,
        (2, 1): 3 * 3 * 16 * 32 + 32,
        (2, 2): (1 + 2 - 1) * 2 + 3,
        (3, 2): 0.8**2 / (0.8**2 + 0.2**2),
        (3, 3): 0.3 / (0.3 + 0.1),
        (4, 1): 128,
        (4, 2): 1,
        (4, 3): 512 + 512,
        (5, 1): 1.5 + 100 * 0.05,
    }
    for stride in (2, 2, 2, 1, 1):
        numbers[4, 1] = (numbers[4, 1] + 2 - 4) // stride + 1
    for stride in (1, 1, 2, 2):
        numbers[4, 2] = (numbers[4, 2] - 1) * stride + 4
    asked = {
        (m, i): q
        for m, quiz in QUIZZES.items()
        for i, q in enumerate(quiz, start=1)
        if not q.choices
    }
    assert set(asked) == set(numbers)
    for place, question in asked.items():
        assert question.judge(float(numbers[place]))[0], place
