"""Flicker of the colours of a film: a measure of it, and a filter against it."""

import numpy as np
from scipy.ndimage import map_coordinates, uniform_filter
from skimage.registration import optical_flow_ilk

from colorlib.images.resize import resize_plane

STILL = 1.0  # L* units by which a still pixel's surroundings change at most
CUT = 6.0  # mean change of L* that motion does not explain; within a scene below 3
_WINDOW = 5  # pixels: side of the surroundings


class TemporalSmoother:
    """Carries colours over from frame to frame, where the picture stays the same.

    A network that sees one frame at a time gives the same thing other colours in the
    next one. Here the colours of a pixel are mixed with those it had before, the more
    the less the lightness around it changed, at the place it is or, where that fits
    better, at the place it moved from. After a cut nothing is carried over.

    The weight of the past is `keep * exp(-(change / tolerance)^2)`, with the mean
    change of L* (of lightly blurred frames, against grain) over 5 x 5 pixels; the whole
    frame's change of brightness, as old films have it, does not count. The motion is
    that of `skimage.registration.optical_flow_ilk` on half-size frames.

    Works on the small planes that the network sees; holds two of them, whatever the
    length of the film.

    Args:
        keep: the greatest weight of the past, in [0, 1).
        tolerance: change of L* at which it has sunk to 37 % of that.

    References:
        Bilateral weights in time: Bennett and McMillan, "Video enhancement using
        per-pixel virtual exposures", SIGGRAPH 2005. Iterative Lucas-Kanade:
        Le Besnerais and Champagnat, ICIP 2005.
    """

    def __init__(self, keep=0.9, tolerance=1.2):
        self.keep, self.tolerance = keep, tolerance
        self.L = self.ab = None  # of the frame before: blurred, and smoothed

    def __call__(self, L, ab):
        """Smooths the colours of the next frame.

        Args:
            L: float32 array `(h, w)`, L* in [0, 100].
            ab: float32 array `(h, w, 2)`, a* and b* in CIE units, as predicted.

        Returns:
            float32 array `(h, w, 2)`. A frame of another size starts anew.
        """
        L = uniform_filter(L, 3)
        if self.L is not None and self.L.shape == L.shape:
            change, past = self._compare(L)
            if change.mean() < CUT:
                weight = self.keep * np.exp(-((change / self.tolerance) ** 2))
                ab = ab + weight[..., None] * (past - ab)
        self.L, self.ab = L, ab
        return ab

    def _compare(self, L):
        """Change of L* `(h, w)`, and the ab `(h, w, 2)` that were there before."""
        change, fits, places = _compare(self.L, L)
        past = np.stack([_at(self.ab[..., c], places) for c in (0, 1)], axis=-1)
        return change, np.where(fits[..., None], past, self.ab)

    def __str__(self):
        """Its settings: another text, another film."""
        return f"Smoother({self.keep}, {self.tolerance})"

    def state(self):
        """What the next frame depends on: a dict of arrays."""
        return {} if self.L is None else {"L": self.L, "ab": self.ab}

    def resume(self, state):
        """Goes on after the frame at which `state` was taken."""
        self.L, self.ab = state.get("L"), state.get("ab")


def flicker(L, ab):
    """How much the colours of still pixels change from frame to frame.

    A pixel is still between two frames if the mean |change of L*| over the 5 x 5
    pixels around it is below `STILL`. Of the true colours of a film the result is not
    0, but their noise.

    Args:
        L: float array `(T, h, w)`, L* in [0, 100], of successive frames.
        ab: float array `(T, h, w, 2)`, a* and b* in CIE units.

    Returns:
        (mean length of the change of (a*, b*) over all still pixels of all pairs of
        frames, in CIE units; NaN if no pixel is still. Share of still pixels.)

    Raises:
        ValueError: if there are fewer than two frames.

    Reference:
        After the warping error of Lai et al., "Learning Blind Video Temporal
        Consistency", ECCV 2018, with still pixels in place of their
        optical flow: what a still pixel does needs no estimate.
    """
    if len(L) < 2:
        raise ValueError(f"flicker needs two frames or more, got {len(L)}.")
    total, still, pixels = 0.0, 0, 0
    for n in range(1, len(L)):
        quiet = uniform_filter(np.abs(L[n] - L[n - 1]), _WINDOW) < STILL
        step = np.linalg.norm(ab[n] - ab[n - 1], axis=-1)
        total += float(step[quiet].sum())
        still += int(quiet.sum())
        pixels += quiet.size
    return (total / still if still else float("nan")), still / pixels


def is_cut(before, L):
    """Whether another scene begins with a frame.

    Args:
        before: float32 array `(h, w)`, L* in [0, 100], of the frame before.
        L: the same of this one.

    Returns:
        bool.
    """
    before, L = uniform_filter(before, 3), uniform_filter(L, 3)
    # Motion explains some of the change, or none: it need not be looked for in most.
    without_motion = np.abs(L - before - np.median(L - before)).mean()
    return bool(without_motion >= CUT and _compare(before, L)[0].mean() >= CUT)


def _compare(before, L):
    """What changed from one blurred plane `(h, w)` to the next, and by which motion.

    Returns:
        Change of L* `(h, w)` that motion does not explain; bool `(h, w)`, where it
        explains some; rows and columns `(2, h, w)` at which each pixel was before.
    """
    before = before + np.median(L - before)
    places = _motion(L, before)
    moved = _at(before, places)
    change = uniform_filter(np.abs(L - before), _WINDOW)
    change_moved = uniform_filter(np.abs(L - moved), _WINDOW)
    # Motion must explain much: where little moves, what it finds is often wrong.
    fits = (change > STILL) & (change_moved < change / 2)
    return np.where(fits, change_moved, change), fits, places


def _motion(L, before):
    """Where each pixel of L `(h, w)` was before: rows and columns `(2, h, w)`."""
    height, width = L.shape
    half = [max(1, side // 2) for side in L.shape]
    pair = [resize_plane(plane, *half) / 100 for plane in (L, before)]
    flow = optical_flow_ilk(*pair, radius=5, num_warp=3)
    scales = (height / half[0], width / half[1])
    steps = [s * resize_plane(f, height, width) for s, f in zip(scales, flow)]
    return np.stack(steps) + np.mgrid[:height, :width]


def _at(plane, places):
    """The values of a plane between its pixels."""
    return map_coordinates(plane, places, order=1, mode="nearest")
