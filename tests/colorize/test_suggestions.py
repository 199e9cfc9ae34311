"""Suggested colours: the network's own first, then what is likely, none twice."""

import re

import numpy as np
import pytest

from colorlib.colorize.suggestions import cell_of, read_colors, suggest_colors
from colorlib.lab import rgb8_to_lab

RED, BLUE, GREEN = (60, 40), (10, -50), (-40, 30)
TABLE = {
    "L_step": 25,
    "levels": [
        {"ab_step": 10, "cells": {"2,1,0": "60,40,30 64,40,9 10,-50,20"}},
        {"ab_step": 1000, "cells": {"2,0,0": "60,40,50 -40,30,10"}},
    ],
}


def colors_of(found):
    """The Lab values `(n, 3)` of suggestions."""
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in found)
    rgb = np.array([list(bytes.fromhex(color[1:])) for color in found], "uint8")
    return rgb8_to_lab(rgb)


def test_the_networks_own_is_first_then_fine_cells_then_coarse_ones():
    found = colors_of(suggest_colors(TABLE, 52.0, (8.0, 3.0)))
    np.testing.assert_allclose(found[:, 0], 52, atol=0.7)  # the place's lightness
    wanted = [(8, 3), RED, BLUE, GREEN]  # of two alike the first
    np.testing.assert_allclose(found[:, 1:], wanted, atol=1.5)


def test_a_place_that_no_fine_cell_is_for_gets_the_coarse_ones():
    found = colors_of(suggest_colors(TABLE, 52.0, (-20.0, -20.0)))
    np.testing.assert_allclose(found[:, 1:], [(-20, -20), RED, GREEN], atol=1.5)


def test_what_is_near_the_networks_own_is_left_out():
    found = colors_of(suggest_colors(TABLE, 52.0, (57.0, 38.0)))
    np.testing.assert_allclose(found[:, 1:], [(57, 38), GREEN], atol=1.5)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_there_are_at_most_so_many(count):
    few = suggest_colors(TABLE, 52.0, (8.0, 3.0), count)
    assert few == suggest_colors(TABLE, 52.0, (8.0, 3.0))[:count]
    assert len(few) == count


@pytest.mark.parametrize("L", [0.0, 3.0, 62.0, 97.0, 100.0, 100.4])
def test_no_two_look_alike_however_dark_or_light(L):
    table = {"L_step": 1000, "levels": [{"ab_step": 1000, "cells": {}}]}
    grid = range(-96, 97, 24)
    every = " ".join(f"{a},{b},1" for a in grid for b in grid)
    table["levels"][0]["cells"]["0,0,0"] = every
    found = colors_of(suggest_colors(table, L, (0.0, 0.0), 99))[:, 1:]
    distance = np.linalg.norm(found[:, None] - found, axis=-1)
    assert (distance + 99 * np.eye(len(found))).min() >= 9.99
    assert (len(found) > 1) == (0 < L < 100)


def test_cells_and_colours_have_names():
    assert cell_of(60.0, (-14.0, 4.0), 25, 10) == "2,-1,0"
    assert read_colors("12,-4,30 0,0,8") == [(12, -4, 30), (0, 0, 8)]
    assert read_colors("") == []
