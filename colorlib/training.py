"""Seeds, FAST, and weights that load whole or not at all."""

import contextlib
import os
import re

import keras
import numpy as np

from colorlib.files import write_atomically

# The lessons' small numbers, for tests and for a first look on a slow machine.
FAST = os.environ.get("COLORLIB_FAST", "0") not in ("", "0")


class WeightsError(ValueError):
    """Weights that are damaged or belong to another network."""


def set_seed(seed):
    """Seeds Python, NumPy and the backend.

    Args:
        seed: int, 0 or more.
    """
    keras.utils.set_random_seed(seed)


def hardware():
    """One line about the machine: accelerator or processor cores, and versions."""
    try:
        devices = keras.distribution.list_devices()
    except (AttributeError, NotImplementedError):  # Keras has no list for PyTorch
        devices = []
    kinds = {str(device).split(":")[0] for device in devices} - {"cpu"}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    machine = (
        " and ".join(sorted(kinds)).upper() or f"{cores or os.cpu_count()} CPU cores"
    )
    return f"{machine}, Keras {keras.__version__} on {keras.backend.backend()}"


def all_devices():
    """A context: networks built and compiled in it are trained on all accelerators.

    Each batch is divided evenly among the GPUs (or among virtual CPU devices, to try
    it); with one device the context does nothing. TensorFlow takes its
    `MirroredStrategy`, JAX Keras' `DataParallel`; on PyTorch one device is used.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_logical_devices("GPU")
        devices = [d.name for d in gpus or tf.config.list_logical_devices("CPU")]
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy(devices).scope()
    if backend == "jax" and len(keras.distribution.list_devices()) > 1:
        return keras.distribution.DataParallel(auto_shard_dataset=False).scope()
    return contextlib.nullcontext()


def save_weights(model, path, dtype="float16"):
    """Writes a network's weights to one compressed NumPy file.

    Args:
        model: a built `keras.Model`.
        path: file name, usually ending in `.npz`.
        dtype: what floats are stored as. "float16" halves the file and moves ab by
            less than a tenth of a CIE unit; "float32" is exact.

    Raises:
        WeightsError: if a weight is not finite, or too large for `dtype`.
    """
    arrays = {}
    for name, value in arrays_of(model.weights).items():
        with np.errstate(over="ignore"):
            stored = value.astype(dtype)
        if not np.isfinite(stored).all():
            raise WeightsError(
                f"{name.partition('|')[2]} has values that {dtype} cannot hold "
                f"(largest {np.abs(value).max():g}). Did training diverge?"
            )
        arrays[name] = stored
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))


def load_weights(model, path):
    """Reads weights written by `save_weights` into a network of the same shape.

    Every array must fit: nothing is skipped, and nothing is set unless all fit.

    Args:
        model: a built `keras.Model`.
        path: the file.

    Raises:
        FileNotFoundError: if there is no such file.
        WeightsError: if the file is damaged, or does not fit the network.
    """
    arrays = read_arrays(path)
    assign_arrays(model.weights, arrays, path)


def arrays_of(variables):
    """Values of variables, NumPy arrays, by names that sort in their order."""
    return {
        f"{i:04d}|{v.path}": np.asarray(keras.ops.convert_to_numpy(v))
        for i, v in enumerate(variables)
    }


def read_arrays(path):
    """Reads all arrays of a NumPy file.

    Raises:
        FileNotFoundError: if there is no such file.
        WeightsError: if it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each raise their own
        raise WeightsError(
            f"{path} is damaged or not a weights file ({error}). Fetch it again, or "
            "delete it to start anew."
        ) from error


def assign_arrays(variables, arrays, path):
    """Sets variables from `arrays_of` after checking number, names and shapes.

    Raises:
        WeightsError: if they do not fit; nothing is set then. It names `path`.
    """
    if len(arrays) != len(variables):
        raise WeightsError(
            f"{path} holds {len(arrays)} arrays, the network has {len(variables)}."
        )
    pairs = list(zip(variables, sorted(arrays)))
    for variable, key in pairs:
        stored_path = key.partition("|")[2]
        # Layers that Keras named have another number in each session; the last word
        # (kernel, bias, momentum, ...) stays.
        kinds = {re.split("[/_]", p)[-1] for p in (stored_path, variable.path)}
        if len(kinds) > 1 or tuple(arrays[key].shape) != tuple(variable.shape):
            raise WeightsError(
                f"{path}: {stored_path} {arrays[key].shape} does not fit "
                f"{variable.path} {tuple(variable.shape)}."
            )
    for variable, key in pairs:
        variable.assign(arrays[key])
