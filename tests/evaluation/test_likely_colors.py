"""The table of likely colours: learned from pixels whose prediction was wrong."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from colorlib.colorize.suggestions import read_colors, suggest_colors
from colorlib.evaluation.likely_colors import (
    fit_likely_colors,
    make_likely_colors,
    most_frequent,
)
from colorlib.lab import rgb8_to_lab


def pixels(*groups):
    """L, predicted and true ab of groups of (number, L, predicted, true)."""
    L = np.concatenate([np.full(n, L) for n, L, _, _ in groups])
    ab = [
        np.concatenate([np.tile(group[i], (group[0], 1)) for group in groups])
        for i in (2, 3)
    ]
    return L, *ab


def test_the_most_frequent_come_first_and_none_twice():
    random = np.random.default_rng(0)
    centres = [(40, 20)] * 500 + [(-20, 0)] * 300 + [(0, -40)] * 100
    ab = centres + random.normal(0, 1.5, (900, 2))
    found = most_frequent(ab, 3)
    np.testing.assert_allclose(
        [c[:2] for c in found], [(40, 20), (-20, 0), (0, -40)], atol=4
    )
    np.testing.assert_allclose([c[2] for c in found], [5 / 9, 3 / 9, 1 / 9], atol=0.01)
    assert most_frequent(ab, 1) == found[:1]
    assert len(most_frequent(ab, 99)) == 3  # what is left lies near those


def test_the_colours_lie_apart_however_dense_they_are():
    ab = np.random.default_rng(1).normal(0, 15, (4000, 2))
    found = np.array(most_frequent(ab, 8))
    distance = np.linalg.norm(found[:, None, :2] - found[:, :2], axis=-1)
    assert len(found) == 8 and (distance + 99 * np.eye(8)).min() >= 10
    assert (np.diff(found[:, 2]) <= 0).all() and found[:, 2].sum() <= 1


def test_colours_outside_the_histogram_count_at_its_edge():
    ((a, b, share),) = most_frequent(np.array([(300.0, 0.0), (500.0, 0.0)]), 4)
    assert b == 0 and a > 90 and share == 1


def test_a_cell_holds_what_is_wrong_in_it():
    table = fit_likely_colors(
        *pixels(
            (200, 50.0, (20, 0), (22, 1)),  # right: not told again
            (300, 50.0, (20, 0), (0, -40)),
            (100, 50.0, (20, 0), (60, 40)),
            (400, 50.0, (-20, 0), (40, -40)),
            (400, 90.0, (20, 0), (-40, 40)),
        )
    )
    assert json.loads(json.dumps(table)) == table
    fine, middle, lightness = (level["cells"] for level in table["levels"])
    assert read_colors(fine["2,2,0"]) == [(0, -40, 50), (60, 40, 17)]
    assert read_colors(fine["2,-2,0"]) == [(40, -40, 100)]
    assert middle.keys() == {"2,1,0", "2,-1,0", "4,1,0"}
    assert [c[:2] for c in read_colors(lightness["2,0,0"])] == [
        (40, -40),
        (0, -40),
        (60, 40),
    ]


def test_few_pixels_make_no_cell_of_their_own():
    told = pixels((400, 50.0, (20, 0), (0, -40)), (5, 50.0, (-40, 0), (60, 40)))
    table = fit_likely_colors(*told)
    assert [list(level["cells"]) for level in table["levels"]] == [
        ["2,2,0"],
        ["2,1,0"],
        ["2,0,0"],
    ]
    found = suggest_colors(table, 50.0, (-40.0, 0.0))
    assert len(found) == 3  # its own, and the two of all as light


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"got \(4,\), \(4, 2\) and \(5, 2\)"):
        fit_likely_colors(np.zeros(4), np.zeros((4, 2)), np.zeros((5, 2)))


def test_the_table_of_a_network_counts_its_gain():
    L = keras.Input((None, None, 1))
    network = keras.Model(L, layers.Conv2D(2, 1, bias_initializer="ones")(L))
    network.layers[-1].set_weights([np.zeros((1, 1, 1, 2)), np.array([20, 0]) / 128])
    rgb = np.full((3, 64, 64, 3), (200, 60, 50), "uint8")
    L, *ab = rgb8_to_lab(rgb)[0, 0, 0]
    table = make_likely_colors(network, rgb, gain=2.0)
    ((name, text),) = table["levels"][0]["cells"].items()
    assert name == f"{round(L / 25)},4,0"
    ((a, b, percent),) = read_colors(text)
    assert percent == 100 and np.hypot(a - ab[0], b - ab[1]) < 4
