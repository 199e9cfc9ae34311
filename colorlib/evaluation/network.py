"""Evaluation of a trained network on held-out pictures, beside the floors."""

import numpy as np
from keras import ops

from colorlib.lab import lab_to_rgb, rgb8_to_lab, scale_L, unscale_ab
from colorlib.metrics.baselines import LightnessTable, score_baselines
from colorlib.metrics.scores import score
from colorlib.metrics.tables import format_table


def predict_ab(network, rgb, batch_size=32):
    """Predicts the colours of many pictures of one size.

    Args:
        network: a network of `colorlib.models`.
        rgb: uint8 array `(N, H, W, 3)`; only its L* is used.
        batch_size: pictures at a time.

    Returns:
        float32 array `(N, H, W, 2)`, CIE units.
    """
    pieces = []
    for start in range(0, len(rgb), batch_size):
        L = scale_L(rgb8_to_lab(rgb[start : start + batch_size])[..., :1])
        ab = network(L, training=False)
        pieces.append(unscale_ab(ops.convert_to_numpy(ab)))
    return np.concatenate(pieces)


def colorize_batch(network, rgb):
    """Colours many pictures of one size, keeping their lightness.

    Args:
        network: a network of `colorlib.models`.
        rgb: uint8 array `(N, H, W, 3)`; only its L* is used.

    Returns:
        float32 array `(N, H, W, 3)`, sRGB in [0, 1].
    """
    L = rgb8_to_lab(rgb)[..., :1]
    return lab_to_rgb(np.concatenate([L, predict_ab(network, rgb)], axis=-1))


def center_crop(rgb, side):
    """Cuts the middle square of pictures `(N, H, W, 3)`; `side` None keeps all."""
    if side is None:
        return rgb
    top, left = (rgb.shape[1] - side) // 2, (rgb.shape[2] - side) // 2
    return rgb[:, top : top + side, left : left + side]


def evaluate(network, rgb, mean, table, name="network"):
    """Scores a network and the floors on the same pictures.

    Args:
        network: a network of `colorlib.models`.
        rgb: uint8 array `(N, H, W, 3)`, held-out pictures.
        mean: `(2,)`, mean colour of the training pictures, CIE units.
        table: `metrics.LightnessTable` of the training pictures, or its `(101, 2)`.
        name: the network's row.

    Returns:
        dict from a row's name to the dict of `metrics.score`.
    """
    if not isinstance(table, LightnessTable):
        table = LightnessTable(np.asarray(table, "float32"))
    rows = score_baselines(rgb, mean, table)
    rows[name] = score(rgb, predict_ab(network, rgb))
    return rows


def summarize(rows, rgb):
    """The means of `evaluate`'s rows, and the table to print.

    Args:
        rows: from `evaluate`.
        rgb: the pictures that were scored.

    Returns:
        (dict of dicts of rounded means, Markdown table).
    """
    means = {
        row: {key: round(float(values.mean()), 6) for key, values in scores.items()}
        for row, scores in rows.items()
    }
    return means, format_table(rows, rgb)
