"""How far colours are from the truth, beside what no network reaches."""

from colorlib.metrics.baselines import (
    BASELINES,
    LightnessTable,
    mean_ab,
    score_baselines,
)
from colorlib.metrics.intervals import bootstrap_interval
from colorlib.metrics.scores import (
    COLUMNS,
    SHOWN_COLUMNS,
    ab_mae,
    ab_mse,
    ciede2000,
    colourfulness,
    psnr,
    score,
    ssim,
)
from colorlib.metrics.tables import format_table, mean_and_interval

__all__ = [
    "BASELINES",
    "COLUMNS",
    "LightnessTable",
    "SHOWN_COLUMNS",
    "ab_mae",
    "ab_mse",
    "bootstrap_interval",
    "ciede2000",
    "colourfulness",
    "format_table",
    "mean_ab",
    "mean_and_interval",
    "psnr",
    "score",
    "score_baselines",
    "ssim",
]
