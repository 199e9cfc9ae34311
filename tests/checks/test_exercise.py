"""The block of an exercise: one line, and the learner's progress."""

import json

import numpy as np
import pytest

from colorlib.checks import attempt, check, check_function, check_true, exercise
from colorlib.checks.course import EXERCISES, receipt_of, unsolved
from colorlib.errors import NotYet
from colorlib.utils import lesson, paths, progress


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def solve(number, *exercises):
    for i in exercises:
        with exercise(number, i):
            check(1, 1)


def test_a_solved_exercise_says_so_once_and_is_remembered(capsys):
    with exercise("01", 2):
        check(3, 3)
        check_true(True)
        check_function(abs, [((-1,), 1)])
        assert lines(capsys) == []
    assert lines(capsys) == ["passed"]
    assert progress.solved() == {"01.2"}


@pytest.mark.parametrize(
    "untouched, said",
    [
        (lambda: check(None, 3), "not attempted yet"),
        (lambda: check_true(None), "not attempted yet"),
        (lambda: check_true(...), "not attempted yet"),
        (
            lambda: check_function(lambda x: None, [((1,), 2)]),
            "not attempted yet: it returns None",
        ),
        (lambda: attempt(lambda: None), "not attempted yet: it returns None"),
    ],
)
def test_a_stub_ends_the_block_with_one_line(untouched, said, capsys):
    with exercise("01", 2):
        check(1, 1)
        untouched()
        raise AssertionError("the block goes on")
    assert lines(capsys) == [said]
    assert progress.solved() == set()
    check(2, 2)  # outside of it checks speak for themselves again
    assert lines(capsys) == ["passed"]


def test_a_wrong_answer_is_not_remembered(capsys):
    with pytest.raises(NotYet, match="^4 is too large. Look.$"):
        with exercise("01", 2):
            check(1, 1)
            check(4, 3, "Look.")
    assert lines(capsys) == [] and progress.solved() == set()


def broken(x):
    return x[3]


@pytest.mark.parametrize("inside", [False, True])
def test_an_exception_is_one_line_with_its_type_and_place(inside, capsys):
    with pytest.raises(NotYet) as caught:
        with exercise("01", 2, hint="Which axis?"):
            if inside:
                attempt(broken, np.zeros(2), hint="Which axis?")
            check(broken(np.zeros(2)), 3)
    said = str(caught.value)
    assert said.startswith("Your code stops: IndexError: index 3 is out of bounds")
    assert said.endswith("(at `return x[3]`). Which axis?") and "\n" not in said
    assert caught.value._render_traceback_() == [f"NotYet: {said}"]
    assert progress.solved() == set()


def test_an_exercise_without_a_check_is_a_mistake_of_the_lesson():
    with pytest.raises(ValueError, match="Exercise 2 of lesson 01 checks nothing"):
        with exercise("01", 2):
            pass


def test_the_kernel_can_be_interrupted(capsys):
    with pytest.raises(KeyboardInterrupt):
        with exercise("01", 2):
            raise KeyboardInterrupt
    solve("01", 2)
    assert lines(capsys) == ["passed"]


# What is remembered.


def test_progress_goes_from_one_lesson_to_the_next(tmp_path, monkeypatch):
    monkeypatch.delenv("COLORLIB_PROGRESS")
    progress.keep_progress_in(tmp_path / "drive")
    solve("01", 1)
    progress._kept["here"].clear()  # as another kernel begins
    solve("02", 3)
    assert progress.solved() == {"01.1", "02.3"}
    file = tmp_path / "drive" / "progress.json"
    assert json.loads(file.read_text())["solved"] == ["01.1", "02.3"]
    assert [path.name for path in file.parent.iterdir()] == ["progress.json"]
    progress.forget()
    assert progress.solved() == set() and not file.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"solved": 3}', "\xff"])
def test_a_damaged_file_begins_again(text, tmp_path, monkeypatch):
    file = tmp_path / "progress.json"
    file.write_text(text, encoding="latin-1")
    monkeypatch.setenv("COLORLIB_PROGRESS", str(file))
    assert progress.solved() == set()
    solve("01", 1)
    assert json.loads(file.read_text())["solved"] == ["01.1"]


def test_where_nothing_can_be_written_the_kernel_knows(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COLORLIB_PROGRESS", str(tmp_path / "file" / "progress.json"))
    solve("01", 1)
    assert progress.solved() == {"01.1"}


def test_the_file_is_where_the_trainings_are(monkeypatch):
    monkeypatch.delenv("COLORLIB_PROGRESS")
    lesson.start_lesson()
    assert progress._file() == paths.RUNS.parent / "progress.json"
    drive = paths.Path("/content/drive/MyDrive")
    monkeypatch.setattr(lesson, "_mount_drive", lambda: drive)
    lesson.start_lesson(fast=True, drive=True)
    assert progress._file() == drive / "colorization-course" / "progress.json"
    lesson.start_lesson(fast=True)
    assert progress._file() == paths.RUNS.parent / "progress.json"


def test_a_whole_lesson_has_a_receipt(capsys):
    solve("01", 1, 2)
    assert lines(capsys) == ["passed"] * 2 and unsolved(["01"]) == {"01": [3]}
    solve("01", 3)
    assert lines(capsys) == [
        "passed",
        f"All of lesson 01 is solved. Its receipt: {receipt_of('01')}",
    ]
    assert unsolved(["01"]) == {}
    progress.forget()
    assert unsolved(["01", "02"], receipt_of("01")) == {"02": [1, 2, 3]}
    both = f" {receipt_of('02')},{receipt_of('01')} "
    assert unsolved(["01", "02"], both) == {}
    with pytest.raises(ValueError, match="'01-000000' is no receipt. One looks like"):
        unsolved(["01"], "01-000000")
    assert len({receipt_of(number) for number in EXERCISES}) == len(EXERCISES)


def test_a_notebook_shows_one_line_and_the_line_of_the_learner(capsys):
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    shell.run_cell("from colorlib.checks import check, exercise, milestone")
    shell.run_cell(
        "def mine(x):\n    return x.shap\n\n"
        'with exercise("01", 1, "Axis -1."):\n    check(mine(3), 1)'
    )
    shell.run_cell("milestone(1, [])")
    assert lines(capsys) == [
        "NotYet: Your code stops: AttributeError: 'int' object has no attribute "
        "'shap' (at `return x.shap`). Axis -1.",
        'NotYet: Answers look like {1: "b", 2: 0.5}: a question, its answer.',
    ]
