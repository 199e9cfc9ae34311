"""Colours to choose from for a place of a picture: what is likely there."""

import numpy as np

from colorlib.colorize.hints import format_color
from colorlib.lab import lab_to_rgb8, rgb8_to_lab

APART = 10.0  # CIE units of ab between any two suggestions


def suggest_colors(table: dict, L: float, ab: tuple, count: int = 6) -> list:
    """Suggests colours for a place.

    The first is the network's own. The others were, in pictures kept apart, the most
    frequent true colours of pixels as light as this one and predicted like it, where
    the prediction was wrong. All have the lightness of the place, as they would be
    shown there.

    Args:
        table: a card's "likely_colors", see `evaluation.likely_colors`.
        L: L* of the place, in [0, 100].
        ab: a* and b* that the network predicts there, CIE units.
        count: most colours.

    Returns:
        List of `#rrggbb`, 1 to `count` of them, any two at least `APART` in ab. In
        dark and light places there are few such.
    """
    ab = [tuple(map(float, ab))]
    for level in table["levels"]:  # from fine cells to coarse ones
        found = level["cells"].get(cell_of(L, ab[0], table["L_step"], level["ab_step"]))
        ab += [color[:2] for color in read_colors(found or "")]
    lab = np.array([(np.clip(L, 0.0, 100.0), *pair) for pair in ab], "float32")
    rgb = lab_to_rgb8(lab)  # (n, 3)
    shown = rgb8_to_lab(rgb)[:, 1:]  # those outside sRGB have moved
    kept = []
    for i in range(len(shown)):
        if all(np.linalg.norm(shown[i] - shown[j]) >= APART for j in kept):
            kept.append(i)
    return [format_color(rgb[i]) for i in kept[:count]]


def cell_of(L, ab, L_step, ab_step):
    """The name of the cell of a table that a lightness and a colour fall into.

    Args:
        L: L*, in [0, 100].
        ab: a* and b*, CIE units.
        L_step: width of a cell in L*.
        ab_step: the same in a* and in b*.

    Returns:
        Such as "2,-1,0": each rounded to a number of steps.
    """
    steps = round(L / L_step), round(ab[0] / ab_step), round(ab[1] / ab_step)
    return ",".join(map(str, steps))


def read_colors(text):
    """Reads the colours of a cell.

    Args:
        text: such as "12,-4,30 0,0,8": a*, b* and per cent of the cell's pixels.

    Returns:
        List of (a, b, per cent), ints.
    """
    return [tuple(map(int, color.split(","))) for color in text.split()]
