"""How good is a colorization? Errors, colourfulness, floors and intervals.

Every table has the floors beside the model: PSNR 25 can mean that nothing was
coloured at all.
"""

from dataclasses import dataclass

import numpy as np
from skimage.color import deltaE_ciede2000
from skimage.metrics import structural_similarity

from colorlib.lab import lab_to_rgb8, rgb8_to_lab, scale_ab

COLUMNS = ("psnr", "ssim", "ab_mse", "ab_mae", "ciede2000", "colourfulness")
# Of every column that a table can have: its title, its digits, what a perfect one has.
STYLES = {
    "psnr": ("PSNR", 2, "-"),
    "ssim": ("SSIM", 3, "1"),
    "ab_mse": ("MSE (ab/128)", 5, "0"),
    "ab_mae": ("ab MAE", 2, "0"),
    "ciede2000": ("CIEDE2000", 2, "0"),
    "colourfulness": ("colourfulness", 1, None),
    "lpips": ("LPIPS", 3, "0"),
    "top1": ("top-1", 3, None),
}


def psnr(real_rgb, fake_rgb):
    """Peak signal-to-noise ratio of 8-bit pictures.

    Args:
        real_rgb: uint8 array `(..., H, W, 3)`.
        fake_rgb: the same shape.

    Returns:
        float64 array `(...)` in dB, higher is better; infinite for equal pictures.
    """
    _eight_bit(real_rgb, fake_rgb)
    _same(real_rgb, fake_rgb)
    difference = real_rgb.astype("float64") - fake_rgb.astype("float64")
    mse = (difference**2).mean(axis=(-3, -2, -1))
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(255.0**2 / mse)


def ssim(real_rgb, fake_rgb):
    """Structural similarity of one pair of 8-bit pictures, mean of the channels.

    Args:
        real_rgb: uint8 array `(H, W, 3)`, H and W at least 7.
        fake_rgb: the same shape.

    Returns:
        float in [-1, 1], 1 for equal pictures.

    Reference:
        Wang et al. 2004, Image quality assessment; scikit-image's implementation.
    """
    _eight_bit(real_rgb, fake_rgb)
    _same(real_rgb, fake_rgb)
    return structural_similarity(real_rgb, fake_rgb, channel_axis=-1, data_range=255)


def ab_mse(real_ab, fake_ab):
    """Mean squared error of ab / 128, the loss of the MSE models.

    Args:
        real_ab: float array `(..., H, W, 2)`, CIE units.
        fake_ab: the same shape.

    Returns:
        array `(...)`, of (ab / 128) squared.
    """
    _floating(real_ab, fake_ab)
    _same(real_ab, fake_ab)
    return (scale_ab(real_ab - fake_ab) ** 2).mean(axis=(-3, -2, -1))


def ab_mae(real_ab, fake_ab):
    """Mean absolute error of a* and b*.

    Args:
        real_ab: float array `(..., H, W, 2)`, CIE units.
        fake_ab: the same shape.

    Returns:
        array `(...)`, CIE units.
    """
    _floating(real_ab, fake_ab)
    _same(real_ab, fake_ab)
    return np.abs(real_ab - fake_ab).mean(axis=(-3, -2, -1))


def ciede2000(real_lab, fake_lab):
    """Mean CIEDE2000 colour difference; about 2 is just noticeable.

    Args:
        real_lab: float array `(..., H, W, 3)`, L* and CIE units.
        fake_lab: the same shape.

    Returns:
        array `(...)`.

    Reference:
        Sharma et al. 2005, The CIEDE2000 color-difference formula; scikit-image's
        implementation.
    """
    _floating(real_lab, fake_lab)
    _same(real_lab, fake_lab)
    return deltaE_ciede2000(real_lab, fake_lab).mean(axis=(-2, -1))


def colourfulness(rgb):
    """Colourfulness of 8-bit pictures: 0 grey, 15 slightly, 45 quite, 80 very.

    Args:
        rgb: uint8 array `(..., H, W, 3)`.

    Returns:
        float64 array `(...)`.

    Reference:
        Hasler and Suesstrunk 2003, Measuring colourfulness in natural images, eq. 3.
    """
    _eight_bit(rgb)
    red, green, blue = np.moveaxis(np.asarray(rgb, "float64"), -1, 0)
    red_green, yellow_blue = red - green, (red + green) / 2.0 - blue
    pixels = (-2, -1)
    spread = np.hypot(red_green.std(axis=pixels), yellow_blue.std(axis=pixels))
    shift = np.hypot(red_green.mean(axis=pixels), yellow_blue.mean(axis=pixels))
    return spread + 0.3 * shift


def bootstrap_interval(values, share=0.95, draws=2000, seed=0, of=None):
    """Confidence interval of a mean, by the percentile bootstrap over pictures.

    Args:
        values: N numbers, one for each picture; or with `of`, `(N, K)` numbers.
        share: of the interval.
        draws: number of resamples.
        seed: of the resampling.
        of: function of the K means, for the interval of a ratio and the like; a
            resample takes all numbers of a picture together, and counts only where
            the function is defined.

    Returns:
        (low, high).

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
        means = [mean for mean in means if not np.isnan(mean)] or [np.nan]
    edge = (1.0 - share) / 2.0
    if not np.isfinite(means).all():  # PSNR of equal pictures: nothing to interpolate
        means, last = np.sort(means), len(means) - 1
        return float(means[round(edge * last)]), float(means[round(last - edge * last)])
    return tuple(float(v) for v in np.quantile(means, [edge, 1.0 - edge]))


@dataclass
class LightnessTable:
    """The mean ab of each lightness level: the best colorizer that sees no picture.

    Attributes:
        ab: float32 array `(101, 2)`, CIE units, for L* 0, 1, ..., 100.
    """

    ab: np.ndarray

    @classmethod
    def fit(cls, rgb):
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

    def predict(self, L):
        """Looks up the colour of L* `(...)`; returns float32 `(..., 2)`, CIE units."""
        return self.ab[np.clip(np.rint(L), 0, 100).astype(int)]


def mean_ab(rgb):
    """Mean colour of uint8 pictures `(N, H, W, 3)`; float32 `(2,)`, CIE units."""
    pieces = [rgb[i : i + 256] for i in range(0, len(rgb), 256)]
    sums = sum(
        rgb8_to_lab(p)[..., 1:].sum(axis=(0, 1, 2), dtype="float64") for p in pieces
    )
    return (sums / rgb[..., 0].size).astype("float32")


def score(real_rgb, fake_ab):
    """Scores predicted colours, picture by picture, with the true L* kept.

    Args:
        real_rgb: uint8 array `(N, H, W, 3)`, the true pictures.
        fake_ab: float array `(N, H, W, 2)`, CIE units.

    Returns:
        dict from each name in `COLUMNS` to N numbers. PSNR, SSIM, CIEDE2000 and
        colourfulness look at the picture as shown (8 bits, inside sRGB); `ab_mse`
        and `ab_mae` at the prediction itself.

    Raises:
        ValueError: if the numbers of pictures or their sizes differ.
    """
    if np.shape(fake_ab) != (*np.shape(real_rgb)[:3], 2):
        raise ValueError(
            f"pictures {np.shape(real_rgb)} and colours {np.shape(fake_ab)} do not fit."
        )
    scores = {name: [] for name in COLUMNS}
    for real, ab in zip(real_rgb, fake_ab):
        lab = rgb8_to_lab(real)
        shown = np.concatenate([lab[..., :1], ab], axis=-1)
        fake = lab_to_rgb8(shown)
        scores["psnr"].append(psnr(real, fake))
        scores["ssim"].append(ssim(real, fake))
        scores["ab_mse"].append(ab_mse(lab[..., 1:], ab))
        scores["ab_mae"].append(ab_mae(lab[..., 1:], ab))
        scores["ciede2000"].append(ciede2000(lab, rgb8_to_lab(fake)))
        scores["colourfulness"].append(colourfulness(fake))
    return {name: np.array(values, "float64") for name, values in scores.items()}


def score_floors(real_rgb, mean, table):
    """Scores the three predictors that look at no picture.

    Args:
        real_rgb: uint8 array `(N, H, W, 3)`, held-out pictures.
        mean: `(2,)` mean colour of the training pictures, from `mean_ab`.
        table: `LightnessTable` of the training pictures.

    Returns:
        dict from "grey", "mean colour" and "lightness table" to the dict of `score`.
    """
    shape = (*real_rgb.shape[:3], 2)
    by_lightness = np.stack([table.predict(rgb8_to_lab(p)[..., 0]) for p in real_rgb])
    return {
        "grey": score(real_rgb, np.zeros(shape, "float32")),
        "mean colour": score(real_rgb, np.broadcast_to(np.asarray(mean), shape)),
        "lightness table": score(real_rgb, by_lightness),
    }


def format_table(rows, real_rgb, **truth):
    """Writes scores as a Markdown table: mean, and 95 % interval of the mean.

    Args:
        rows: dict from a predictor's name to the dict of `score`, or to one that has
            other columns of `STYLES`.
        real_rgb: uint8 array `(N, H, W, 3)`, for the truth's colourfulness.
        **truth: what the true pictures have in further columns, such as `top1`.

    Returns:
        The table, as text.
    """
    truth = {"colourfulness": colourfulness(real_rgb).mean(), **truth}
    columns = list(next(iter(rows.values())))
    titles = " | ".join(STYLES[column][0] for column in columns)
    lines = [f"| | {titles} |", "|---" * (len(columns) + 1) + "|"]
    for title, scores in rows.items():
        cells = [mean_and_interval(scores[c], STYLES[c][1]) for c in columns]
        lines.append(_line(title, cells))
    best = [
        f"{truth[c]:.{STYLES[c][1]}f}" if c in truth else STYLES[c][2] for c in columns
    ]
    return "\n".join([*lines, _line("truth", best)])


def mean_and_interval(values, digits, sign=""):
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


def _same(real, fake):
    if np.shape(real) != np.shape(fake):
        raise ValueError(f"shapes differ: {np.shape(real)} and {np.shape(fake)}.")


def _eight_bit(*pictures):
    for rgb in pictures:
        if np.asarray(rgb).dtype != np.uint8:
            raise ValueError(
                f"an 8-bit picture is needed, got {np.asarray(rgb).dtype}. Bring "
                "floats in [0, 1] there with np.rint(rgb * 255).astype('uint8')."
            )


def _floating(*colours):
    for lab in colours:
        if not np.issubdtype(np.asarray(lab).dtype, np.floating):
            raise ValueError(
                f"Lab colours must be floats, got {np.asarray(lab).dtype}."
            )
