"""Whether a conclusion was written: a machine cannot tell whether it is a good one."""

import re
from collections.abc import Sequence

from colorlib.checks.answers import check_true

_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten".split()
    )
}
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d+(?:\.\d+)?|\.\d+)(?:e-?\d+)?%?")


def check_conclusion(
    text: str | None,
    figures: dict[str, float] | None = None,
    names: Sequence[str] = (),
    words: int = 40,
    hint: str = "",
) -> None:
    """Checks that a learner has written about what was measured.

    It asks for enough words, most of them different, in whole sentences, for the names
    of what is spoken of, and for each figure. It does not know whether the text is
    right: that is for people.

    Args:
        text: the learner's, or None (not attempted).
        figures: what was measured, in words and as a number. A figure counts as named
            where the text has it, as a numeral, a percentage or, up to ten, a word;
            it may be rounded, but not by more than a quarter. A comma may stand for the
            decimal point or between thousands.
        names: words that have to occur, such as the setting that was changed.
        words: how many there must be; half as many must be different.
        hint: what to try when something is missing.

    Raises:
        NotYet: if something is missing; the message says what.
    """
    if isinstance(text, str):
        for missing in _missing(text, figures or {}, names, words):
            check_true(False, hint, missing)
    untouched = text is None or text is ...
    check_true(None if untouched else isinstance(text, str), hint, "that is no text")


def _missing(text, figures, names, fewest):
    """What the text lacks, one line each."""
    words = re.findall(r"[^\W\d_]{2,}", text.casefold())
    different = len(set(words))
    sentences = {s.strip().casefold() for s in re.split(r"[.!?]+(?:\s+|$)", text)}
    if len(words) < fewest:
        yield f"{len(words)} words, at least {fewest} are needed"
    if different < fewest / 2 or different < len(words) / 3:
        yield f"only {different} of {len(words)} words are different ones"
    if len(sentences - {""}) < fewest / 20:
        yield "whole sentences are needed"
    for name in names:
        if name.casefold() not in text.casefold():
            yield f"the text does not name `{name}`"
    for what, value in figures.items():
        if not _has(text, value):
            yield f"the text does not say how large this was: {what}"


def _has(text, value):
    """Whether a text has a number, perhaps rounded, or as a word."""
    for word, digits in _NUMBERS.items():
        text = re.sub(rf"\b{word}\b", digits, text, flags=re.IGNORECASE)
    text = re.sub(r"\s*(?:%|\bper ?cent\b)", "%", text, flags=re.IGNORECASE)
    readings = {re.sub(r"(?<=\d),(?=\d)", point, text) for point in (",", "", ".")}
    for written in {n for reading in readings for n in _NUMBER.findall(reading)}:
        wanted = 100 * value if written.endswith("%") else value
        digits, _, exponent = written.rstrip("%").partition("e")
        last_place = int(exponent or 0) - len(digits.partition(".")[2])
        number = float(written.rstrip("%"))
        # A half of the last place that is written; 1 is too short for 0.7.
        rounding = min(0.5 * 10.0**last_place, abs(wanted) / 4)
        if abs(number - wanted) <= rounding + 1e-9:
            return True
    return False
