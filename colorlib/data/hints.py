"""Colour hints to learn from: true colours of a picture, revealed at random."""

import numpy as np

MOST_SIDE = 9  # pixels of the patches revealed in training
MEAN_COUNT = 8  # of a picture's points


def sample_hints(ab, random):
    """Reveals true colours at random places, as hints to learn from.

    Their number is geometric with mean 8, at least one. Each is a square patch, 1 to 9
    pixels wide, lies anywhere, and shows the mean of its colours.

    Args:
        ab: float32 array `(H, W, 2)`, ab / 128, sides of at least 9 pixels.
        random: a `numpy.random.Generator`.

    Returns:
        float32 array `(H, W, 3)`: ab / 128 and the mask, all 0 where nothing is given.

    Reference:
        Zhang et al. 2017 (arXiv 1705.02999), section 3.2; there the places are drawn
        around the middle.
    """
    height, width = ab.shape[:2]
    hints = np.zeros((height, width, 3), "float32")
    for _ in range(random.geometric(1 / MEAN_COUNT)):
        side = random.integers(1, MOST_SIDE + 1)
        top = random.integers(0, height - side + 1)
        left = random.integers(0, width - side + 1)
        patch = np.s_[top : top + side, left : left + side]
        hints[patch] = *ab[patch].mean(axis=(0, 1)), 1.0
    return hints
