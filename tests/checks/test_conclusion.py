import pytest

from colorlib.checks import check_conclusion, exercise
from colorlib.errors import NotYet
from colorlib.utils.progress import solved

GOOD = (
    "I doubled d_rate, since I expected the discriminator to win. It did not: with "
    "seed 0 the dots cover seven places as before, and 62 % of them are good instead "
    "of 79 %. Perhaps two seeds are too few to see such a small change, so I would try "
    "ten more."
)
FIGURES = {"places, seed 0": 7, "good, before": 0.791, "good, changed": 0.6174}
NAMES = ("d_rate",)


def test_a_written_conclusion_passes(capsys):
    check_conclusion(GOOD, FIGURES, NAMES)
    assert capsys.readouterr().out == "passed\n"


def test_none_is_not_attempted(capsys):
    check_conclusion(None, FIGURES, NAMES)
    assert capsys.readouterr().out == "not attempted yet\n"
    with exercise("05", 4):
        check_conclusion(None)
    assert solved() == set()


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "Not yet: 0 words, at least 40 are needed. Write."),
        ("It got worse.", "3 words, at least 40"),
        ("bla " * 60, "only 1 of 60 words are different ones"),
        (GOOD * 4, "only .* of .* words are different"),
        (GOOD.replace(".", ",").replace("0,", "0."), "whole sentences"),
        (GOOD.replace("d_rate", "it"), "the text does not name `d_rate`"),
        (
            GOOD.replace("seven", "few"),
            "does not say how large this was: places, seed 0",
        ),
        (GOOD.replace("62", "60"), "how large this was: good, changed"),
        (GOOD.replace("79 %", "79"), "how large this was: good, before"),
        (42, "Not yet: that is no text. Write."),
        (["a"] * 50, "no text"),
    ],
)
def test_what_is_missing_is_said(text, message):
    with pytest.raises(NotYet, match=message) as caught:
        check_conclusion(text, FIGURES, NAMES, hint="Write.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value, written, named",
    [
        (0.45, "45 percent", True),
        (0.45, "45 per cent", True),
        (0.45, "45\u00a0%", True),
        (0.45, ".45", True),
        (0.45, "0,45", True),
        (0.45, "4,5", False),
        (0.45, "45 percents", False),
        (1200, "1,200", True),
        (1200, "1200", True),
        (1200, "2,100", False),
        (8, "eight", True),
        (8, "Eight", True),
        (8, "8", True),
        (8, "18", False),
        (8, "8.4", False),
        (8, "x8", False),
        (0, "zero", True),
        (0.3, "0", False),
        (0.01, "0", False),
        (0.65, "one", False),
        (1.4, "1", False),
        (2.4, "2", True),
        (0.3, "30 %", True),
        (0.3, "30%", True),
        (0.3, "29 %", False),
        (0.0123, "0.01", True),
        (0.0123, "0.012", True),
        (0.0123, "1.2e-2", True),
        (0.0123, "0.013", False),
        (0.0123, "1.2 %", True),
        (1e-3, "1e-3", True),
        (1e-2, "1e-3", False),
        (-2.5, "-2.5", True),
        (0.79, "79 % of", True),
    ],
)
def test_figures_may_be_rounded(value, written, named):
    text = GOOD + f" At last: {written} here."
    if named:
        check_conclusion(text, {"it": value})
    else:
        with pytest.raises(NotYet, match="how large this was: it"):
            check_conclusion("At last: " + written, {"it": value}, words=0)
