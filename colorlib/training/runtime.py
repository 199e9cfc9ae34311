"""From which seed a lesson and a training run."""

import keras


def set_seed(seed: int) -> None:
    """Seeds Python, NumPy and the backend.

    Args:
        seed: int, 0 or more.
    """
    keras.utils.set_random_seed(seed)
