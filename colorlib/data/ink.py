"""Ink from colour: what a page looks like before anybody has coloured it.

Black lines, black areas and screentone, the dots that stand for grey in print. From
coloured panels it makes the pairs ink and colour that nobody publishes.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.ndimage import gaussian_filter

from colorlib.lab import rgb8_to_lab

LINE_SIGMA = 0.7  # pixels: half of the width of a pen's line at 128 pixels
SHARPNESS = 12.0  # weight of the difference of Gaussians beside the picture
DARK = 0.35  # below it ink is solid
STEEPNESS = 12.0  # from black to white
TONES = ((58.0, 0.25), (36.0, 0.5))  # below this L*, this share of the paper is dots
# Clustered dots in a 4 x 4 cell: the order in which its pixels turn black.
CELL = np.array([[13, 6, 7, 12], [5, 0, 1, 8], [4, 3, 2, 9], [15, 11, 10, 14]])


def draw_ink(rgb):
    """Draws pictures in ink: lines, solid blacks and screentone on white paper.

    Lines and blacks are an extended difference of Gaussians of L*: of what is darker
    than its surroundings. Dots fill the areas of middle tone; their size tells how
    dark it is, and no colour is told by anything.

    Args:
        rgb: uint8 array `(N, H, W, 3)`, sRGB; lines of a pixel or two in width.

    Returns:
        uint8 array `(N, H, W, 1)`, 0 is ink and 255 is paper.

    Reference:
        Winnemöller, Kyprianidis, Olsen 2012, XDoG: an extended difference-of-Gaussians
        compendium, equations 7 and 8; clustered-dot ordered dithering for the dots
        (Ulichney 1987, Digital halftoning, chapter 5).

    Example:
        >>> import numpy as np
        >>> from colorlib.data.ink import draw_ink
        >>> white = np.full((1, 8, 8, 3), 255, "uint8")
        >>> int(draw_ink(white).min()), int(draw_ink(white * 0).max())
        (255, 0)
    """
    if not len(rgb):
        return np.zeros((*rgb.shape[:3], 1), "uint8")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(_draw, rgb)))


def _draw(rgb):
    L = rgb8_to_lab(rgb)[..., 0].astype("float64")
    fine = gaussian_filter(L, LINE_SIGMA) / 100
    coarse = gaussian_filter(L, 1.6 * LINE_SIGMA) / 100
    sharp = fine + SHARPNESS * (fine - coarse)
    ink = np.where(sharp >= DARK, 1.0, 1 + np.tanh(STEEPNESS * (sharp - DARK)))
    tone = gaussian_filter(L, 2.0)  # dots are for areas, not for lines
    height, width = L.shape
    rank = np.tile(CELL, (-(-height // 4), -(-width // 4)))[:height, :width]
    for below, share in TONES:
        ink[(tone < below) & (rank < share * CELL.size)] = 0.0
    return np.rint(255 * ink).astype("uint8")[..., None]
