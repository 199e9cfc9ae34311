"""How sure a mean is: intervals over pictures."""

from collections.abc import Callable

import numpy as np


def bootstrap_interval(
    values: np.ndarray | list,
    share: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
    of: Callable | None = None,
) -> tuple:
    """Confidence interval of a mean, by the percentile bootstrap over pictures.

    Args:
        values: N numbers, one for each picture; or with `of`, `(N, K)` numbers.
        share: of the interval.
        draws: number of resamples.
        seed: of the resampling.
        of: function of the K means, for the interval of a ratio and the like; a
            resample takes all numbers of a picture together. Whatever it divides by
            must stay away from 0.

    Returns:
        (low, high); both not a number if `of` is undefined in any resample.

    Raises:
        ValueError: if there is no value.

    Reference:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    values = np.asarray(values, "float64")
    if values.size == 0:
        raise ValueError("an interval needs at least one value.")
    random = np.random.default_rng(seed)
    resamples = (random.choice(values, len(values)) for _ in range(draws))
    means = [sample.mean(axis=0) for sample in resamples]
    if of is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            means = [float(of(*mean)) for mean in means]
        if np.isnan(means).any():
            return float("nan"), float("nan")
    edge = (1.0 - share) / 2.0
    if not np.isfinite(means).all():  # PSNR of equal pictures: nothing to interpolate
        means, last = np.sort(means), len(means) - 1
        return float(means[round(edge * last)]), float(means[round(last - edge * last)])
    return tuple(float(v) for v in np.quantile(means, [edge, 1.0 - edge]))
