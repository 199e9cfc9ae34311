"""What advice is worth: error against the number of true hints."""

import numpy as np

from colorlib.colorize.hints import Hint
from colorlib.images.picture import Picture
from colorlib.metrics.scores import psnr

COUNTS = (0, 1, 5, 10, 50)
PATCH = 7  # pixels a side, whose mean colour a hint tells


def true_hints(rgb, count, random):
    """Tells the true colours of random places.

    Args:
        rgb: uint8 array `(H, W, 3)`.
        count: of hints.
        random: a `numpy.random.Generator`. With the same seed, fewer hints are the
            first of more.

    Returns:
        List of `Hint`s, anywhere in the picture.
    """
    height, width = rgb.shape[:2]
    places = random.integers(0, [width, height], (count, 2))
    hints = []
    for x, y in places.tolist():
        rows = slice(max(0, y - PATCH // 2), y + PATCH // 2 + 1)
        columns = slice(max(0, x - PATCH // 2), x + PATCH // 2 + 1)
        mean = rgb[rows, columns].mean(axis=(0, 1))
        hints.append(Hint(x, y, tuple(int(level) for level in np.rint(mean))))
    return hints


def hint_curve(colorizer, rgb, counts=COUNTS, seed=0):
    """Colours pictures with more and more true hints.

    Args:
        colorizer: a `colorize.Colorizer` that takes hints.
        rgb: uint8 array `(N, H, W, 3)`, held-out pictures.
        counts: numbers of hints.
        seed: of their places; picture `i` has its own.

    Returns:
        Dict from a count to float64 array `(N,)`, PSNR in dB.

    Reference:
        Zhang et al. 2017 (arXiv 1705.02999), section 4.1.
    """
    found = {count: [] for count in counts}
    for i, real in enumerate(rgb):
        for count, scores in found.items():
            hints = true_hints(real, count, np.random.default_rng([seed, i]))
            told = colorizer.colorize(Picture(real), hints=hints).rgb
            scores.append(psnr(real, told))
    return {count: np.array(scores) for count, scores in found.items()}
