"""Places of a film, followed from frame to frame."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from colorlib.video.smoothing import is_cut

BLOCK = 17  # pixels, as the network sees them: side of the block around a place
REACH = 8  # pixels that a place moves from frame to frame at most
FITS = 2.0  # mean difference of L* of blocks that show the same
LOST = 8.0  # and above this one, another thing
_STILL = 0.05  # units of L* that a pixel of motion must gain: where all is flat, none
_EARLY = 0.002  # seconds by which a time may be rounded down
WAITING, FOLLOWED, OVER = range(3)


class PlaceTracker:
    """Follows places of a film, each from the frame shown at its time.

    The block around a place is searched in each frame for its lightness, less the mean,
    so that changes of brightness do not count. As long as it fits, it is the block of
    the first frame that is searched for: so errors do not add up. Where it has changed
    too much, that of the frame before takes its place. A place is over at a cut, or
    where neither block is found.

    Works on the small planes that the network sees; holds one of them, whatever the
    length of the film.

    Args:
        times: N numbers, seconds from the beginning of the film.
    """

    def __init__(self, times):
        self.times, count = np.asarray(times, "float64"), len(times)
        self.status = np.full(count, WAITING)
        self.over = np.full(count, np.nan)  # seconds at which each was lost
        self.blocks = np.zeros((count, BLOCK, BLOCK), "float32")
        self.now = np.zeros((count, 2), int)  # pixels
        self.L, self.end = None, 0.0  # of the frame before

    def __call__(self, L, places, end):
        """Goes to the next frame.

        Args:
            L: float32 array `(h, w)`, L* in [0, 100], as the network sees it.
            places: float array `(N, 2)`, row and column at the time of each, as shares
                of height and width, in [0, 1).
            end: seconds from the beginning at which the frame is no longer shown.

        Returns:
            float64 array `(N, 2)` of the places in this frame, as shares of its height
            and width; NaN for what is not followed now.
        """
        following = np.flatnonzero(self.status == FOLLOWED)
        if len(following) and is_cut(self.L, L):
            self._end(following)
            following = following[:0]
        for i in following:
            self._follow(i, L)
        size = np.array(L.shape)
        for i in np.flatnonzero((self.status == WAITING) & (self.times + _EARLY < end)):
            self.now[i] = np.asarray(places[i]) * size
            self.blocks[i] = _block(L, *self.now[i])
            self.status[i] = FOLLOWED
        self.L, self.end = L, end
        shares = (self.now + 0.5) / size
        return np.where((self.status == FOLLOWED)[:, None], shares, np.nan)

    def _follow(self, i, L):
        """Finds one place in the next frame, or not."""
        place, difference = _search(L, self.blocks[i], self.now[i])
        anew = difference > FITS  # it has turned, grown or got into the shade
        if anew:
            before = _block(self.L, *self.now[i])
            place, difference = _search(L, before, self.now[i])
        if difference > LOST or not ((place >= 0) & (place < L.shape)).all():
            self._end(i)
            return
        self.now[i] = place
        if anew:
            self.blocks[i] = _block(L, *place)

    def _end(self, numbers):
        self.status[numbers], self.over[numbers] = OVER, self.end

    def state(self):
        """What the next frame depends on: a dict of arrays."""
        names = ("status", "over", "blocks", "now", "L", "end")
        return {f"places_{n}": getattr(self, n) for n in names if self.L is not None}

    def resume(self, state):
        """Goes on after the frame at which `state` was taken."""
        for name, values in state.items():
            if name.startswith("places_"):
                setattr(self, name.removeprefix("places_"), values)


def _block(L, row, column):
    """The block around a pixel, less its mean; at the edge of the picture mirrored."""
    padded = np.pad(L, BLOCK // 2, "symmetric")
    block = padded[row : row + BLOCK, column : column + BLOCK]
    return block - block.mean()


def _search(L, block, place):
    """The pixel near a place whose block is most alike, and the mean difference."""
    padded = np.pad(L, BLOCK // 2 + REACH, "symmetric")
    row, column = place
    side = BLOCK + 2 * REACH
    around = padded[row : row + side, column : column + side]
    blocks = sliding_window_view(around, (BLOCK, BLOCK))  # (2 REACH + 1, .., B, B)
    blocks = blocks - blocks.mean(axis=(2, 3), keepdims=True)
    difference = np.abs(blocks - block).mean(axis=(2, 3))
    steps = np.arange(-REACH, REACH + 1)
    cost = difference + _STILL * np.hypot(steps[:, None], steps)
    best = np.unravel_index(cost.argmin(), cost.shape)
    return place + np.array(best) - REACH, float(difference[best])
