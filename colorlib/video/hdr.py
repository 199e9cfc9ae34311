"""High dynamic range made fit for an ordinary screen."""

import numpy as np

from colorlib.lab import linear_to_rgb8

PQ, HLG = 16, 18  # transfer functions, as H.273 numbers them
WHITE = 203.0  # cd/m2 of white paper in a film of high dynamic range: ITU-R BT.2408
_KNEE = 0.7  # of white: what is darker stays, what is brighter is compressed

# ITU-R BT.2087: linear light of BT.2020 as BT.709, the primaries of sRGB.
_TO_BT709 = np.array(
    [
        [1.6605, -0.5876, -0.0728],
        [-0.1246, 1.1329, -0.0083],
        [-0.0182, -0.1006, 1.1187],
    ],
    "float32",
)


def tone_map(rgb, transfer):
    """Brings a frame of high dynamic range to 8-bit sRGB.

    What is darker than 70 % of white paper keeps its light; above, highlights are
    compressed so that the brightest still differ. The largest of the three channels
    decides, so that hues stay.

    Args:
        rgb: uint16 array `(H, W, 3)`, R, G, B of BT.2020 primaries, in [0, 65535].
        transfer: `PQ` or `HLG`.

    Returns:
        uint8 array `(H, W, 3)`, sRGB.

    Reference:
        SMPTE ST 2084 and ITU-R BT.2100 (PQ, HLG); ITU-R BT.2408 (white at 203 cd/m2).
    """
    result = np.empty(rgb.shape, "uint8")
    for row, line in enumerate(rgb):  # in float32 a whole frame of 4K takes 100 MB
        light = _LIGHT[transfer].take(line)  # (W, 3), cd/m2
        if transfer == HLG:  # the screen's own gamma, for one of 1000 cd/m2
            luminance = light @ np.array([0.2627, 0.678, 0.0593], "float32") / 1000
            light *= np.maximum(luminance, 1e-6)[:, None] ** 0.2
        light = light / WHITE @ _TO_BT709.T
        brightest = np.maximum(light.max(axis=1), 1e-6)
        light *= (_compressed(brightest) / brightest)[:, None]
        result[row] = linear_to_rgb8(light)
    return result


def _compressed(light):
    """The light in [0, 1] for light of any brightness, where 1 is white paper."""
    above = np.maximum(light - _KNEE, 0.0) / (1.0 - _KNEE)
    return np.minimum(light, _KNEE) + (1.0 - _KNEE) * above / (1.0 + above)


def _pq_light(signal):
    """cd/m2 of a signal in [0, 1]: SMPTE ST 2084."""
    root = signal ** (1 / 78.84375)
    base = np.maximum(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)
    return 10000.0 * base ** (1 / 0.1593017578125)


def _hlg_light(signal):
    """Light of the scene, times 1000, of a signal in [0, 1]: ITU-R BT.2100."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright = (np.exp((np.maximum(signal, 0.5) - c) / a) + b) / 12
    return 1000.0 * np.where(signal <= 0.5, signal**2 / 3, bright)


_SIGNAL = np.arange(65536) / 65535.0
_LIGHT = {
    PQ: _pq_light(_SIGNAL).astype("float32"),
    HLG: _hlg_light(_SIGNAL).astype("float32"),
}
