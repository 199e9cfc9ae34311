"""Weights that load whole or not at all."""

import re
from pathlib import Path

import keras
import numpy as np

from colorlib.errors import WeightsError
from colorlib.utils.files import write_atomically


def save_weights(model: keras.Model, path: str | Path, dtype: str = "float16") -> None:
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


def load_weights(model: keras.Model, path: str | Path) -> None:
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


def arrays_of(variables: list) -> dict:
    """Values of variables, NumPy arrays, by names that sort in their order.

    What NumPy's files have no type for (bfloat16) comes as float32, which holds it
    exactly.
    """
    return {f"{i:04d}|{v.path}": as_array(v) for i, v in enumerate(variables)}


def as_array(variable):
    """The value of a variable as an array that NumPy can store."""
    value = np.asarray(keras.ops.convert_to_numpy(variable))
    return value.astype("float32") if value.dtype.kind == "V" else value


def read_arrays(path: str | Path) -> dict:
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


def assign_arrays(variables: list, arrays: dict, path: str | Path) -> None:
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
