"""Colorizers that look at no picture: what a network has to beat."""

from dataclasses import dataclass

import numpy as np

from colorlib.lab import rgb8_to_lab
from colorlib.metrics.scores import score

BASELINES = ("grey", "mean colour", "lightness table")


@dataclass
class LightnessTable:
    """The mean ab of each lightness level: the best colorizer that sees no picture.

    Attributes:
        ab: float32 array `(101, 2)`, CIE units, for L* 0, 1, ..., 100.
    """

    ab: np.ndarray

    @classmethod
    def fit(cls, rgb: np.ndarray) -> "LightnessTable":
        """Averages the colours of uint8 pictures `(N, H, W, 3)`, level by level."""
        sums, counts = np.zeros((101, 2)), np.zeros(101)
        for start in range(0, len(rgb), 256):
            lab = rgb8_to_lab(rgb[start : start + 256]).reshape(-1, 3)
            level = np.rint(lab[:, 0]).astype(int)
            counts += np.bincount(level, minlength=101)
            for channel in (0, 1):
                weights = lab[:, 1 + channel]
                sums[:, channel] += np.bincount(level, weights, minlength=101)
        return cls((sums / np.maximum(counts, 1)[:, None]).astype("float32"))

    def predict(self, L: np.ndarray) -> np.ndarray:
        """Looks up the colour of L* `(...)`; returns float32 `(..., 2)`, CIE units."""
        return self.ab[np.clip(np.rint(L), 0, 100).astype(int)]


def mean_ab(rgb: np.ndarray) -> np.ndarray:
    """Mean colour of uint8 pictures `(N, H, W, 3)`; float32 `(2,)`, CIE units."""
    pieces = [rgb[i : i + 256] for i in range(0, len(rgb), 256)]
    sums = sum(
        rgb8_to_lab(p)[..., 1:].sum(axis=(0, 1, 2), dtype="float64") for p in pieces
    )
    return (sums / rgb[..., 0].size).astype("float32")


def baseline_ab(L, mean, table):
    """The colours that the three predictors that look at no picture give.

    Args:
        L: float array `(..., H, W)`, L* in [0, 100].
        mean: `(2,)` mean colour of the training pictures, from `mean_ab`.
        table: `LightnessTable` of the training pictures.

    Returns:
        dict from each name in `BASELINES` to a float32 array `(..., H, W, 2)`, CIE
        units.
    """
    shape = (*np.shape(L), 2)
    means = np.broadcast_to(np.asarray(mean, "float32"), shape)
    return dict(zip(BASELINES, (np.zeros(shape, "float32"), means, table.predict(L))))


def score_baselines(
    real_rgb: np.ndarray, mean: np.ndarray, table: LightnessTable
) -> dict:
    """Scores the predictors of `baseline_ab`.

    Args:
        real_rgb: uint8 array `(N, H, W, 3)`, held-out pictures.
        mean: as for `baseline_ab`.
        table: as for `baseline_ab`.

    Returns:
        dict from a predictor's name to the dict of `score`.
    """
    L = np.stack([rgb8_to_lab(picture)[..., 0] for picture in real_rgb])
    return {
        name: score(real_rgb, ab) for name, ab in baseline_ab(L, mean, table).items()
    }
