"""Advice of a person: which colour some places of a picture have."""

import re
from dataclasses import dataclass

import numpy as np

from colorlib.errors import HintError
from colorlib.lab import rgb8_to_lab, scale_ab

PATCH = 3  # pixels a side, as the network sees the picture, that a hint colours


@dataclass(frozen=True)
class Hint:
    """The colour of a place.

    Attributes:
        x: pixels from the left edge of the picture, from 0.
        y: pixels from its upper edge, from 0.
        rgb: three levels of sRGB, 0 to 255. Only hue and chroma count: the picture
            keeps its own lightness.
        time: of a film, seconds from its beginning at which the place is meant.
    """

    x: int
    y: int
    rgb: tuple
    time: float = 0.0


def parse_color(text):
    """Reads a colour such as `#b03030`.

    Args:
        text: `#RRGGBB`, hexadecimal levels of sRGB; the `#` may be missing.

    Returns:
        Tuple of three ints, 0 to 255.

    Raises:
        ValueError: if it is anything else.
    """
    found = isinstance(text, str) and re.fullmatch(r"#?([0-9a-fA-F]{6})", text.strip())
    if not found:
        raise ValueError(
            f"a colour reads #RRGGBB, six hexadecimal digits such as #b03030, got "
            f"{text!r}."
        )
    return tuple(bytes.fromhex(found[1]))


def format_color(rgb):
    """Writes three levels of sRGB, 0 to 255, as `#rrggbb`."""
    return f"#{bytes(rgb).hex()}"


def parse_hint(text):
    """Reads a hint as it stands on the command line, such as `120,45=#b03030`.

    Args:
        text: `X,Y=#RRGGBB`, in pixels from the upper left corner, from 0.

    Returns:
        A `Hint`.

    Raises:
        ValueError: if it reads otherwise.
    """
    found = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*=(.*)", text, re.ASCII)
    try:
        return Hint(int(found[1]), int(found[2]), parse_color(found[3]))
    except (TypeError, ValueError):
        raise ValueError(
            f"a hint reads X,Y=#RRGGBB, for instance 120,45=#b03030, got {text!r}."
        ) from None


def check_hints(hints, height, width):
    """Makes `Hint`s of hints, and checks that they fit a picture.

    Args:
        hints: list of `Hint`s or of `(x, y, rgb)`.
        height: of the picture in pixels.
        width: of the picture in pixels.

    Returns:
        List of `Hint`s.

    Raises:
        HintError: if a hint lies outside or is no colour; it is named.
    """
    checked = []
    for hint in hints:
        time = getattr(hint, "time", 0.0)
        try:
            x, y, rgb = (hint.x, hint.y, hint.rgb) if isinstance(hint, Hint) else hint
            levels = np.asarray(rgb, "float64")
            whole = [float(x), float(y), *levels]
        except (TypeError, ValueError):
            raise HintError(
                f"a hint is (x, y, (red, green, blue)), got {hint!r}."
            ) from None
        if not all(value == round(value) for value in whole if np.isfinite(value)):
            raise HintError(f"a hint has whole numbers, got {hint!r}.")
        if levels.shape != (3,) or not ((0 <= levels) & (levels <= 255)).all():
            raise HintError(
                f"the colour of a hint has three levels in [0, 255], got {hint!r}."
            )
        if not (0 <= x < width and 0 <= y < height):
            raise HintError(
                f"the hint at ({x}, {y}) lies outside the picture of {width} x "
                f"{height} pixels: x must be in 0 to {width - 1} and y in 0 to "
                f"{height - 1}."
            )
        levels = tuple(int(level) for level in levels)
        checked.append(Hint(int(x), int(y), levels, time))
    return checked


def map_place(x, y, size, seen):
    """Finds a place of a picture in a map of it.

    Args:
        x: pixels from the left edge of the picture, from 0.
        y: pixels from its upper edge, from 0.
        size: height and width of the picture.
        seen: height and width of the map.

    Returns:
        (row, column) of the pixel of the map that the middle of the place falls into.
    """
    row = (2 * y + 1) * seen[0] // (2 * size[0])
    column = (2 * x + 1) * seen[1] // (2 * size[1])
    return row, column


def hint_map(hints, size, seen):
    """Draws hints as the map that the network takes.

    Args:
        hints: list of `Hint`s, of which later ones lie above earlier ones.
        size: height and width of the picture that their places are in.
        seen: height and width of the map.

    Returns:
        float32 array `(*seen, 3)`: ab / 128 and the mask, 0 where nothing is given.
    """
    drawn = np.zeros((*seen, 3), "float32")
    for hint in hints:
        rgb = np.array(hint.rgb, "uint8").reshape(1, 1, 3)
        ab = scale_ab(rgb8_to_lab(rgb)[0, 0, 1:])
        patch = [
            slice(max(0, middle - PATCH // 2), middle + PATCH // 2 + 1)
            for middle in map_place(hint.x, hint.y, size, seen)
        ]
        drawn[tuple(patch)] = *ab, 1.0
    return drawn
