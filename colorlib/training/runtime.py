"""How a lesson runs: small numbers or full ones, and from which seed."""

import os

import keras

# The lessons' small numbers, for tests and for a first look on a slow machine.
FAST = os.environ.get("COLORLIB_FAST", "0") not in ("", "0")


def set_seed(seed: int) -> None:
    """Seeds Python, NumPy and the backend.

    Args:
        seed: int, 0 or more.
    """
    keras.utils.set_random_seed(seed)
