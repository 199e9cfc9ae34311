"""The optimizers of the recipes: Adam in one pass over the weights, and schedules."""

from functools import partial

import keras

from colorlib.utils.backends import fused_adam_step


@keras.saving.register_keras_serializable("colorlib")
class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, whose update is a single TensorFlow operation.

    Keras writes the update as a dozen element-wise operations, each of which reads and
    writes all weights; with the 57 million of pix2pix that takes a seventh of a
    training step on a CPU. TensorFlow has the same formula as one operation. On other
    backends, which join the operations by themselves or do not need it, this is
    Keras' Adam.

    Arguments, variables (and so checkpoints) are those of `keras.optimizers.Adam`.

    Reference:
        Kingma and Ba 2014 (arXiv 1412.6980), the formula before section 2.1. Checked
        against `keras.optimizers.Adam`.
    """

    def __init__(self, *args, name="adam", **options):
        """See `keras.optimizers.Adam`."""
        super().__init__(*args, name=name, **options)

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable, and its two running means, by one step."""
        if self.amsgrad or not fused_adam_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate)


class HalfLinear(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that stays for half of the steps, then falls evenly to 0.

    Args:
        rate: the rate of the first half.
        steps: of the whole training.
        skipped: of these, before the optimizer's first step.
        repeats: optimizer steps a training step.
    """

    def __init__(self, rate, steps, skipped=0, repeats=1):
        self.rate, self.steps = rate, steps
        self.skipped, self.repeats = skipped, repeats

    def __call__(self, step):
        """Returns the rate of an optimizer step."""
        done = keras.ops.cast(step, "float32") / self.repeats + self.skipped
        return self.rate * keras.ops.clip(2 - 2 * done / self.steps, 0, 1)

    def get_config(self):
        """Returns the arguments."""
        return dict(vars(self))


SCHEDULES = ("constant", "cosine", "linear")
OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "pix2pix": partial(FusedAdam, beta_1=0.5),
}


def make_optimizer(recipe, steps, skipped=0, repeats=1):
    """Makes a recipe's optimizer.

    Args:
        recipe: a `Recipe`.
        steps: training steps in all, for the schedule.
        skipped: of these, before the optimizer's first step.
        repeats: optimizer steps a training step.
    """
    learning_rate = recipe.learning_rate
    if recipe.schedule == "linear":
        learning_rate = HalfLinear(learning_rate, steps, skipped, repeats)
    if recipe.schedule == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            decay_steps=max(1, int(steps * 0.95)),
            warmup_target=recipe.learning_rate,
            warmup_steps=max(1, steps - int(steps * 0.95)),
        )
    return OPTIMIZERS[recipe.optimizer](learning_rate)
