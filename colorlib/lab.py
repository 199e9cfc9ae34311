"""sRGB and CIE L*a*b*: conversion, scaling for the networks, and the gamut.

Every conversion is written once (`_rgb_to_lab`, `_lab_to_rgb`) and runs on NumPy
arrays as well as inside a Keras graph; `keras` is imported only by the in-graph
functions, so `import colorlib.lab` is quick.
"""

import numpy as np

# The networks see L / 50 - 1 and ab / AB_SCALE, both roughly in [-1, 1].
AB_SCALE = 128.0
L_SCALE = 50.0

# IEC 61966-2-1 primaries and the D65 white of the 2 degree observer, with the digits
# that scikit-image uses, so that both agree.
_XYZ_FROM_RGB = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_TO_XYZ = _XYZ_FROM_RGB / _WHITE[:, None]
_FROM_XYZ = np.linalg.inv(_TO_XYZ)

# CIE 15:2004: below this ratio the cube root is replaced by a straight line.
_LINEAR_BELOW = 0.008856
_SLOPE = 7.787
_OFFSET = 16.0 / 116.0

# Linear light for each of the 256 levels of an 8-bit sRGB channel.
_LEVELS = np.arange(256) / 255.0
_LINEAR_OF_8BIT = np.where(
    _LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4
).astype("float32")


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """Converts sRGB pictures to CIE L*a*b* (D65 white, 2 degree observer).

    Args:
        rgb: float array `(..., 3)`, values in [0, 1].

    Returns:
        float32 array `(..., 3)`: L* in [0, 100], a* in [-86.2, 98.2], b* in
        [-107.9, 94.5].

    Raises:
        ValueError: if the last axis is not 3, the dtype is not floating, or a value
            is not finite or lies outside [0, 1].

    Reference:
        IEC 61966-2-1 (sRGB); CIE 15:2004. Checked against `skimage.color.rgb2lab`.

    Example:
        >>> import numpy as np
        >>> from colorlib.lab import rgb_to_lab
        >>> red = np.array([1.0, 0.0, 0.0])
        >>> print(rgb_to_lab(red).round(1))
        [53.2 80.1 67.2]
    """
    rgb = _checked(rgb, "rgb_to_lab")
    low, high = (rgb.min(), rgb.max()) if rgb.size else (0.0, 1.0)
    if low < -1e-4 or high > 1.0 + 1e-4:
        raise ValueError(
            f"rgb_to_lab needs values in [0, 1], got {low:g} to {high:g}. "
            "Divide an 8-bit picture by 255 (or use rgb8_to_lab); bring a picture "
            "in [-1, 1] back with (rgb + 1) / 2."
        )
    return _rgb_to_lab(rgb, np).astype("float32", copy=False)


def rgb8_to_lab(rgb: np.ndarray) -> np.ndarray:
    """Converts 8-bit sRGB pictures to CIE L*a*b*; same result, twice as fast.

    Args:
        rgb: uint8 array `(..., 3)`, values in [0, 255].

    Returns:
        float32 array `(..., 3)`, as from `rgb_to_lab(rgb / 255)`.

    Raises:
        ValueError: if the dtype is not uint8 or the last axis is not 3.
    """
    rgb = np.asarray(rgb)
    if rgb.dtype != np.uint8 or rgb.ndim == 0 or rgb.shape[-1] != 3:
        raise ValueError(
            "rgb8_to_lab needs a uint8 array whose last axis is 3, got "
            f"{rgb.dtype} of shape {rgb.shape}."
        )
    return _linear_to_lab(_LINEAR_OF_8BIT[rgb], np).astype("float32", copy=False)


def lab_to_rgb(lab: np.ndarray, gamut: str = "keep_lightness") -> np.ndarray:
    """Converts CIE L*a*b* pictures to sRGB.

    Only about a sixth of the box L* 0..100, a* and b* +-110 can be shown in sRGB.
    A colour outside is brought back by shrinking its chroma at constant L* and hue
    until it fits, so that the lightness of the photograph survives.

    Args:
        lab: float array `(..., 3)`: L* in [0, 100], a* and b* in CIE units.
        gamut: "keep_lightness" (shrink the chroma) or "clip" (clip each of R, G and
            B, which moves L*; faster).

    Returns:
        float32 array `(..., 3)`, values in [0, 1].

    Raises:
        ValueError: if the last axis is not 3, the dtype is not floating, a value is
            not finite, L* lies outside [0, 100], or `gamut` is unknown.

    Reference:
        IEC 61966-2-1 (sRGB); CIE 15:2004. Checked against `skimage.color.lab2rgb`.

    Example:
        >>> import numpy as np
        >>> from colorlib.lab import lab_to_rgb
        >>> grey, outside = [50.0, 0.0, 0.0], [50.0, -120.0, 0.0]
        >>> print(lab_to_rgb(np.array([grey, outside])).round(2))
        [[0.47 0.47 0.47]
         [0.01 0.53 0.46]]
    """
    if gamut not in ("keep_lightness", "clip"):
        raise ValueError(f"gamut must be 'keep_lightness' or 'clip', got {gamut!r}.")
    lab = _checked(lab, "lab_to_rgb")
    L = lab[..., 0]
    low, high = (L.min(), L.max()) if L.size else (0.0, 100.0)
    if low < -0.01 or high > 100.01:
        raise ValueError(
            f"lab_to_rgb needs L* in [0, 100], got {low:g} to {high:g}. Bring the "
            "networks' scale back with unscale_L and unscale_ab."
        )
    rgb = _lab_to_rgb(lab, np).astype("float32", copy=False)
    if gamut == "keep_lightness":
        outside = ~_inside(rgb)
        if outside.any():
            rgb[outside] = _lab_to_rgb(_reduce_chroma(lab[outside]), np)
    return np.clip(rgb, 0.0, 1.0, out=rgb)


def lab_to_rgb8(lab: np.ndarray) -> np.ndarray:
    """Converts CIE L*a*b* pictures to 8-bit sRGB, keeping their lightness.

    Args:
        lab: as for `lab_to_rgb`.

    Returns:
        uint8 array `(..., 3)`, values in [0, 255].

    Raises:
        ValueError: as `lab_to_rgb`.
    """
    return np.rint(lab_to_rgb(lab) * 255.0).astype("uint8")


def in_gamut(lab: np.ndarray) -> np.ndarray:
    """Returns which colours sRGB can show.

    Args:
        lab: float array `(..., 3)`: L* in [0, 100], a* and b* in CIE units.

    Returns:
        bool array `(...)`.
    """
    return _inside(_lab_to_rgb(_checked(lab, "in_gamut"), np))


def rgb_to_lab_ops(rgb):
    """`rgb_to_lab` for tensors inside a Keras graph, on every backend.

    Args:
        rgb: float tensor `(..., 3)`, values in [0, 1] (not checked).

    Returns:
        tensor `(..., 3)` of the same dtype (half precision becomes float32), with
        finite gradients everywhere.
    """
    from keras import ops

    return _rgb_to_lab(_at_least_float32(rgb), ops)


def lab_to_rgb_ops(lab):
    """`lab_to_rgb(..., gamut="clip")` for tensors inside a Keras graph.

    Args:
        lab: float tensor `(..., 3)`, L* in [0, 100], a* and b* in CIE units.

    Returns:
        tensor `(..., 3)` of the same dtype (half precision becomes float32), values
        in [0, 1], with finite gradients everywhere (zero where a channel is clipped).
    """
    from keras import ops

    return ops.clip(_lab_to_rgb(_at_least_float32(lab), ops), 0.0, 1.0)


def scale_L(L):
    """Scales L* to the networks' input.

    Args:
        L: float array or tensor of any shape, L* in [0, 100].

    Returns:
        The same shape, L / 50 - 1 in [-1, 1].
    """
    return L / L_SCALE - 1.0


def unscale_L(L):
    """Brings the networks' input back to L*.

    Args:
        L: float array or tensor of any shape, in [-1, 1].

    Returns:
        The same shape, L* in [0, 100].
    """
    return (L + 1.0) * L_SCALE


def scale_ab(ab):
    """Scales a* and b* to the networks' target.

    Args:
        ab: float array or tensor `(..., 2)`, CIE units.

    Returns:
        The same shape, ab / 128: in [-0.85, 0.77] for colours of sRGB.
    """
    return ab / AB_SCALE


def unscale_ab(ab):
    """Brings the networks' output back to CIE units.

    Args:
        ab: float array or tensor `(..., 2)`, ab / 128.

    Returns:
        The same shape, a* and b* in CIE units.
    """
    return ab * AB_SCALE


def _checked(values, name):
    values = np.asarray(values)
    if values.ndim == 0 or values.shape[-1] != 3:
        raise ValueError(
            f"{name} needs an array whose last axis is 3, got shape {values.shape}. "
            "Repeat a grey picture three times; drop an alpha channel."
        )
    if not np.issubdtype(values.dtype, np.floating):
        raise ValueError(
            f"{name} needs floats, got {values.dtype}. Divide an 8-bit picture by 255."
        )
    values = values.astype("float32", copy=False)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} got values that are not finite (NaN or infinity).")
    return values


def _at_least_float32(tensor):
    from keras import backend, ops

    half = backend.standardize_dtype(tensor.dtype) in ("float16", "bfloat16")
    return ops.cast(tensor, "float32") if half else tensor


def _rgb_to_lab(rgb, xp):
    # The maximum keeps the unused branch away from 0 ** 2.4, whose gradient is NaN.
    curve = ((xp.maximum(rgb, 0.04045) + 0.055) / 1.055) ** 2.4
    return _linear_to_lab(xp.where(rgb <= 0.04045, rgb / 12.92, curve), xp)


def _linear_to_lab(linear, xp):
    xyz = _mix(linear, _TO_XYZ, xp)  # (..., 3), 1 for white
    root = xp.maximum(xyz, _LINEAR_BELOW) ** (1.0 / 3.0)
    f = xp.where(xyz > _LINEAR_BELOW, root, _SLOPE * xyz + _OFFSET)
    fx, fy, fz = f[..., 0], f[..., 1], f[..., 2]
    lab = [116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)]
    return xp.stack(lab, axis=-1)


def _lab_to_rgb(lab, xp):
    fy = (lab[..., 0] + 16.0) / 116.0
    f = xp.stack([fy + lab[..., 1] / 500.0, fy, fy - lab[..., 2] / 200.0], axis=-1)
    xyz = xp.where(f > _LINEAR_BELOW ** (1 / 3), f * f * f, (f - _OFFSET) / _SLOPE)
    linear = _mix(xyz, _FROM_XYZ, xp)
    curve = 1.055 * xp.maximum(linear, 0.0031308) ** (1.0 / 2.4) - 0.055
    return xp.where(linear > 0.0031308, curve, 12.92 * linear)


def _mix(channels, matrix, xp):
    """`channels @ matrix.T`; a GPU's own product may keep 10 bits only (TF32)."""
    first, second, third = (channels[..., i] for i in range(3))
    rows = [[float(weight) for weight in row] for row in matrix]
    return xp.stack([a * first + b * second + c * third for a, b, c in rows], axis=-1)


def _inside(rgb):
    return ((rgb >= -1e-4) & (rgb <= 1.0 + 1e-4)).all(axis=-1)


def _reduce_chroma(lab):
    """Shrinks the chroma of colours `(N, 3)` to the edge of sRGB, by bisection."""
    lightness = np.clip(lab[:, :1], 0.0, 100.0)
    inside, outside = np.zeros_like(lightness), np.ones_like(lightness)
    for _ in range(10):  # the last step is 1/1024 of the chroma
        middle = (inside + outside) / 2.0
        trial = np.concatenate([lightness, lab[:, 1:] * middle], axis=-1)
        fits = _inside(_lab_to_rgb(trial, np))[:, None]
        inside, outside = (
            np.where(fits, middle, inside),
            np.where(fits, outside, middle),
        )
    return np.concatenate([lightness, lab[:, 1:] * inside], axis=-1)
