import numpy as np
import pytest

from colorlib.checks import attempt, check, check_function, check_true, checkpoint
from colorlib.errors import NotYet


def printed(capsys):
    return capsys.readouterr().out


def test_a_checkpoint_ends_in_passed(capsys):
    checkpoint("rgb (4, 4, 3)", "L 0 to 100")
    assert printed(capsys) == "rgb (4, 4, 3)\nL 0 to 100\npassed\n"
    checkpoint()
    assert printed(capsys) == "passed\n"


@pytest.mark.parametrize(
    "answer, expected",
    [
        (3, 3),
        (3.00001, 3),
        (True, True),
        ("brown", "brown"),
        ([1, 2], np.array([1.0, 2.0])),
        (np.zeros((2, 3)), np.zeros((2, 3))),
        (1e6 + 1, 1e6),
    ],
)
def test_right_answers_pass(capsys, answer, expected):
    check(answer, expected)
    assert printed(capsys) == "passed\n"


@pytest.mark.parametrize("nothing", [None, ...])
def test_an_untouched_stub_is_not_an_error(capsys, nothing):
    check(nothing, 3)
    check(nothing, "text")
    check_true(nothing)
    assert printed(capsys) == "not attempted yet\n" * 3
    check_function(lambda x: nothing, [((1,), 2)])
    why = ": it returns None" if nothing is None else ""
    assert printed(capsys) == f"not attempted yet{why}\n"


@pytest.mark.parametrize(
    "answer, expected, message",
    [
        (4, 3, "^4 is too large. Look again.$"),
        (2.5, 3, "^2.5 is too small. Look again.$"),
        (-7, np.int64(3), "^-7 is too small. Look again.$"),
        (np.array([1, 5]), [1, 2], r"Expected \[1 2\], got \[1 5\]. Look again."),
        ("grey", "brown", "Expected 'brown', got 'grey'. Look again."),
        (3, "brown", "Expected 'brown', got 3"),
        (np.zeros(3), "brown", "Expected 'brown'"),
        ("3", 3, "Numbers are needed, got '3'"),
        ("three", 3, "Numbers are needed, got 'three'. Look again."),
        (print, 3, "Numbers are needed"),
        ([[1], [2, 3]], [1, 2], "Numbers are needed"),
        ([np.eye(2), np.eye(3)], [1], r"got \[array\(\[\[1., 0.\], \[0., 1.\]\]\), "),
        (np.nan, 3, "Expected 3, got nan"),
        (
            [1, 2, 3],
            [1, 2],
            r"The shape should be \(2,\), yours is \(3,\). Look again.",
        ),
        (np.zeros((3, 1)), np.zeros(3), r"yours is \(3, 1\)"),
        (np.array(2), np.array([2]), r"yours is \(\)"),
        (3.01, 3, "^3.01 is too large"),
        (False, True, "Expected True, got False"),
    ],
)
def test_wrong_answers_get_help(answer, expected, message):
    with pytest.raises(NotYet, match=message):
        check(answer, expected, hint="Look again.")


def test_the_tolerance_counts(capsys):
    check(3.01, 3, tolerance=0.1)
    assert printed(capsys) == "passed\n"
    with pytest.raises(NotYet):
        check(3.01, 3, tolerance=1e-3)


def test_long_answers_are_shortened():
    with pytest.raises(NotYet) as caught:
        check(np.arange(10_000.0), np.zeros(10_000))
    assert len(str(caught.value)) < 500


def test_functions_are_tried_on_each_input(capsys):
    check_function(lambda a, b: a + b, [((1, 2), 3), ((0.5, 0.25), 0.75)])
    assert printed(capsys) == "passed\n"
    with pytest.raises(NotYet, match=r"For \(2, 3\) expected 6, got 5. Multiply."):
        check_function(lambda a, b: a + b, [((2, 2), 4), ((2, 3), 6)], hint="Multiply.")
    with pytest.raises(NotYet, match=r"shape should be \(2,\), yours is \(\)"):
        check_function(sum, [(([1, 2],), [1, 3])])
    with pytest.raises(NotYet, match="Numbers are needed"):
        check_function(str, [((1,), 2)] if False else [(("x",), 2)])


def test_of_a_large_input_the_shape_is_told():
    cases = [((np.zeros((4, 7, 1)), 2), 5), ((np.arange(12), 2), 5)]
    with pytest.raises(NotYet) as wrong:
        check_function(lambda x, k: 4, cases)
    assert str(wrong.value).startswith("For (an array of the shape (4, 7, 1), 2) ")
    with pytest.raises(NotYet, match=r"^For \(\[ 0 1 2 3 4 5 6 7 8 9 10 11\], 2\)"):
        check_function(lambda x, k: 4, cases[1:])


def test_conditions(capsys):
    check_true(np.bool_(True))
    assert printed(capsys) == "passed\n"
    for wrong in (False, 0, np.bool_(False)):
        with pytest.raises(NotYet, match="Not yet. Sharper."):
            check_true(wrong, hint="Sharper.")


def test_not_yet_is_a_value_error():
    assert issubclass(NotYet, ValueError)


def wrong_axis(ab):
    return ab[1] ** 2


def in_another_function(ab):
    return wrong_axis(ab)


def a_name_with_an_error(ab):
    return np.sqrt(ab, ab, ab, ab)


def never_written(ab):
    raise NotImplementedError


@pytest.mark.parametrize(
    "function, message",
    [
        (wrong_axis, r"IndexError: index 1 .* \(at `return ab\[1\] \*\* 2`\)"),
        (in_another_function, r"IndexError: .* \(at `return ab\[1\] \*\* 2`\)"),
        (
            a_name_with_an_error,
            r"TypeError: .* \(at `return np.sqrt\(ab, ab, ab, ab\)`\)",
        ),
        (never_written, r"NotImplementedError \(at `raise NotImplementedError`\)"),
        (int, r"TypeError: .*"),
        (lambda: 1, r"TypeError: .*0 positional arguments.*"),
    ],
)
def test_an_exception_of_the_learner_gets_the_hint(function, message):
    given = np.zeros((1, 2)), np.zeros((3, 3))
    with pytest.raises(NotYet, match=f"^For .* your code stops: {message}. Axis -1.$"):
        check_function(function, [(given[:1], 0.0)], "Axis -1.")
    with pytest.raises(
        NotYet, match=f"^Your code stops: {message}. Axis -1.$"
    ) as caught:
        attempt(function, given[0], hint="Axis -1.")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_an_attempt_returns_what_the_function_returns():
    assert attempt(lambda a, b: a - b, 5, 3) == 2
    assert attempt(lambda: None) is None


def test_a_hint_from_inside_is_not_wrapped():
    def inner():
        check(1, 2, "One more.")

    with pytest.raises(NotYet, match=r"^1 is too small. One more.$"):
        attempt(inner, hint="Another.")


def test_a_function_cannot_change_the_cases(capsys):
    def in_place(ab):
        ab *= 2
        return ab

    cases = [((np.ones(2),), [2, 2]), (([3],), [3, 3])]
    for _ in range(2):
        check_function(in_place, cases)
    assert printed(capsys) == "passed\n" * 2


def test_a_condition_says_what_was_reached():
    for hint, message in [("Lower.", "Not yet: 0.4. Lower."), ("", "Not yet: 0.4.")]:
        with pytest.raises(NotYet) as caught:
            check_true(False, hint, "0.4")
        assert str(caught.value) == message


@pytest.mark.parametrize("answer", [25.0, "words", [1, 2]])
def test_a_message_has_no_double_stops_and_no_space_at_its_end(answer):
    with pytest.raises(NotYet) as caught:
        check(answer, 5.0)
    assert ".." not in str(caught.value) and str(caught.value)[-1] == "."


def test_a_notebook_shows_one_line_and_no_traceback(capsys):
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    shell.user_ns.update(check_function=check_function, wrong_axis=wrong_axis)
    cases = "[((np.zeros((1, 2)),), 0.0)]"
    shell.run_cell("import numpy as np")
    shell.run_cell(f"check_function(wrong_axis, {cases}, 'The last axis.')")
    lines = printed(capsys).strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("NotYet: For ")
    assert lines[0].endswith("The last axis.")
