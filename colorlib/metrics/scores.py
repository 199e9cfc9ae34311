"""How good is a colorization? Errors against the true picture, and colourfulness."""

import numpy as np
from skimage.color import deltaE_ciede2000
from skimage.metrics import structural_similarity

from colorlib.lab import lab_to_rgb8, rgb8_to_lab, scale_ab

COLUMNS = ("psnr", "ssim", "ab_mse", "ab_mae", "ciede2000", "colourfulness")
SHOWN_COLUMNS = (
    *("psnr", "ssim", "shown_ab_mse", "shown_ab_mae", "ciede2000", "colourfulness"),
)


def psnr(real_rgb: np.ndarray, fake_rgb: np.ndarray) -> np.ndarray:
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


def ssim(real_rgb: np.ndarray, fake_rgb: np.ndarray) -> float:
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


def ab_mse(real_ab: np.ndarray, fake_ab: np.ndarray) -> np.ndarray:
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


def ab_mae(real_ab: np.ndarray, fake_ab: np.ndarray) -> np.ndarray:
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


def ciede2000(real_lab: np.ndarray, fake_lab: np.ndarray) -> np.ndarray:
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


def colourfulness(rgb: np.ndarray) -> np.ndarray:
    """Measures how colourful 8-bit pictures are.

    The paper's people called pictures not colourful at 0, slightly colourful at 15,
    moderately at 33, averagely at 45, quite at 59, highly at 82 and extremely at 109.

    Args:
        rgb: uint8 array `(..., H, W, 3)`.

    Returns:
        float64 array `(...)`, 0 for a grey picture.

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


def score(real_rgb: np.ndarray, fake: np.ndarray) -> dict:
    """Scores colours, picture by picture.

    Args:
        real_rgb: uint8 array `(N, H, W, 3)`, the true pictures.
        fake: float array `(N, H, W, 2)`, predicted colours in CIE units, to which the
            true L* is added; or uint8 array `(N, H, W, 3)`, coloured pictures.

    Returns:
        dict from each name in `COLUMNS` to N numbers. PSNR, SSIM, CIEDE2000 and
        colourfulness look at the picture as shown (8 bits, inside sRGB); `ab_mse`
        and `ab_mae` at the prediction itself. Of coloured pictures `shown_ab_mse` and
        `shown_ab_mae` take their place (`SHOWN_COLUMNS`): they are smaller where a
        prediction has colours that a screen cannot show.

    Raises:
        ValueError: if the numbers of pictures or their sizes differ.

    Example:
        >>> import numpy as np
        >>> from colorlib.lab import rgb8_to_lab
        >>> from colorlib.metrics import score
        >>> red = np.full((1, 8, 8, 3), (200, 60, 50), "uint8")
        >>> true_ab = rgb8_to_lab(red)[..., 1:]
        >>> scores = score(red, 0.5 * true_ab)
        >>> print(scores["ab_mae"].round(1), scores["psnr"].round(1))
        [23.1] [17.6]
    """
    shown = np.asarray(fake).dtype == np.uint8
    if np.shape(fake) != (*np.shape(real_rgb)[:3], 3 if shown else 2):
        raise ValueError(
            f"pictures {np.shape(real_rgb)} and colours {np.shape(fake)} do not fit."
        )
    columns = SHOWN_COLUMNS if shown else COLUMNS
    scores = {name: [] for name in columns}
    for real, colours in zip(real_rgb, fake):
        lab, fake_rgb = rgb8_to_lab(real), colours
        if not shown:
            fake_rgb = lab_to_rgb8(np.concatenate([lab[..., :1], colours], axis=-1))
        fake_lab = rgb8_to_lab(fake_rgb)
        ab = fake_lab[..., 1:] if shown else colours
        found = (
            psnr(real, fake_rgb),
            ssim(real, fake_rgb),
            ab_mse(lab[..., 1:], ab),
            ab_mae(lab[..., 1:], ab),
            ciede2000(lab, fake_lab),
            colourfulness(fake_rgb),
        )
        for name, value in zip(columns, found):
            scores[name].append(value)
    return {name: np.array(values, "float64") for name, values in scores.items()}


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
