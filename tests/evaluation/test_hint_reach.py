"""How far a hint spreads: the object that is found, and the change in and beside it."""

import numpy as np
import pytest

from colorlib.evaluation.hint_reach import COLORS, find_object, hint_reach
from colorlib.images.picture import Picture
from colorlib.lab import rgb8_to_lab

GREY, RED, SAND = (128, 128, 128), (190, 60, 60), (190, 150, 90)


def scene(*boxes, ground=GREY):
    """A picture `(64, 64, 3)` of boxes: (rows, columns, colour), later ones above."""
    rgb = np.empty((64, 64, 3), "uint8")
    rgb[:] = ground
    for rows, columns, color in boxes:
        rgb[slice(*rows), slice(*columns)] = color
    return rgb


SHIRT = ((20, 50), (15, 45), RED)


def test_an_object_is_found_with_what_is_on_it():
    button = ((30, 34), (28, 32), GREY)
    mask = find_object(scene(SHIRT, button))
    wanted = np.zeros((64, 64), bool)
    wanted[20:50, 15:45] = True
    assert (mask != wanted).sum() <= 40  # its rim is soft
    assert mask[30:34, 28:32].all()


def test_of_two_the_larger_is_taken():
    mask = find_object(scene(SHIRT, ((2, 16), (46, 62), (60, 90, 190))))
    assert mask[35, 30] and not mask[9, 54]


@pytest.mark.parametrize(
    "rgb",
    [
        scene(),
        scene((*SHIRT[:2], (135, 128, 122))),  # hardly a colour
        scene(((30, 36), (30, 36), RED)),  # small
        scene(((2, 62), (2, 62), RED)),  # most of the picture
        scene(((0, 25), (0, 64), RED)),  # a sky
        scene(SHIRT, ground=(175, 75, 70)),  # not of a colour of its own
        scene(SHIRT, ((2, 14), (2, 62), RED)),  # nor alone with it
        scene(((10, 54), (10, 18), RED), ((46, 54), (10, 54), RED)),  # an angle
    ],
)
def test_other_things_are_none(rgb):
    assert find_object(rgb) is None


class Spreading:
    """Colours sand; a hint, the rows of the object and some columns beside it."""

    def __init__(self, columns):
        self.columns, self.hints = columns, None

    def colorize(self, picture, hints=()):
        rgb = np.full_like(picture.rgb, SAND)
        if hints:
            self.hints = hints
            rgb[20:50, slice(*self.columns)] = hints[0].rgb
        return Picture(rgb)


def reach(columns):
    mask = np.zeros((64, 64), bool)
    mask[20:50, 15:45] = True
    colorizer = Spreading(columns)
    return hint_reach(colorizer, scene(SHIRT), mask), colorizer.hints


def test_the_hint_is_in_the_middle_and_of_the_farther_colour():
    _, (hint,) = reach((15, 45))
    assert 33 <= hint.y <= 36 and 28 <= hint.x <= 31
    assert hint.rgb == COLORS[1]  # sand is nearer to red


def test_all_of_the_object_and_nothing_else():
    found, _ = reach((15, 45))
    given, sand = rgb8_to_lab(np.array([COLORS[1], SAND], "uint8"))[:, 1:]
    distance = np.linalg.norm(given - sand)
    assert found["inside"] == pytest.approx(distance, rel=1e-5)
    assert found["asked"] == pytest.approx(distance, rel=1e-5)
    assert found["outside"] == 0 and found["spilled"] == 0 and found["reached"] == 1


def test_half_of_it():
    found, _ = reach((15, 30))
    assert found["reached"] == 0.5
    assert found["inside"] == pytest.approx(found["asked"] / 2, rel=1e-5)


def test_what_lies_beside_it_counts_but_for_a_margin():
    assert reach((11, 49))[0]["spilled"] == 0
    found, _ = reach((0, 64))
    elsewhere = 64 * 64 - 38 * 38 + 4 * sum(range(1, 5))  # a diamond's corners
    beside = 30 * 64 - 30 * 38
    assert found["spilled"] == pytest.approx(beside / elsewhere, rel=0.02)
    assert found["outside"] == pytest.approx(
        found["asked"] * found["spilled"], rel=1e-4
    )
