"""The running mean of a network's weights, which colours better than the last ones."""

import contextlib

import keras
import numpy as np
from keras import ops


class WeightAverage(keras.callbacks.Callback):
    """Keeps the exponential moving average of the weights that are trained.

    Training goes on with the weights themselves; validation sees the average. At the
    beginning, where the weights still move far, it forgets faster: its momentum is at
    most (1 + step) / (10 + step).

    Args:
        model: the compiled `keras.Model` that is trained.
        momentum: share of the old average that stays in a step, in (0, 1).
        every: steps between two updates, each of which then forgets as much as these
            steps together: the mean of fewer weights costs less time.

    Attributes:
        variables: list of Keras variables, the average; to be saved with a checkpoint.

    Raises:
        ValueError: if `momentum` or `every` is out of range.

    Reference:
        Polyak and Juditsky 1992; the shorter memory at the beginning is TensorFlow's
        `ExponentialMovingAverage` with `num_updates`.
    """

    def __init__(self, model, momentum, every=1):
        super().__init__()
        if not 0 < momentum < 1:
            raise ValueError(f"momentum must be in (0, 1), got {momentum}.")
        if every < 1:
            raise ValueError(f"every must be at least 1 step, got {every}.")
        self.network, self.momentum, self.every = model, momentum, every
        self.variables = [
            keras.Variable(
                np.array(ops.convert_to_numpy(v)),
                trainable=False,
                name=v.path.replace("/", "_"),
            )
            for v in model.trainable_variables
        ]

    def on_train_batch_end(self, batch, logs=None):
        """Lets the average follow the weights; Keras calls it."""
        step = int(self.network.optimizer.iterations)
        if step % self.every:
            return
        if hasattr(self.network, "jax_state_sync"):
            self.network.jax_state_sync()  # JAX trains on copies of the variables
        kept = min(self.momentum, (1 + step) / (10 + step)) ** self.every
        for mean, weight in zip(self.variables, self.network.trainable_variables):
            mean.assign(kept * mean.value + (1 - kept) * weight.value)

    def on_test_begin(self, logs=None):
        """Puts the average into the model; Keras calls it before validation."""
        self.swap()

    def on_test_end(self, logs=None):
        """Puts the weights back; Keras calls it after validation."""
        self.swap()

    def swap(self):
        """Exchanges the model's weights and the average."""
        for mean, weight in zip(self.variables, self.network.trainable_variables):
            # Copies: what a backend hands out may follow the variable.
            old, new = (np.array(ops.convert_to_numpy(v)) for v in (weight, mean))
            weight.assign(new)
            mean.assign(old)

    @contextlib.contextmanager
    def applied(self):
        """A context in which the model has the average."""
        self.swap()
        try:
            yield
        finally:
            self.swap()
