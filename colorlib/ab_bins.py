"""Colour as one of a few hundred classes: bins of ab, rebalancing, annealed mean."""

import functools

import keras
import numpy as np
from keras import ops

from colorlib.lab import AB_SCALE, rgb8_to_lab

GRID = 10  # CIE units between two bins
NEIGHBOURS, SIGMA = 5, 5.0  # of the soft encoding
TEMPERATURE = 0.38  # of the annealed mean


@functools.cache
def bin_centres() -> np.ndarray:
    """Centres of the bins that hold at least one colour of sRGB.

    Returns:
        float32 array `(261, 2)`, multiples of 10 CIE units, read-only. (The paper keeps
        313, some of them just outside the gamut.)

    Reference:
        Zhang et al. 2016 (arXiv 1603.08511), section 2.1.
    """
    steps = np.arange(0, 256, 3, dtype="uint8")
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
    ab = rgb8_to_lab(cube.reshape(1, -1, 3))[0, :, 1:]
    centres = GRID * np.unique(np.round(ab / GRID), axis=0).astype("float32")
    centres.flags.writeable = False
    return centres


def nearest_bin(ab: np.ndarray) -> np.ndarray:
    """Number of the bin nearest to each colour.

    Args:
        ab: float array `(..., 2)`, CIE units.

    Returns:
        int array `(...)`, rows of `bin_centres()`.
    """
    ab = np.asarray(ab, "float32")
    rounded = np.unique(np.round(ab.reshape(-1, 2) / GRID), axis=0, return_inverse=True)
    cells, which = rounded[0] * GRID, rounded[1].ravel()
    squared = ((cells[:, None] - bin_centres()) ** 2).sum(axis=-1)
    bins = squared.argmin(axis=1)[which]
    # A cell that no colour of sRGB is in has several bins near it.
    outside = squared.min(axis=1)[which] > 0
    far = ab.reshape(-1, 1, 2)[outside] - bin_centres()
    bins[outside] = (far**2).sum(axis=-1).argmin(axis=1)
    return bins.reshape(ab.shape[:-1])


def rebalancing_weights(
    rgb: np.ndarray, mix: float = 0.5, smoothing: float = SIGMA
) -> np.ndarray:
    """How much a pixel of each bin counts, so that rare colours are learned too.

    Args:
        rgb: uint8 array `(N, H, W, 3)`, the training pictures.
        mix: share of the uniform distribution mixed into that of the pictures, in
            (0, 1]; 1 is no rebalancing.
        smoothing: standard deviation in CIE units of the Gaussian that smooths the
            pictures' distribution.

    Returns:
        float32 array `(261,)`; its mean over the pictures' smoothed colours is 1.

    Raises:
        ValueError: if `mix` is out of range, or there are no pictures.

    Reference:
        Zhang et al. 2016 (arXiv 1603.08511), section 2.2, equation 4.
    """
    if not 0 < mix <= 1:
        raise ValueError(f"mix must be in (0, 1], got {mix}.")
    if not len(rgb):
        raise ValueError("there are no pictures to count the colours of.")
    centres = bin_centres()
    counts = np.zeros(len(centres))
    for picture in rgb:
        bins = nearest_bin(rgb8_to_lab(picture)[..., 1:])
        counts += np.bincount(bins.ravel(), minlength=len(centres))
    distances = ((centres[:, None] - centres) ** 2).sum(axis=-1)
    kernel = np.exp(-distances / (2 * smoothing**2))
    prior = counts / counts.sum() @ (kernel / kernel.sum(axis=1, keepdims=True))
    weights = 1 / ((1 - mix) * prior + mix / len(centres))
    return (weights / (prior @ weights)).astype("float32")


def soft_encode(ab):
    """Spreads each colour over its five nearest bins (more where they are tied).

    Args:
        ab: float tensor `(..., 2)`, CIE units.

    Returns:
        float32 tensor `(..., 261)`, sums of 1.

    Reference:
        Zhang et al. 2016 (arXiv 1603.08511), section 2.1: sigma 5.

    Example:
        >>> import numpy as np
        >>> from keras import ops
        >>> from colorlib.ab_bins import bin_centres, soft_encode
        >>> shares = ops.convert_to_numpy(soft_encode(np.array([[12.0, 6.0]])))
        >>> shares.shape, bin_centres()[shares[0].argmax()].tolist()
        ((1, 261), [10.0, 10.0])
        >>> int((shares > 0).sum()), round(float(shares.sum()), 4)
        (5, 1.0)
    """
    centres = bin_centres()
    # -distance^2 / (2 sigma^2), but for what all bins of a colour have in common
    closeness = ops.matmul(ops.cast(ab, "float32"), centres.T)  # (..., 261)
    closeness = (closeness - (centres**2).sum(axis=1) / 2) / SIGMA**2
    fifth = ops.top_k(closeness, NEIGHBOURS)[0][..., -1:]  # (..., 1)
    return ops.softmax(ops.where(closeness >= fifth, closeness, -1e9))


class ClassLoss(keras.losses.Loss):
    """Cross-entropy between a colour's bins and the predicted ones, rebalanced.

    Called with ab / 128 `(B, H, W, 2)` and logits `(B, h, w, 261)`; where these are
    coarser, the colours of the pixels that a logit covers are averaged.

    Args:
        weights: of the bins, from `rebalancing_weights`, or None for equal ones.

    Raises:
        ValueError: if there is not one weight a bin.

    Reference:
        Zhang et al. 2016 (arXiv 1603.08511), equations 2 and 3.
    """

    def __init__(self, weights: np.ndarray | None = None, name: str = "class_loss"):
        super().__init__(name=name)
        count = len(bin_centres())
        self.weights = np.ones(count, "float32") if weights is None else weights
        if np.shape(self.weights) != (count,):
            shape = np.shape(self.weights)
            raise ValueError(f"weights must be of shape ({count},), got {shape}.")

    def call(self, true_ab, logits):
        """Returns the loss of the square of pixels that each logit covers.

        Args:
            true_ab: float tensor `(B, H, W, 2)`, ab / 128.
            logits: float tensor `(B, h, w, 261)`, H and W multiples of h and w.

        Returns:
            float32 tensor `(B, h, w)`.
        """
        factor = true_ab.shape[1] // logits.shape[1]
        if factor > 1:
            true_ab = ops.average_pool(true_ab, factor)  # (B, h, w, 2)
        truth = soft_encode(true_ab * AB_SCALE)  # (B, h, w, 261)
        nearest = ops.argmax(truth, axis=-1)  # (B, h, w)
        each = ops.take(ops.convert_to_tensor(self.weights), nearest)  # (B, h, w)
        logs = ops.log_softmax(ops.cast(logits, "float32"))  # (B, h, w, 261)
        return -each * ops.sum(truth * logs, axis=-1)


class AnnealedMean(keras.layers.Layer):
    """One colour from the probabilities of all bins.

    Args:
        temperature: 1 takes the mean (grey where the network is unsure), near 0 the
            most likely bin (vivid, but spotted); 0.38 is the paper's.

    Reference:
        Zhang et al. 2016 (arXiv 1603.08511), section 2.3.
    """

    def __init__(self, temperature: float = TEMPERATURE, **options):
        super().__init__(**options)
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}.")
        self.temperature = temperature

    def call(self, logits):
        """Turns logits `(..., 261)` into ab / 128 `(..., 2)`."""
        shares = ops.softmax(ops.cast(logits, "float32") / self.temperature)
        return ops.matmul(shares, bin_centres() / AB_SCALE)


def as_colorizer(network: keras.Model, temperature: float = TEMPERATURE) -> keras.Model:
    """Makes a network of classes predict ab; returns any other network as it is.

    Args:
        network: `(B, H, W, 1)` -> `(B, H, W, 2)` or logits `(B, H/2, W/2, 261)`.
        temperature: of the annealed mean.

    Returns:
        A `keras.Model`, `(B, H, W, 1)` -> `(B, H, W, 2)`, that shares its weights.
    """
    channels = network.output_shape[-1]
    if channels == 2 or channels != len(bin_centres()):  # to find them takes a second
        return network
    # float32 whatever the policy: bfloat16 has steps of half a CIE unit.
    ab = AnnealedMean(temperature, name="annealed_mean", dtype="float32")
    full_size = keras.layers.UpSampling2D(
        interpolation="bilinear", name="full_size", dtype="float32"
    )
    output = full_size(ab(network.output))
    return keras.Model(network.input, output, name=f"{network.name}_ab")
