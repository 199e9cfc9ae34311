"""How far a given colour spreads: over the object it is meant for, and beyond."""

import numpy as np
from scipy import ndimage
from skimage.morphology import convex_hull_image

from colorlib.colorize.hints import Hint
from colorlib.images.picture import Picture
from colorlib.lab import rgb8_to_lab

COLORS = ((176, 48, 48), (48, 80, 176))  # given: red, or blue where that is farther
ALIKE = 15.0  # CIE units of ab, within which an object has one colour
ITS_OWN = 20.0  # at least so far from that of what is around it
CHROMA = 15.0  # of an object at least
AREA = (0.05, 0.4)  # shares of a picture that are an object
AT_EDGE = 0.1  # share of the edge of the picture that it may touch
ALONE = 0.7  # of all pixels of its colour at least so many are its own
SOLID = 0.7  # of its convex hull it fills at least so much
MARGIN = 4  # pixels around an object that are neither it nor elsewhere
REACHED = 20.0  # from the given colour, within which a pixel has taken it
_SEEDS = 12  # a side, tried in each picture


def find_object(rgb):
    """Finds an object of one colour by the true colours of a picture.

    Around each of some places: what is connected with it and has its colour. It is an
    object if it is neither small nor most of the picture, coloured, in one piece rather
    than a net, hardly touches the edge, and has a colour that is not around it, and
    hardly elsewhere.

    Args:
        rgb: uint8 array `(H, W, 3)`.

    Returns:
        bool array `(H, W)`, the largest such, holes filled; or None.
    """
    lab = rgb8_to_lab(rgb)
    ab = ndimage.gaussian_filter(lab[..., 1:], (1, 1, 0))
    height, width = ab.shape[:2]
    best, seen = None, np.zeros((height, width), bool)
    for row in np.linspace(0, height - 1, _SEEDS + 2, dtype=int)[1:-1]:
        for column in np.linspace(0, width - 1, _SEEDS + 2, dtype=int)[1:-1]:
            seed = ab[row, column]
            if seen[row, column] or np.hypot(*seed) < CHROMA:
                continue
            alike = np.linalg.norm(ab - seed, axis=-1) < ALIKE
            # Opened: a bridge of a pixel or two connects nothing.
            parts, _ = ndimage.label(ndimage.binary_opening(alike, iterations=2))
            if not parts[row, column]:
                continue
            mask = ndimage.binary_fill_holes(parts == parts[row, column])
            seen |= mask
            if best is not None and mask.sum() <= best.sum():
                continue
            if (alike & mask).sum() >= ALONE * alike.sum() and _is_object(mask, ab):
                best = mask
    return best


def _is_object(mask, ab):
    """Whether a part of a picture is an object; see `find_object`."""
    if not AREA[0] <= mask.mean() <= AREA[1]:
        return False
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    if edge.mean() > AT_EDGE:
        return False
    near = ndimage.binary_dilation(mask, iterations=2)
    around = ndimage.binary_dilation(mask, iterations=8) & ~near
    difference = ab[mask].mean(axis=0) - ab[around].mean(axis=0)
    if np.hypot(*difference) < ITS_OWN:
        return False
    return bool(mask.sum() >= SOLID * convex_hull_image(mask).sum())


def hint_reach(colorizer, rgb, mask):
    """Tells a colorizer another colour for an object, at one place in its middle.

    The colour is one of `COLORS`, that which is farther from what it is coloured
    without a hint.

    Args:
        colorizer: a `colorize.Colorizer` that takes hints.
        rgb: uint8 array `(H, W, 3)`.
        mask: bool array `(H, W)`, where the object is.

    Returns:
        dict of floats: `inside` and `outside`, mean change of ab in CIE units by the
        hint on the object and elsewhere, beyond `MARGIN`; `asked`, the change that was
        asked for, mean distance of the object's colours from the given one before;
        `reached` and `spilled`, shares of the object and of elsewhere that came within
        `REACHED` of the given colour and were not before.
    """
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    before = rgb8_to_lab(colorizer.colorize(Picture(rgb)).rgb)[..., 1:]
    given = rgb8_to_lab(np.array(COLORS, "uint8"))[:, 1:]
    far = np.linalg.norm(given - before[y, x], axis=1).argmax()
    hint = Hint(int(x), int(y), COLORS[far])
    after = rgb8_to_lab(colorizer.colorize(Picture(rgb), hints=[hint]).rgb)[..., 1:]
    change = np.linalg.norm(after - before, axis=-1)
    asked = np.linalg.norm(before - given[far], axis=-1)
    taken = (np.linalg.norm(after - given[far], axis=-1) < REACHED) & (asked >= REACHED)
    elsewhere = ~ndimage.binary_dilation(mask, iterations=MARGIN)
    return {
        "inside": float(change[mask].mean()),
        "outside": float(change[elsewhere].mean()),
        "asked": float(asked[mask].mean()),
        "reached": float(taken[mask].mean()),
        "spilled": float(taken[elsewhere].mean()),
    }
