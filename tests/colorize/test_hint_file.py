"""The file of hints: what it holds, what it refuses, and how it says so."""

import json

import pytest

from colorlib.colorize.hint_file import hints_from_json, read_hints, write_hints
from colorlib.colorize.hints import Hint

RED = (176, 48, 48)
GOOD = {"x": 120, "y": 80, "color": "#b03030"}


def text_of(**changed):
    """A file of two hints, of which the second has other entries."""
    other = {key: v for key, v in {**GOOD, **changed}.items() if v is not ...}
    return json.dumps({"photo.jpg": [GOOD, other]})


def test_a_file_reads_as_written(tmp_path):
    hints = {
        "photo.jpg": [Hint(120, 80, RED), Hint(0, 0, (0, 255, 9))],
        "trip/Zoë.mp4": [Hint(3, 4, RED, 2.5)],
        "none.png": [],
    }
    path = write_hints(tmp_path / "hints.json", hints)
    assert read_hints(path) == hints
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["photo.jpg"][0] == GOOD  # other programs write it so
    assert stored["trip/Zoë.mp4"] == [{"x": 3, "y": 4, "color": "#b03030", "time": 2.5}]
    assert write_hints(path, {}) == path and read_hints(path) == {}


def test_what_other_programs_write_is_read(tmp_path):
    path = tmp_path / "hints.json"
    text = '{"Zoe\\u0308.jpg": [{"x": 3.0, "y": 4, "color": "B03030", "time": 1}]}'
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_hints(path) == {"Zoë.jpg": [Hint(3, 4, RED, 1.0)]}


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"x": ...}, "x missing in"),
        ({"x": ..., "color": ...}, "x and color missing in"),
        (
            {"colour": "#ffffff"},
            "unknown colour; a hint has x, y, color and, of a film",
        ),
        ({"x": -1}, "x must be a whole number from 0, got -1"),
        ({"y": 2.5}, "y must be a whole number from 0, got 2.5"),
        ({"y": "7"}, "y must be a whole number from 0, got 7"),
        ({"x": True}, "x must be a whole number from 0, got True"),
        ({"x": float("nan")}, "x must be a whole number from 0, got nan"),
        ({"x": float("inf")}, "x must be a whole number from 0, got inf"),
        ({"x": None}, "x must be a whole number from 0, got None"),
        ({"time": -0.5}, "time must be seconds from 0, got -0.5"),
        ({"time": "1:30"}, "time must be seconds from 0, got 1:30"),
        ({"color": "red"}, "a colour reads #RRGGBB, .* such as #b03030, got 'red'"),
        ({"color": "#b030"}, "a colour reads #RRGGBB.*got '#b030'"),
        ({"color": [176, 48, 48]}, r"a colour reads #RRGGBB.*got \[176, 48, 48\]"),
    ],
)
def test_a_wrong_hint_is_found_and_named(tmp_path, changed, said):
    path = tmp_path / "hints.json"
    path.write_text(text_of(**changed))
    with pytest.raises(ValueError, match=rf"hints\.json: photo\.jpg, hint 2: {said}"):
        read_hints(path)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "no JSON: .* in line 1, column 1. Hints read"),
        ('{"photo.jpg": [\n{"x": 1,}]}', "no JSON: .* in line 2, column"),
        ("[" * 100_000, "too deep"),
        ("[]", "holds no names of pictures. Hints read"),
        ('{"photo.jpg": {"x": 1}}', "photo.jpg: holds no list"),
        ('{"photo.jpg": [7]}', "photo.jpg, hint 1: a hint has x, y, color, got 7"),
        ('{"a.jpg": [], "a.jpg": []}', "'a.jpg' stands there twice"),
    ],
)
def test_another_file_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        hints_from_json(text)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "hints.json"
    path.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(ValueError, match=r"hints\.json: .*utf-8"):
        read_hints(path)
