"""A bar for a training that takes longer than a moment."""

from collections.abc import Iterable

import keras
from tqdm import tqdm


def bar(things: Iterable, what: str, total: int | None = None) -> tqdm:
    """Goes through things and shows how far it is, on stderr.

    The bar comes after two seconds, so that a short loop shows none, and goes when
    the loop ends.

    Args:
        things: what the loop goes through, such as `range(epochs)`.
        what: a word for the bar's left end.
        total: how many things there are; None where `len(things)` tells.

    Returns:
        An iterator of the same things.
    """
    return tqdm(things, what, total, leave=False, delay=2)


class EpochBar(keras.callbacks.Callback):
    """The same bar for `fit`, a step an epoch, with the loss at its right end.

    Args:
        what: a word for the bar's left end.
    """

    def __init__(self, what: str = "training"):
        super().__init__()
        self.what = what
        self._bar = None

    def on_train_begin(self, logs=None):
        """Begins the bar anew."""
        self._bar = bar(None, self.what, self.params["epochs"])

    def on_epoch_end(self, epoch, logs=None):
        """Moves it by an epoch."""
        if "loss" in (logs or {}):
            self._bar.set_postfix(loss=f"{float(logs['loss']):.4f}", refresh=False)
        self._bar.update()

    def on_train_end(self, logs=None):
        """Takes it away."""
        self._bar.close()
