"""Which picture is for training, validation or test: by its name alone."""

import hashlib
import re

VALIDATION_SHARE = 0.10
TEST_SHARE = 0.10


def stable_order(entries: list) -> list:
    """Sorts things that have a `name` into an order that looks random and is fixed."""
    return sorted(entries, key=lambda e: (_share(e.name, "order"), e.name))


def held_out(names: list, group: str, share: float, salt: str = "validation") -> list:
    """Returns which names belong to the held-out share.

    Args:
        names: the names.
        group: pattern of a name; names with the same first group go one way.
        share: about what part is held out, at least one group if there are two.
        salt: of the hash; another one gives a share that has nothing to do with it.

    Returns:
        List of bools, one a name.
    """
    matches = [re.match(group, name) for name in names]
    keys = [m.group(1) if m else name for m, name in zip(matches, names)]
    shares = {key: _share(key, salt) for key in keys}
    limit = share
    if len(shares) > 1:  # at least one, also of a handful of pictures
        limit = max(share, min(shares.values()) * (1 + 1e-9))
    return [shares[key] < limit for key in keys]


def _share(text, salt):
    """A number in [0, 1) that depends on the text alone."""
    # Names that are no UTF-8 hold lone surrogates.
    data = f"{salt}:{text}".encode(errors="surrogateescape")
    digest = hashlib.sha256(data).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
