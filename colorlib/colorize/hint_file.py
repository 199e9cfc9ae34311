"""Hints as a file: one format for command line, app and page.

    {"photo.jpg": [{"x": 120, "y": 80, "color": "#b03030"}]}

The name is that of the picture; in a folder that is coloured as a whole, with the
folders below it ("trip/photo.jpg"). `x` and `y` are pixels from the upper left corner
of the picture as it is seen (EXIF rotation applied), from 0. A hint of a film also has
a `time`, seconds from its beginning; without it, 0.
"""

import json
import unicodedata
from pathlib import Path

from colorlib.colorize.hints import Hint, format_color, parse_color
from colorlib.utils.files import write_atomically

_KEYS = ("x", "y", "color")
_EXAMPLE = '{"photo.jpg": [{"x": 120, "y": 80, "color": "#b03030"}]}'


def read_hints(path: str | Path) -> dict:
    """Reads a file of hints.

    Args:
        path: of the file, JSON in UTF-8.

    Returns:
        dict from the name of a picture to its list of `Hint`s.

    Raises:
        ValueError: if something in it is no hint; the message says what and where.
        OSError: if it cannot be read.
    """
    try:
        return hints_from_json(Path(path).read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def write_hints(path: str | Path, hints: dict) -> Path:
    """Writes a file of hints, whole or not at all.

    Args:
        path: where to.
        hints: dict from the name of a picture to its list of `Hint`s.

    Returns:
        The path, as a `Path`.

    Raises:
        OSError: if it cannot be written.
    """
    write_atomically(path, hints_to_json(hints).encode())
    return Path(path)


def hints_from_json(text: str) -> dict:
    """Reads hints from the text of a file; see `read_hints`.

    Raises:
        ValueError: as `read_hints`.
    """
    try:
        pictures = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"no JSON: {error.msg} in line {error.lineno}, column {error.colno}. "
            f"Hints read {_EXAMPLE}."
        ) from None
    except RecursionError:
        raise ValueError(f"too deep. Hints read {_EXAMPLE}.") from None
    if not isinstance(pictures, dict):
        raise ValueError(f"holds no names of pictures. Hints read {_EXAMPLE}.")
    hints = {}
    for name, entries in pictures.items():
        if not isinstance(entries, list):
            raise ValueError(f"{name}: holds no list. Hints read {_EXAMPLE}.")
        hints[same_spelling(name)] = read = []
        for number, entry in enumerate(entries, 1):
            try:
                read.append(_hint(entry))
            except ValueError as error:
                raise ValueError(f"{name}, hint {number}: {error}") from None
    return hints


def hints_to_json(hints: dict) -> str:
    """Writes hints as the text of a file, a line a hint; see `write_hints`."""
    blocks = []
    for name, of_picture in hints.items():
        lines = ",\n".join(f"  {json.dumps(_entry(hint))}" for hint in of_picture)
        blocks.append(f" {json.dumps(name, ensure_ascii=False)}: [\n{lines}\n ]")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def same_spelling(name: str) -> str:
    """Spells a name as hints do: some systems write "é" as "e" and an accent."""
    return unicodedata.normalize("NFC", name)


def _without_repeats(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{repeated!r} stands there twice; put both into one.")
    return found


def _hint(entry):
    """A `Hint` of an entry of the file."""
    if not isinstance(entry, dict):
        raise ValueError(f"a hint has {', '.join(_KEYS)}, got {entry!r}.")
    missing = [key for key in _KEYS if key not in entry]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing in {entry}.")
    unknown = sorted(set(entry) - {*_KEYS, "time"})
    if unknown:
        raise ValueError(
            f"unknown {', '.join(unknown)}; a hint has {', '.join(_KEYS)} and, of a "
            "film, time."
        )
    for key in ("x", "y"):
        if not _is_number(entry[key]) or entry[key] != int(entry[key]):
            raise ValueError(f"{key} must be a whole number from 0, got {entry[key]}.")
    time = entry.get("time", 0.0)
    if not _is_number(time):
        raise ValueError(f"time must be seconds from 0, got {time}.")
    color = parse_color(entry["color"])
    return Hint(int(entry["x"]), int(entry["y"]), color, float(time))


def _is_number(value):
    """Whether a value is a finite number of at least 0, and neither true nor false."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 <= value < float("inf")


def _entry(hint):
    """What the file says of a `Hint`."""
    entry = {"x": hint.x, "y": hint.y, "color": format_color(hint.rgb)}
    return {**entry, "time": hint.time} if hint.time else entry
