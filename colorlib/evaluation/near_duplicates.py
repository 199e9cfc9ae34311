"""Near-duplicates: the same photograph twice, resized, stored again or mirrored."""

import numpy as np

# Two pictures are near-duplicates if so few of 64 bits differ ...
MAX_BITS = 10
# ... and their 16 x 16 thumbnails go up and down together: dark ground below a bright
# sky agrees with another one in the one, smooth pictures in the other, not in both.
MIN_CORRELATION = 0.9
# So equal thumbnails are enough: on a plain white ground the bits are chance.
SAME_CORRELATION = 0.995


def find_near_duplicates(rgb_1, rgb_2, max_bits=MAX_BITS, mirrored=True):
    """Compares every picture of one set with every picture of another.

    Args:
        rgb_1: uint8 array `(N, S, S, 3)`, S at least 16; 32 is enough.
        rgb_2: uint8 array `(M, S, S, 3)`.
        max_bits: how many of the 64 bits of the difference hash may differ.
        mirrored: whether a mirrored picture counts too.

    Returns:
        List of pairs (index in `rgb_1`, index in `rgb_2`), sorted.

    Raises:
        ValueError: if the pictures are smaller than 16 pixels.

    Reference:
        The difference hash is that of Neal Krawetz, "Kind of Like That" (2013).
    """
    bits_1, thumbnails_1 = _prints(rgb_1)
    found = set()
    for flipped in (False, True)[: 1 + mirrored]:
        pictures = rgb_2[:, :, ::-1] if flipped else rgb_2
        bits_2, thumbnails_2 = _prints(pictures)
        for start in range(0, len(rgb_2), 256):
            piece = slice(start, start + 256)
            differing = (64 - bits_1 @ bits_2[piece].T) / 2  # (N, 256)
            correlation = thumbnails_1 @ thumbnails_2[piece].T
            close = (differing <= max_bits) & (correlation >= MIN_CORRELATION)
            close |= correlation >= SAME_CORRELATION
            found |= {(i, start + j) for i, j in np.argwhere(close).tolist()}
    return sorted(found)


def _prints(rgb):
    """Bits as -1 and 1, float32 `(N, 64)`, and thumbnails of length 1, `(N, 256)`."""
    side = rgb.shape[1]
    if side < 16:
        raise ValueError(f"pictures of at least 16 pixels are needed, got {side}.")
    bits = np.empty((len(rgb), 64), "float32")
    thumbnails = np.empty((len(rgb), 256), "float32")
    for start in range(0, len(rgb), 256):
        piece = slice(start, start + 256)
        grey = rgb[piece] @ np.array([0.299, 0.587, 0.114], "float32")  # (n, S, S)
        cells = _averaging(side, 8) @ grey @ _averaging(side, 9).T  # (n, 8, 9)
        brighter = cells[:, :, 1:] > cells[:, :, :-1]
        bits[piece] = np.where(brighter, 1, -1).reshape(-1, 64)
        small = _averaging(side, 16) @ grey @ _averaging(side, 16).T  # (n, 16, 16)
        small = small.reshape(-1, 256)
        small -= small.mean(axis=1, keepdims=True)
        length = np.linalg.norm(small, axis=1, keepdims=True)
        thumbnails[piece] = small / np.maximum(length, 1e-6)
    return bits, thumbnails


def _averaging(side, cells):
    """A matrix that averages `side` pixels into `cells` equal parts."""
    edges = np.linspace(0, side, cells + 1)[:, None]
    pixels = np.arange(side)
    overlap = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    return (np.clip(overlap, 0, None) * cells / side).astype("float32")
