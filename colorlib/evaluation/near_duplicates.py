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
        bits_2, thumbnails_2 = _prints(rgb_2[:, :, ::-1] if flipped else rgb_2)
        for start in range(0, len(rgb_2), 256):
            piece = slice(start, start + 256)
            differing = (64 - bits_1 @ bits_2[piece].T) / 2  # (N, 256)
            correlation = thumbnails_1 @ thumbnails_2[piece].T
            close = (differing <= max_bits) & (correlation >= MIN_CORRELATION)
            close |= correlation >= SAME_CORRELATION
            found |= {(i, start + j) for i, j in np.argwhere(close).tolist()}
    return sorted(found)


def nearest_correlation(rgb_1, rgb_2):
    """How like its nearest picture of another set each picture is.

    Args:
        rgb_1: uint8 array `(N, S, S, 3)`, S at least 16.
        rgb_2: uint8 array `(M, S, S, 3)`; mirrored ones count too.

    Returns:
        float32 array `(N,)`: the highest correlation of 16 x 16 grey thumbnails, in
        [-1, 1].

    Raises:
        ValueError: if the pictures are smaller than 16 pixels.
    """
    thumbnails = _prints(rgb_1)[1]
    highest = np.full(len(rgb_1), -1.0, "float32")
    for pictures in (rgb_2, rgb_2[:, :, ::-1]):
        others = _prints(pictures)[1]
        for start in range(0, len(rgb_2), 256):
            correlation = thumbnails @ others[start : start + 256].T  # (N, 256)
            highest = np.maximum(highest, correlation.max(axis=1))
    return highest


def choose_apart(test_rgb, train_rgb, count=6):
    """Chooses test pictures that are no near-duplicates of training pictures.

    Evenly spread ones, each replaced by one of the two that follow it if it is a
    near-duplicate. Where all three are, it takes those test pictures that are least
    like any training picture, near-duplicates or not.

    Args:
        test_rgb: uint8 array `(N, S, S, 3)`, S at least 16.
        train_rgb: uint8 array `(M, S, S, 3)`.
        count: how many; all if there are fewer.

    Returns:
        (list of int, their numbers in `test_rgb`; how many of these are nevertheless
        near-duplicates).

    Raises:
        ValueError: if the pictures are smaller than 16 pixels.
    """
    spread = np.linspace(0, len(test_rgb) - 1, min(count, len(test_rgb))).astype(int)
    candidates = (np.arange(3)[:, None] + spread) % len(test_rgb)  # (3, count)
    pairs = find_near_duplicates(test_rgb[candidates.ravel()], train_rgb)
    near = {int(candidates.flat[i]) for i, _ in pairs}
    chosen = []
    for column in candidates.T.tolist():
        chosen += [i for i in column if i not in near and i not in chosen][:1]
    missing = len(spread) - len(chosen)
    if not missing:
        return chosen, 0
    farthest = np.argsort(nearest_correlation(test_rgb, train_rgb), kind="stable")
    added = [i for i in farthest.tolist() if i not in chosen][:missing]
    pairs = find_near_duplicates(test_rgb[added], train_rgb)
    return chosen + added, len({i for i, _ in pairs})


def choose_kinds(test_rgb, kinds, train_rgb):
    """Chooses the first test picture of each kind that is no near-duplicate.

    Args:
        test_rgb: uint8 array `(N, S, S, 3)`, S at least 16.
        kinds: N names, the kind of each.
        train_rgb: uint8 array `(M, S, S, 3)`, what the test pictures are compared with.

    Returns:
        List of int, their numbers in `test_rgb`, in the order of the kinds' names. A
        kind all of whose pictures are near-duplicates is left out.

    Raises:
        ValueError: if the pictures are smaller than 16 pixels.
    """
    near = {i for i, _ in find_near_duplicates(test_rgb, train_rgb)}
    first = {}
    for i, kind in enumerate(kinds):
        if i not in near:
            first.setdefault(kind, i)
    return [first[kind] for kind in sorted(first)]


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
