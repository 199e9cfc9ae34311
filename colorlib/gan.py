"""pix2pix: two networks trained against each other, by `fit`, on any Keras backend."""

import keras
from keras import ops

from colorlib.optimizers import FusedAdam
from colorlib.utils.backends import apply_gradients, gradients_of, replicas, run_step

KINDS = ("bce", "lsgan")


def adversarial_loss(logits, real: bool, kind: str = "bce"):
    """How far the logits are from the verdict "real" (or "fake").

    Args:
        logits: float array of any shape, from the discriminator.
        real: the wanted verdict, True or False.
        kind: "bce" (the paper's cross-entropy; log 2 for undecided logits of 0) or
            "lsgan" (squared distance from 1 or 0).

    Returns:
        float32 scalar, the mean.

    Raises:
        ValueError: if there is no such kind.

    Reference:
        Goodfellow et al. 2014 (arXiv 1406.2661), with the generator's loss of its
        section 3, which does not saturate; Mao et al. 2017, least squares (arXiv
        1611.04076).
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}.")
    logits = ops.cast(logits, "float32")
    if kind == "bce":
        return ops.mean(ops.softplus(-logits if real else logits))
    return ops.mean(ops.square(logits - (1.0 if real else 0.0)))


class Pix2Pix(keras.Model):
    """A generator and a discriminator that learn from each other.

    One step: the discriminator learns `d_steps` times to tell real colours from the
    generator's, then the generator learns once from the discriminator's verdict and
    the L1 distance to the real colours. While `adversarial` is False only the L1
    distance counts and the discriminator rests.

    `compile()` it, then `fit()` on batches `(L, ab)`; metrics by name: `loss` (the
    generator's), `g_adv`, `g_l1`, `d_real`, `d_fake` and `d_accuracy`.

    Args:
        generator: a network of `models`, `(B, H, W, 1)` -> `(B, H, W, 2)`.
        discriminator: `models.build_patch_discriminator`, `[L, ab]` -> logits.
        l1_weight: of the L1 distance; the paper's 100.
        d_steps: steps of the discriminator a step of the generator; 1 in the paper.
        kind: "bce" or "lsgan", see `adversarial_loss`.
        adversarial: whether to begin with adversarial steps; may be changed between
            two calls of `fit` by `set_adversarial`.

    Raises:
        ValueError: if an argument is out of range.

    Reference:
        Isola et al. 2017 (arXiv 1611.07004), sections 3.1 and 3.3.

    Example:
        >>> import numpy as np
        >>> from colorlib.gan import Pix2Pix
        >>> from colorlib.models import build_patch_discriminator, build_unet
        >>> generator = build_unet(size=32, width=4)
        >>> model = Pix2Pix(generator, build_patch_discriminator(patch=16, width=4))
        >>> model.compile()
        >>> L, ab = np.zeros((2, 32, 32, 1)), np.zeros((2, 32, 32, 2))
        >>> history = model.fit(L, ab, batch_size=1, verbose=0)
        >>> sorted(history.history)
        ['d_accuracy', 'd_fake', 'd_real', 'g_adv', 'g_l1', 'loss']
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        l1_weight: float = 100.0,
        d_steps: int = 1,
        kind: str = "bce",
        adversarial: bool = True,
    ):
        super().__init__(name="pix2pix")
        if kind not in KINDS or d_steps < 1 or l1_weight < 0:
            raise ValueError(
                f"kind must be one of {KINDS}, d_steps at least 1 and l1_weight at "
                f"least 0, got {kind!r}, {d_steps} and {l1_weight}."
            )
        self.generator, self.discriminator = generator, discriminator
        self.l1_weight, self.d_steps, self.kind = float(l1_weight), d_steps, kind
        self.adversarial = bool(adversarial)
        names = ("loss", "g_adv", "g_l1", "d_real", "d_fake", "d_accuracy")
        self.means = [keras.metrics.Mean(name=name) for name in names]
        self.built = True  # both networks are; else `save_weights` would refuse

    def call(self, L, training: bool = False):
        """Colours `(B, H, W, 1)`, L / 50 - 1: ab / 128, `(B, H, W, 2)`."""
        return self.generator(L, training=training)

    @property
    def metrics(self):
        """The means that `fit` resets each epoch."""
        return self.means

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer | None = None,
        d_optimizer: keras.optimizers.Optimizer | None = None,
        **options,
    ) -> None:
        """Sets the optimizers; the paper's Adam(2e-4, beta_1=0.5) by default.

        Args:
            g_optimizer: of the generator.
            d_optimizer: of the discriminator.
            **options: `jit_compile`, `run_eagerly` and `steps_per_execution`, as in
                Keras.
        """
        pair = [
            optimizer or FusedAdam(2e-4, beta_1=0.5)
            for optimizer in (g_optimizer, d_optimizer)
        ]
        # A builder's `dtype` is the layers'; the network itself has the global one.
        parts = [*self.generator.layers, *self.discriminator.layers]
        if any(layer.dtype_policy.name == "mixed_float16" for layer in parts):
            pair = [
                keras.optimizers.LossScaleOptimizer(optimizer, name=name)
                for optimizer, name in zip(pair, ("g_scale", "d_scale"))
            ]
        pair = PairOfOptimizers(*pair)
        super().compile(optimizer=pair, auto_scale_loss=False, **options)
        self.optimizer.build_for(self.generator, self.discriminator)

    def set_adversarial(self, adversarial: bool) -> None:
        """Switches between L1 alone and the whole game, and traces the step anew."""
        if self.adversarial != adversarial:
            self.adversarial = adversarial
            self.train_function = self.test_function = None

    def phases(self, pretrain_epochs: int) -> dict:
        """`phases` for `fit_resumable`: so many epochs of L1 alone, then the game."""
        phases = {pretrain_epochs: lambda: self.set_adversarial(True)}
        if pretrain_epochs:
            phases[0] = lambda: self.set_adversarial(False)
        return phases

    def d_losses(self, L, real_ab, fake_ab, training: bool = True) -> tuple:
        """The discriminator's losses on real and on generated colours, and accuracy.

        What it minimises is the mean of the two, so that log 2 says that nobody wins.

        Args:
            L: float tensor `(B, H, W, 1)`, L / 50 - 1 in [-1, 1].
            real_ab: float tensor `(B, H, W, 2)`, ab / 128.
            fake_ab: the same of the generator's colours.
            training: whether BatchNorm and dropout behave as in training.

        Returns:
            (d_real, d_fake, accuracy): float32 scalars, the two losses and the share
            of right verdicts.
        """
        real_logits = self.discriminator([L, real_ab], training=training)
        fake_logits = self.discriminator([L, fake_ab], training=training)
        d_real = adversarial_loss(real_logits, True, self.kind)
        d_fake = adversarial_loss(fake_logits, False, self.kind)
        middle = 0.0 if self.kind == "bce" else 0.5
        right = [real_logits > middle, fake_logits <= middle]
        accuracy = sum(ops.mean(ops.cast(part, "float32")) for part in right) / 2
        return d_real, d_fake, accuracy

    def g_losses(self, L, real_ab, fake_ab, training: bool = True) -> tuple:
        """The generator's two losses: adversarial, and L1 on ab / 128.

        Args:
            L: float tensor `(B, H, W, 1)`, L / 50 - 1 in [-1, 1].
            real_ab: float tensor `(B, H, W, 2)`, ab / 128.
            fake_ab: the same of the generator's colours.
            training: as for `d_losses`.

        Returns:
            (g_adv, g_l1): float32 scalars; `g_adv` is 0 while `adversarial` is False.
        """
        g_l1 = ops.mean(ops.abs(real_ab - ops.cast(fake_ab, "float32")))
        if not self.adversarial:
            return ops.zeros_like(g_l1), g_l1
        fake_logits = self.discriminator([L, fake_ab], training=training)
        return adversarial_loss(fake_logits, True, self.kind), g_l1

    def step(self, L, real_ab) -> dict:
        """Trains on one batch: the generator runs once, the discriminator learns first.

        Args:
            L: float tensor `(B, H, W, 1)`, L / 50 - 1 in [-1, 1].
            real_ab: float tensor `(B, H, W, 2)`, ab / 128.

        Returns:
            Dict from each metric's name to its mean over the epoch so far.
        """
        pair = self.optimizer

        def g_loss():
            fake_ab = self.generator(L, training=True)  # (B, H, W, 2)
            d_losses = self._teach_discriminator(L, real_ab, ops.stop_gradient(fake_ab))
            g_adv, g_l1 = self.g_losses(L, real_ab, fake_ab)  # scalars
            return g_adv + self.l1_weight * g_l1, (g_adv, g_l1, *d_losses)

        losses = self._descend(g_loss, self.generator, pair.g_optimizer)
        return self._count(L, *losses)

    def _teach_discriminator(self, L, real_ab, fake_ab):
        if not self.adversarial:
            return ops.zeros(()), ops.zeros(()), ops.zeros(())

        def d_loss():
            d_real, d_fake, accuracy = self.d_losses(L, real_ab, fake_ab)
            return (d_real + d_fake) / 2, (d_real, d_fake, accuracy)

        for _ in range(self.d_steps):
            losses = self._descend(
                d_loss, self.discriminator, self.optimizer.d_optimizer
            )
        return losses

    def _count(self, L, g_adv, g_l1, d_real, d_fake, accuracy):
        total = g_adv + self.l1_weight * g_l1
        values = (total, g_adv, g_l1, d_real, d_fake, accuracy)
        for mean, value in zip(self.means, values):
            mean.update_state(value, sample_weight=ops.shape(L)[0])
        return {mean.name: mean.result() for mean in self.means}

    def _descend(self, loss_function, network, optimizer):
        """One step of one optimizer on one network; returns what the loss adds."""

        def scaled():
            loss, more = loss_function()
            return optimizer.scale_loss(loss / replicas()), more

        variables = network.trainable_variables
        gradients, more = gradients_of(scaled, variables, self)
        apply_gradients(optimizer, gradients, variables)
        return more

    def train_step(self, *arguments):
        """One step of `fit`: `(data)`, or `(state, data)` on JAX."""
        return run_step(self, self.step, arguments)

    def test_step(self, *arguments):
        """The losses of one batch without learning; also `(state, data)` on JAX."""
        return run_step(self, self._test, arguments)

    def _test(self, L, real_ab):
        fake_ab = self.generator(L, training=False)
        d_losses = [ops.zeros(())] * 3
        if self.adversarial:
            d_losses = self.d_losses(L, real_ab, fake_ab, training=False)
        return self._count(L, *self.g_losses(L, real_ab, fake_ab, False), *d_losses)


class PairOfOptimizers(keras.optimizers.Optimizer):
    """Two optimizers that `fit`, callbacks and checkpoints see as one.

    Args:
        g_optimizer: of the generator; its learning rate is the one that is shown.
        d_optimizer: of the discriminator.
    """

    def __init__(self, g_optimizer, d_optimizer):
        super().__init__(learning_rate=0.0, name="pair")
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer

    def build_for(self, generator, discriminator):
        """Makes the state of both."""
        self.g_optimizer.build(generator.trainable_variables)
        self.d_optimizer.build(discriminator.trainable_variables)
        self.built = True

    def build(self, variables):
        """Nothing: `build_for` has done it."""

    @property
    def variables(self):
        """All state of both optimizers."""
        return [*self.g_optimizer.variables, *self.d_optimizer.variables]

    @property
    def learning_rate(self):
        """The generator's."""
        return self.g_optimizer.learning_rate

    @property
    def iterations(self):
        """Steps of the generator."""
        return self.g_optimizer.iterations

    def finalize_variable_values(self, variables):
        """Nothing: the two have no averages of weights to put in place."""
