"""sRGB and CIE L*a*b*: conversion, scaling for the networks, and the gamut.

Every formula is written once, for the three channels of a picture, and runs on NumPy
arrays as well as inside a Keras graph; `keras` is imported only by the in-graph
functions, so `import colorlib.lab` is quick. For 8-bit pictures tables take the place
of the curves that cost most.
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

_CHUNK = 1 << 16  # pixels converted at a time: their channels stay in the cache


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
    return np.stack(_rgb_to_lab(*_channels(rgb), np), axis=-1)


def rgb8_to_lab(rgb: np.ndarray) -> np.ndarray:
    """Converts 8-bit sRGB pictures to CIE L*a*b*; same result, faster.

    Args:
        rgb: uint8 array `(..., 3)`, values in [0, 255].

    Returns:
        float32 array `(..., 3)`, as from `rgb_to_lab(rgb / 255)`.

    Raises:
        ValueError: if the dtype is not uint8 or the last axis is not 3.
    """
    rgb = _checked_rgb8(rgb, "rgb8_to_lab")
    linear = [_LINEAR_OF_8BIT.take(channel) for channel in _channels(rgb)]
    return np.stack(_linear_to_lab(*linear, np), axis=-1)


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
    lab = _checked_lab(lab, "lab_to_rgb")
    L, a, b = lab.reshape(-1, 3).T
    linear = _lab_to_linear(L, a, b, np)
    if gamut == "keep_lightness":
        _reduce_chroma(L, a, b, linear)
    rgb = np.stack([_curve(channel, np) for channel in linear], axis=-1)
    return np.clip(rgb, 0.0, 1.0, out=rgb).reshape(lab.shape)


def lab_to_rgb8(lab: np.ndarray) -> np.ndarray:
    """Converts CIE L*a*b* pictures to 8-bit sRGB, keeping their lightness.

    Args:
        lab: as for `lab_to_rgb`.

    Returns:
        uint8 array `(..., 3)`, values in [0, 255]: those of `lab_to_rgb`, rounded. A
        value in the middle between two levels may become either of them.

    Raises:
        ValueError: as `lab_to_rgb`.
    """
    lab = _checked_lab(lab, "lab_to_rgb8")
    rgb, flat = np.empty(lab.shape, "uint8"), lab.reshape(-1, 3)
    for part in _chunks(len(flat)):
        rgb.reshape(-1, 3)[part] = _to_rgb8(*flat[part].T)
    return rgb


def replace_ab(rgb: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Gives 8-bit sRGB pictures other colours, keeping their lightness.

    The same as `lab_to_rgb8` of the L* of `rgb8_to_lab(rgb)` and these a* and b*, to
    1 of 255 (2 for a colour that sRGB cannot show), in a fraction of the time.

    Args:
        rgb: uint8 array `(..., 3)`, values in [0, 255].
        ab: float array `(..., 2)`, a* and b* in CIE units.

    Returns:
        uint8 array `(..., 3)`, values in [0, 255].

    Raises:
        ValueError: if the dtype of `rgb` is not uint8, its last axis is not 3, or the
            shape of `ab` does not fit.
    """
    rgb = _checked_rgb8(rgb, "replace_ab")
    if ab.shape != (*rgb.shape[:-1], 2):
        raise ValueError(
            f"replace_ab needs ab of shape {(*rgb.shape[:-1], 2)} for a picture of "
            f"shape {rgb.shape}, got {ab.shape}."
        )
    before, flat_ab = rgb.reshape(-1, 3), ab.reshape(-1, 2)
    after = np.empty_like(before)
    for part in _chunks(len(before)):
        linear = [_LINEAR_OF_8BIT.take(channel) for channel in before[part].T]
        (Y,) = _mix(linear, _TO_XYZ[1:2])
        after[part] = _to_rgb8(116.0 * _root(Y, np) - 16.0, *flat_ab[part].T)
    return after.reshape(rgb.shape)


def linear_to_rgb8(linear: np.ndarray) -> np.ndarray:
    """Gives linear light the curve of sRGB, in 8 bits.

    Args:
        linear: float array `(...)`, R, G or B, 1 for white; what lies outside [0, 1] is
            clipped.

    Returns:
        uint8 array `(...)`, values in [0, 255].
    """
    index = (np.clip(linear, 0.0, 1.0) * 65535.0 + 0.5).astype("intp")
    return _8BIT_OF_LINEAR.take(index)


def in_gamut(lab: np.ndarray) -> np.ndarray:
    """Returns which colours sRGB can show.

    Args:
        lab: float array `(..., 3)`: L* in [0, 100], a* and b* in CIE units.

    Returns:
        bool array `(...)`.
    """
    return _fits(_lab_to_linear(*_channels(_checked(lab, "in_gamut")), np))


def rgb_to_lab_ops(rgb):
    """`rgb_to_lab` for tensors inside a Keras graph, on every backend.

    Args:
        rgb: float tensor `(..., 3)`, values in [0, 1] (not checked).

    Returns:
        tensor `(..., 3)` of the same dtype (half precision becomes float32), with
        finite gradients everywhere.
    """
    from keras import ops

    return ops.stack(_rgb_to_lab(*_channels(_at_least_float32(rgb)), ops), axis=-1)


def lab_to_rgb_ops(lab):
    """`lab_to_rgb(..., gamut="clip")` for tensors inside a Keras graph.

    Args:
        lab: float tensor `(..., 3)`, L* in [0, 100], a* and b* in CIE units.

    Returns:
        tensor `(..., 3)` of the same dtype (half precision becomes float32), values
        in [0, 1], with finite gradients everywhere (zero where a channel is clipped).
    """
    from keras import ops

    linear = _lab_to_linear(*_channels(_at_least_float32(lab)), ops)
    rgb = ops.stack([_curve(channel, ops) for channel in linear], axis=-1)
    return ops.clip(rgb, 0.0, 1.0)


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


def _checked_lab(lab, name):
    lab = _checked(lab, name)
    L = lab[..., 0]
    low, high = (L.min(), L.max()) if L.size else (0.0, 100.0)
    if low < -0.01 or high > 100.01:
        raise ValueError(
            f"{name} needs L* in [0, 100], got {low:g} to {high:g}. Bring the "
            "networks' scale back with unscale_L and unscale_ab."
        )
    return lab


def _checked_rgb8(rgb, name):
    rgb = np.asarray(rgb)
    if rgb.dtype != np.uint8 or rgb.ndim == 0 or rgb.shape[-1] != 3:
        raise ValueError(
            f"{name} needs a uint8 array whose last axis is 3, got {rgb.dtype} of "
            f"shape {rgb.shape}."
        )
    return rgb


def _at_least_float32(tensor):
    from keras import backend, ops

    half = backend.standardize_dtype(tensor.dtype) in ("float16", "bfloat16")
    return ops.cast(tensor, "float32") if half else tensor


# The formulas. Each curve is a straight line below a point and a power above it. The
# maximum keeps the power, and its gradient, away from 0 and below; what lies below is
# added as the difference to it, which is quicker than a choice.


def _rgb_to_lab(red, green, blue, xp):
    linear = [_light(channel, xp) for channel in (red, green, blue)]
    return _linear_to_lab(*linear, xp)


def _light(channel, xp):
    """Linear light of an sRGB channel in [0, 1]."""
    above = xp.maximum(channel, 0.04045)
    return ((above + 0.055) / 1.055) ** 2.4 + (channel - above) / 12.92


def _curve(linear, xp):
    """The sRGB channel of linear light."""
    above = xp.maximum(linear, 0.0031308)
    return 1.055 * above ** (1.0 / 2.4) - 0.055 + 12.92 * (linear - above)


def _linear_to_lab(red, green, blue, xp):
    fx, fy, fz = (_root(c, xp) for c in _mix((red, green, blue), _TO_XYZ))
    return 116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)


def _root(ratio, xp):
    """The f of CIE L*a*b*: the cube root of X, Y or Z, which is 1 for white."""
    # A choice here: with these digits the pieces miss each other by 3e-7, times 500.
    above = xp.maximum(ratio, _LINEAR_BELOW) ** (1.0 / 3.0)
    return xp.where(ratio > _LINEAR_BELOW, above, _SLOPE * ratio + _OFFSET)


def _lab_to_linear(L, a, b, xp):
    fy = (L + 16.0) / 116.0
    return _mix([_cube(f, xp) for f in (fy + a / 500.0, fy, fy - b / 200.0)], _FROM_XYZ)


def _cube(f, xp):
    """The inverse of `_root`."""
    above = xp.maximum(f, _LINEAR_BELOW ** (1.0 / 3.0))
    return above * above * above + (f - above) / _SLOPE


def _mix(channels, matrix):
    """`matrix @ channels`; a GPU's own product may keep 10 bits only (TF32)."""
    first, second, third = channels
    rows = [[float(weight) for weight in row] for row in matrix]
    return [x * first + y * second + z * third for x, y, z in rows]


def _channels(picture):
    return (picture[..., i] for i in range(3))


# What sRGB can show, in linear light; a hair more, for rounding.
_DARKEST, _BRIGHTEST = -1e-4 / 12.92, _light(1.0 + 1e-4, np)


def _fits(linear):
    red, green, blue = linear
    low = np.minimum(np.minimum(red, green), blue)
    high = np.maximum(np.maximum(red, green), blue)
    return (low >= _DARKEST) & (high <= _BRIGHTEST)


def _reduce_chroma(L, a, b, linear):
    """Shrinks the chroma of what sRGB cannot show to its edge, by bisection.

    Args:
        L: float32 array `(N,)`, L* in [0, 100].
        a: the same, a* in CIE units.
        b: the same, b*.
        linear: list of float32 arrays `(N,)`, their R, G, B; changed in place.
    """
    outside = np.flatnonzero(~_fits(linear))
    if not outside.size:
        return
    L, a, b = np.clip(L[outside], 0.0, 100.0), a[outside], b[outside]
    share, step = np.zeros_like(L), 1.0  # of the chroma that surely fits
    for _ in range(10):
        step /= 2.0
        tried = share + step
        share += step * _fits(_lab_to_linear(L, a * tried, b * tried, np))
    for channel, reduced in zip(linear, _lab_to_linear(L, a * share, b * share, np)):
        channel[outside] = reduced


# The tables of 8-bit pictures. The second has 65536 steps of linear light: where the
# curve is steepest, near black, that is off by 1/40 of a level.
_LINEAR_OF_8BIT = _light(np.arange(256) / 255.0, np).astype("float32")
_8BIT_OF_LINEAR = np.rint(255.0 * _curve(np.arange(65536) / 65535.0, np)).astype("u1")


def _to_rgb8(L, a, b):
    """8-bit sRGB `(N, 3)` of L, a and b `(N,)`."""
    linear = _lab_to_linear(L, a, b, np)
    _reduce_chroma(L, a, b, linear)
    return np.stack([linear_to_rgb8(channel) for channel in linear], axis=-1)


def _chunks(count):
    return (slice(begin, begin + _CHUNK) for begin in range(0, count, _CHUNK))
