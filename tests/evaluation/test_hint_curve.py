import numpy as np
import pytest

from colorlib.evaluation.hint_curve import hint_curve, true_hints
from colorlib.images.picture import Picture


def halves():
    """Left red, right blue."""
    rgb = np.zeros((20, 30, 3), "uint8")
    rgb[:, :15, 0] = 200
    rgb[:, 15:, 2] = 200
    return rgb


def test_hints_tell_the_colour_of_their_place():
    for hint in true_hints(halves(), 40, np.random.default_rng(0)):
        assert 0 <= hint.x < 30 and 0 <= hint.y < 20
        if hint.x < 11:
            assert hint.rgb == (200, 0, 0)
        if hint.x > 18:
            assert hint.rgb == (0, 0, 200)


def test_few_hints_are_the_first_of_many():
    few, many = (true_hints(halves(), n, np.random.default_rng(3)) for n in (2, 9))
    assert many[:2] == few
    assert true_hints(halves(), 0, np.random.default_rng(3)) == []


class Listening:
    """Paints the picture in the colour of its first hint."""

    def colorize(self, picture, hints):
        rgb = np.zeros_like(picture.rgb)
        rgb[:] = hints[0].rgb if hints else 0
        return Picture(rgb)


def test_the_curve_is_the_psnr_of_what_comes_back():
    red = np.zeros((2, 12, 12, 3), "uint8")
    red[..., 0] = 100
    found = hint_curve(Listening(), red, counts=(0, 1))
    assert found[0] == pytest.approx(10 * np.log10(255**2 / (100**2 / 3)), rel=1e-6)
    assert found[0].shape == (2,) and (found[1] > 90).all()
