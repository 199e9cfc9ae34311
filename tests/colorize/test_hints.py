"""Hints: how they read, where they lie, what the colorizer makes of them."""

import numpy as np
import pytest

from colorlib.colorize.colorizer import Colorizer
from colorlib.colorize.hints import Hint, check_hints, hint_map, parse_hint
from colorlib.images.picture import Picture
from colorlib.lab import rgb8_to_lab

RED = (176, 48, 48)


def test_a_hint_reads_x_y_colour():
    assert parse_hint("120,45=#b03030") == Hint(120, 45, RED)
    assert parse_hint(" 0 , 7 = B03030 ") == Hint(0, 7, RED)


@pytest.mark.parametrize(
    "text", ["", "1,2", "1,2=", "1,2=red", "1,2=#b030", "-1,2=#b03030", "1=#b03030"]
)
def test_another_text_is_refused(text):
    with pytest.raises(ValueError, match="reads X,Y=#RRGGBB.*got"):
        parse_hint(text)


@pytest.mark.parametrize(
    "hint, said",
    [
        (
            (40, 3, RED),
            r"\(40, 3\) lies outside the picture of 40 x 30 pixels: x must be in 0 to "
            "39 and y in 0 to 29",
        ),
        ((3, 30, RED), "lies outside"),
        ((-1, 3, RED), "lies outside"),
        ((3, 3, (256, 0, 0)), r"three levels in \[0, 255\]"),
        ((3, 3, (1, 2)), r"three levels in \[0, 255\]"),
        ((3, 3, (float("nan"), 0, 0)), r"three levels in \[0, 255\]"),
        ((3.5, 3, RED), "whole numbers"),
        ((3, 3, "red"), "a hint is"),
        ((3, 3), "a hint is"),
        (7, "a hint is"),
    ],
)
def test_a_wrong_hint_is_named(hint, said):
    with pytest.raises(ValueError, match=said):
        check_hints([(0, 0, RED), hint], height=30, width=40)


def test_the_map_has_the_colour_at_the_place():
    drawn = hint_map([Hint(30, 10, RED)], (20, 40), (32, 64))
    assert drawn.shape == (32, 64, 3) and drawn.dtype == np.float32
    rows, columns = np.nonzero(drawn[..., 2])
    assert (rows.min(), rows.max()) == (15, 17)
    assert (columns.min(), columns.max()) == (47, 49)
    wanted = rgb8_to_lab(np.array([[RED]], "uint8"))[0, 0, 1:] / 128
    np.testing.assert_allclose(drawn[16, 48], [*wanted, 1], atol=1e-6)
    assert not drawn[drawn[..., 2] == 0].any()


@pytest.mark.parametrize("x, y", [(0, 0), (39, 0), (0, 19), (39, 19)])
def test_corners_are_inside(x, y):
    drawn = hint_map([Hint(x, y, RED)], (20, 40), (32, 64))
    assert 4 <= drawn[..., 2].sum() <= 9
    assert drawn[min(31, y * 2), min(63, x * 2), 2] == 1


def test_a_later_hint_lies_above():
    hints = [Hint(5, 5, RED), Hint(5, 5, (0, 0, 255))]
    drawn = hint_map(hints, (20, 20), (20, 20))
    np.testing.assert_array_equal(drawn, hint_map(hints[1:], (20, 20), (20, 20)))


@pytest.fixture(scope="module")
def colorizer(hint_model):
    return Colorizer(hint_model)


def grey(height=60, width=90):
    random = np.random.default_rng(1)
    level = random.integers(60, 200, (height, width, 1)).astype("uint8")
    return Picture(np.repeat(level, 3, axis=2))


def test_no_hints_is_colouring_alone(colorizer):
    assert colorizer.takes_hints
    plain = colorizer.colorize(grey()).rgb
    np.testing.assert_array_equal(plain, colorizer.colorize(grey(), hints=[]).rgb)
    L = colorizer.network_input(grey().rgb)[None]
    zeros = np.zeros((*L.shape, 3), "float32")
    np.testing.assert_array_equal(
        colorizer.predict_small(L), colorizer.predict_small(L, hints=zeros)
    )


def test_a_hint_changes_the_picture_and_its_kinds_are_the_same(colorizer):
    plain = colorizer.colorize(grey()).rgb
    told = colorizer.colorize(grey(), hints=[(20, 30, RED)]).rgb
    assert (told != plain).any()
    again = colorizer.colorize(grey(), hints=[Hint(20, 30, list(RED))]).rgb
    np.testing.assert_array_equal(told, again)
    assert told.shape == plain.shape


def test_the_network_is_told_less_by_the_gain(colorizer):
    seen = []
    network = colorizer.network

    class Watching:
        inputs = network.inputs

        def __call__(self, given):
            seen.append(given[1])
            return network(given)

    colorizer.network = Watching()
    try:
        colorizer.colorize(grey(), hints=[(20, 30, RED)])
    finally:
        colorizer.network = network
    L = colorizer.network_input(grey().rgb)
    drawn = hint_map([Hint(20, 30, RED)], (60, 90), L.shape)
    np.testing.assert_allclose(seen[0][0, ..., :2] * 1.3, drawn[..., :2], atol=1e-6)
    np.testing.assert_array_equal(seen[0][0, ..., 2], drawn[..., 2])


def test_frames_get_the_hints_too(colorizer):
    picture = grey()
    picture.frames = [grey()]
    told = colorizer.colorize(picture, hints=[(20, 30, RED)])
    np.testing.assert_array_equal(told.rgb, told.frames[0].rgb)


def test_pages_of_a_document_are_no_frames(colorizer):
    picture = grey()
    picture.frames, picture.format = [grey(20, 30)], "TIFF"
    told = colorizer.colorize(picture, hints=[(80, 30, RED)])
    np.testing.assert_array_equal(
        told.rgb, colorizer.colorize(grey(), hints=[(80, 30, RED)]).rgb
    )
    np.testing.assert_array_equal(
        told.frames[0].rgb, colorizer.colorize(grey(20, 30)).rgb
    )


def test_a_hint_outside_is_refused(colorizer):
    with pytest.raises(ValueError, match="lies outside"):
        colorizer.colorize(grey(), hints=[(90, 0, RED)])


def test_a_hint_with_a_time_is_refused_for_a_picture(colorizer):
    with pytest.raises(ValueError, match="with a time is for films"):
        colorizer.colorize(grey(), hints=[(1, 1, RED), Hint(1, 1, RED, time=2.0)])


def test_a_model_without_hints_says_so(constant_model):
    plain = Colorizer(constant_model)
    assert not plain.takes_hints
    with pytest.raises(
        ValueError, match="the model constant takes no hints; those that do: "
    ):
        plain.colorize(grey(), hints=[(1, 1, RED)])
