"""Scores as Markdown tables, each mean with its interval."""

import numpy as np

from colorlib.metrics.intervals import bootstrap_interval
from colorlib.metrics.scores import colourfulness

# Of every column that a table can have: its title, its digits, and what the true
# pictures have, "" where that depends on them.
STYLES = {
    "psnr": ("PSNR", 2, "-"),
    "ssim": ("SSIM", 3, "1"),
    "ab_mse": ("MSE (ab/128)", 5, "0"),
    "ab_mae": ("ab MAE", 2, "0"),
    "shown_ab_mse": ("MSE (ab/128) as shown", 5, "0"),
    "shown_ab_mae": ("ab MAE as shown", 2, "0"),
    "ciede2000": ("CIEDE2000", 2, "0"),
    "colourfulness": ("colourfulness", 1, ""),
    "l1": ("L1 (of 255)", 2, "0"),
    "lpips": ("LPIPS", 3, "0"),
    "top1": ("top-1", 3, ""),
}


def format_table(rows: dict, real_rgb: np.ndarray | None = None, **truth) -> str:
    """Writes scores as a Markdown table: mean, and 95 % interval of the mean.

    Args:
        rows: dict from a predictor's name to the dict of `score`, or to one that has
            other columns of `STYLES`.
        real_rgb: uint8 array `(N, H, W, 3)`, for the truth's colourfulness; without it
            there is no row of the truth.
        **truth: what the true pictures have in further columns, such as `top1`.

    Returns:
        The table, as text.
    """
    columns = list(next(iter(rows.values())))
    titles = " | ".join(STYLES[column][0] for column in columns)
    lines = [f"| | {titles} |", "|---" * (len(columns) + 1) + "|"]
    for title, scores in rows.items():
        cells = [mean_and_interval(scores[c], STYLES[c][1]) for c in columns]
        lines.append(_line(title, cells))
    if real_rgb is None:
        return "\n".join(lines)
    truth = {"colourfulness": colourfulness(real_rgb).mean(), **truth}
    best = [
        f"{truth[c]:.{STYLES[c][1]}f}" if c in truth else STYLES[c][2] for c in columns
    ]
    return "\n".join([*lines, _line("truth", best)])


def mean_and_interval(values: np.ndarray | list, digits: int, sign: str = "") -> str:
    """Writes the mean of some numbers and its 95 % interval: `1.2 [1.0, 1.4]`.

    Args:
        values: one number for each picture.
        digits: after the point.
        sign: "+" to write the sign also where it is positive.
    """
    numbers = (np.mean(values), *bootstrap_interval(values))
    mean, low, high = (f"{number:{sign}.{digits}f}" for number in numbers)
    return f"{mean} [{low}, {high}]"


def _line(title, cells):
    return f"| {title} | " + " | ".join(cells) + " |"
