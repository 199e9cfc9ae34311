"""What a place may be, if not what is predicted: a table to suggest colours from."""

import numpy as np
from scipy.ndimage import convolve

from colorlib.colorize.suggestions import APART, cell_of
from colorlib.evaluation.network import predict_ab
from colorlib.lab import rgb8_to_lab

L_STEP = 25
AB_STEPS = (10, 20, 1000)  # from fine cells to coarse ones; the last: L* alone counts
LEAST = 50  # pixels that a cell is made from; with fewer, the next coarser one serves
COLORS = 8  # of a cell
EVERY = 8  # of the rows and columns is read: neighbours say the same
_BIN = 4  # CIE units a side of the squares in which colours are counted
_SIDE = 2 * 112 // _BIN + 1  # of the histogram: a* and b* from -112 to 112


def make_likely_colors(network, rgb, gain=1.0):
    """Makes the table of a trained network, which its card holds as "likely_colors".

    Args:
        network: a network of `colorlib.models`; it gets no hints.
        rgb: uint8 array `(N, H, W, 3)`, validation pictures, of the size that it
            learned at.
        gain: the card's factor of the predicted ab.

    Returns:
        dict, see `fit_likely_colors`.
    """
    seen = np.s_[:, EVERY // 2 :: EVERY, EVERY // 2 :: EVERY]
    ab = predict_ab(network, rgb)[seen] * gain
    lab = rgb8_to_lab(rgb[seen])
    return fit_likely_colors(lab[..., 0], ab, lab[..., 1:])


def fit_likely_colors(L, predicted_ab, true_ab):
    """Learns which colours are likely where a network's are wrong.

    Pixels are sorted into cells, by lightness and predicted colour. Of those of a cell
    whose true colour is more than `APART` from the predicted one, the most frequent
    colours are kept.

    Args:
        L: float array `(...)`, L* in [0, 100], of pixels that were not learned from.
        predicted_ab: float array `(..., 2)`, a* and b* in CIE units, as coloured.
        true_ab: float array `(..., 2)`, the true ones.

    Returns:
        dict that JSON can hold: `L_step`; `levels`, from fine to coarse, a list of
        dicts of `ab_step` and `cells`, from the name of a cell (`suggestions.cell_of`)
        to its colours (`suggestions.read_colors`), most frequent first. Some 20 kB.

    Raises:
        ValueError: if the shapes do not fit together.
    """
    L, predicted_ab, true_ab = map(np.asarray, (L, predicted_ab, true_ab))
    if not predicted_ab.shape == true_ab.shape == (*L.shape, 2):
        raise ValueError(
            "L, predicted_ab and true_ab must be (...), (..., 2) and (..., 2), got "
            f"{L.shape}, {predicted_ab.shape} and {true_ab.shape}."
        )
    L, predicted_ab = L.reshape(-1), predicted_ab.reshape(-1, 2)
    true_ab = true_ab.reshape(-1, 2)
    wrong = np.linalg.norm(true_ab - predicted_ab, axis=1) > APART
    levels = []
    for ab_step in AB_STEPS:
        steps = np.column_stack([L / L_STEP, predicted_ab / ab_step])  # (n, 3)
        found, of_cell = np.unique(np.rint(steps), axis=0, return_inverse=True)
        of_cell, cells = of_cell.reshape(-1), {}
        for i, (lightness, *ab) in enumerate(found):
            inside = of_cell == i
            if (inside & wrong).sum() >= LEAST:
                colors = most_frequent(true_ab[inside & wrong], COLORS)
                name = cell_of(lightness, ab, 1, 1)
                cells[name] = _as_text(colors, wrong[inside].mean())
        levels.append({"ab_step": ab_step, "cells": cells})
    return {"L_step": L_STEP, "levels": levels}


def most_frequent(ab, count):
    """Finds colours around which many others lie, and none twice.

    The first has the most within `APART`; the next the most of those that are left; and
    so on. So they are near as many as so few can be.

    Args:
        ab: float array `(n, 2)`, a* and b* in CIE units.
        count: most colours; fewer are found where these leave none.

    Returns:
        List of (a, b, share of the n), at least `APART` from each other.
    """
    places = np.rint(np.asarray(ab) / _BIN).astype(int) + _SIDE // 2
    counts = np.zeros((_SIDE, _SIDE))
    np.add.at(counts, tuple(np.clip(places, 0, _SIDE - 1).T), 1)
    centres = (np.arange(_SIDE) - _SIDE // 2) * _BIN
    reach = np.arange(-(APART // _BIN), APART // _BIN + 1) * _BIN
    distance = np.hypot(*np.meshgrid(reach, reach))
    # Nearly flat: of equals, the one in the middle of what lies near.
    near = (distance <= APART) * (1 - 0.01 * distance / APART)
    free, colors = np.ones((_SIDE, _SIDE), bool), []
    while len(colors) < count:
        found = convolve(counts, near, mode="constant") * free
        i, j = np.unravel_index(found.argmax(), found.shape)
        if not found[i, j]:
            break
        distance = np.hypot(centres[:, None] - centres[i], centres - centres[j])
        share = counts[distance <= APART].sum() / len(ab)
        colors.append((int(centres[i]), int(centres[j]), share))
        counts[distance <= APART] = 0
        free &= distance >= APART
    return colors


def _as_text(colors, share):
    """Writes the colours of a cell; `share` of its pixels are in them."""
    parts = [f"{a},{b},{round(100 * each * share)}" for a, b, each in colors]
    return " ".join(parts)
