"""How far colours are from the truth, beside what no network reaches."""

from colorlib.metrics.scores import (
    COLUMNS,
    LightnessTable,
    ab_mae,
    ab_mse,
    bootstrap_interval,
    ciede2000,
    colourfulness,
    format_table,
    mean_ab,
    mean_and_interval,
    psnr,
    score,
    score_floors,
    ssim,
)

__all__ = [
    "COLUMNS",
    "LightnessTable",
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
    "score_floors",
    "ssim",
]
