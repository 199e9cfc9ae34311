"""A regression that also looks: L1 on the colours plus a distance of features."""

import keras
from keras import ops

from colorlib.lab import lab_to_rgb_ops, unscale_ab, unscale_L


class Perceptual(keras.Model):
    """A network under training by L1 and, beside it, a perceptual distance.

    Args:
        network: a network of `models`, `(B, H, W, 1)` -> `(B, H, W, 2)`; one that takes
            hints gets (L, hints).
        distance: a function of two sRGB batches in [0, 1], such as `Lpips`.
        weight: of the distance beside the L1 loss on ab / 128.
        shrink: by what the pictures are shrunk before they are compared.
        pictures: how many of a batch, its first, are compared; None for all. On a CPU
            the distance takes most of the time.

    Raises:
        ValueError: if `weight`, `shrink` or `pictures` is out of range.

    Reference:
        Johnson et al. 2016 (arXiv 1603.08155), section 3.2.
    """

    def __init__(self, network, distance, weight=1.0, shrink=2, pictures=None):
        super().__init__(name="perceptual")
        if weight < 0 or shrink < 1:
            raise ValueError(
                "weight must be at least 0 and shrink at least 1, got "
                f"{weight} and {shrink}."
            )
        if pictures is not None and pictures < 1:
            raise ValueError(f"pictures must be at least 1 or None, got {pictures}.")
        self.pictures = pictures
        self.network, self.weight, self.shrink = network, float(weight), shrink
        self.distance = distance
        self.l1 = keras.metrics.Mean(name="l1")
        self.seen = keras.metrics.Mean(name="lpips")
        self.built = True  # the network is; else `save_weights` would refuse

    def call(self, L, training=False):
        """Colours `(B, H, W, 1)`, L / 50 - 1: ab / 128, `(B, H, W, 2)`."""
        return self.network(L, training=training)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        """L1 distance on ab / 128 plus `weight` times the mean distance."""
        del sample_weight, training
        y_pred = ops.cast(y_pred, "float32")
        l1 = ops.mean(ops.abs(y - y_pred))
        L = x[0] if isinstance(x, (list, tuple)) else x
        few = slice(self.pictures)
        real, fake = (self._rgb(L[few], ab[few]) for ab in (y, y_pred))
        distance = ops.mean(self.distance(real, fake))
        self.l1.update_state(l1, sample_weight=ops.shape(L)[0])
        self.seen.update_state(distance, sample_weight=ops.shape(L[few])[0])
        return l1 + self.weight * distance

    def _rgb(self, L, ab):
        lab = ops.concatenate([unscale_L(L), unscale_ab(ab)], axis=-1)
        if self.shrink > 1:
            lab = ops.average_pool(lab, self.shrink)
        return lab_to_rgb_ops(lab)
