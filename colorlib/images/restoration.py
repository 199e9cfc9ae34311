"""A small restoration of old photographs: tint, contrast, scratches.

**Tint** needs no switch. The network sees L* only and its ab replace those of the
print, so brown or yellow toning never reaches the result. What toning and fading do
change is L* itself: black is no longer black and paper no longer white, and a network
that learned on modern pictures colours such a flat picture worse. That is what the
**contrast** step is for. What no step brings back: plates of before about 1906 saw
blue light only, so that skies are white and red things nearly black.

**Scratches** are filled where a person has marked them. To find them by their shape
(thin, long, unlike both sides) was tried and given up: on 36 real photographs it took
bridge cables, clapboards and bicycle wheels, and left the real creases.
"""

import numpy as np

from colorlib.errors import PictureError
from colorlib.images.picture import Picture
from colorlib.lab import lab_to_rgb8, rgb8_to_lab

# The darkest and the lightest 0.5 % of a picture go to L* 3 and 97.
TAIL, BLACK, WHITE = 0.5, 3.0, 97.0
MOST_GAIN = 2.5  # noise and grain grow by as much
_STRIP = 256
_TILE, _AROUND = 512, 32  # pixels: filled at a time, and looked at on each side


def restore(picture: Picture, contrast: bool = True, marked: bool = False) -> Picture:
    """Prepares an old photograph for colouring; its tint is gone in any case.

    Args:
        picture: an `images.Picture`.
        contrast: stretch a faded lightness to the full range; see `stretch_contrast`.
        marked: fill what is painted pure red; see `find_red_marks`.

    Returns:
        A grey `Picture` of the same size, with the same alpha and metadata; frames
        likewise.
    """
    grey = to_grey(picture.rgb)
    if marked:
        grey = inpaint(grey, find_red_marks(picture.rgb))
    if contrast:
        grey = stretch_contrast(grey)
    rgb = np.repeat(grey[..., None], 3, axis=-1)
    frames = [restore(frame, contrast, marked) for frame in picture.frames]
    kind, info, notes = picture.format, picture.info, picture.notes
    return Picture(rgb, picture.alpha, kind, info, frames, notes)


def to_grey(rgb: np.ndarray) -> np.ndarray:
    """The grey of the same L*: uint8 `(H, W, 3)` in [0, 255] to uint8 `(H, W)`."""
    grey = np.empty(rgb.shape[:2], "uint8")
    for top in range(0, len(rgb), _STRIP):
        lab = rgb8_to_lab(rgb[top : top + _STRIP])
        lab[..., 1:] = 0.0
        grey[top : top + _STRIP] = lab_to_rgb8(lab)[..., 0]
    return grey


def stretch_contrast(grey: np.ndarray) -> np.ndarray:
    """Stretches L* so that its darkest and lightest 0.5 % reach black and white.

    A straight line in L*, so that all tones keep their order and no place is treated
    unlike another. A picture that has the full range already stays as it is.

    Args:
        grey: uint8 `(H, W)`, sRGB levels in [0, 255].

    Returns:
        uint8 `(H, W)`.
    """
    shades = np.repeat(np.arange(256, dtype="uint8")[:, None], 3, axis=1)  # (256, 3)
    L = rgb8_to_lab(shades)[:, 0]
    share = np.cumsum(np.bincount(grey.ravel(), minlength=256)) / max(1, grey.size)
    low = L[np.searchsorted(share, TAIL / 100)]
    high = L[min(255, np.searchsorted(share, 1 - TAIL / 100))]
    to_low, to_high = min(low, BLACK), max(high, WHITE)
    gain = (to_high - to_low) / max(high - low, 1e-6)
    if gain > MOST_GAIN:  # an almost empty picture: less, around its middle
        gain = MOST_GAIN
        to_low = (low + high) / 2 - gain * (high - low) / 2
    lab = np.zeros((256, 3), "float32")
    lab[:, 0] = np.clip(to_low + gain * (L - low), 0.0, 100.0)
    return lab_to_rgb8(lab)[:, 0][grey]


def find_red_marks(rgb: np.ndarray) -> np.ndarray:
    """Finds what was painted over in pure red, with 2 pixels around it.

    No print and no toning is as red as (255, 0, 0). The rim takes in the soft edge of
    a brush, and what JPEG makes of it.

    Args:
        rgb: uint8 `(H, W, 3)`.

    Returns:
        bool `(H, W)`.
    """
    from scipy import ndimage  # scikit-image stands on it

    red = (rgb[..., 0] >= 225) & (rgb[..., 1] <= 60) & (rgb[..., 2] <= 60)
    return ndimage.binary_dilation(red, np.ones((3, 3)), 2) if red.any() else red


def inpaint(grey: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fills masked pixels smoothly from what surrounds them.

    Good for what is thin: smoothness has no texture, and knows nothing of faces.

    Args:
        grey: uint8 `(H, W)`.
        mask: bool `(H, W)`.

    Returns:
        uint8 `(H, W)`; unmasked pixels are unchanged.

    Raises:
        PictureError: if a mark is so broad that there is nothing to fill it from.

    Reference:
        Biharmonic equation (scikit-image's `inpaint_biharmonic`, Damelin and Hoang,
        2018).
    """
    from skimage.restoration import inpaint_biharmonic

    filled = grey.copy()
    # In tiles, each with what lies around it: the memory is that of one tile.
    for top in range(0, grey.shape[0], _TILE):
        for left in range(0, grey.shape[1], _TILE):
            inner = np.s_[top : top + _TILE, left : left + _TILE]
            if not mask[inner].any():
                continue
            up, before = min(top, _AROUND), min(left, _AROUND)
            outer = np.s_[
                top - up : top + _TILE + _AROUND, left - before : left + _TILE + _AROUND
            ]
            if mask[outer].all():
                raise PictureError(f"a red mark is wider than {_TILE} pixels.")
            part = inpaint_biharmonic(grey[outer] / 255.0, mask[outer])
            part = part[up : up + _TILE, before : before + _TILE]
            part = np.rint(np.clip(part, 0.0, 1.0) * 255.0).astype("uint8")
            filled[inner][mask[inner]] = part[mask[inner]]
    return filled
