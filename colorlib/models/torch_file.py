"""Weights stored by PyTorch, read without it."""

import pickle
from collections import OrderedDict

import numpy as np

from colorlib.errors import DataError


def read_torch_arrays(file):
    """Reads a PyTorch `.pth` of the kind before version 1.6, without PyTorch.

    Such a file is a row of pickles (a magic number, a version, the sizes of C's types,
    the dictionary, the order of the storages), then the storages. A pickle can name
    any function to be called; here only tensors in dictionaries are accepted.

    Args:
        file: the open binary file.

    Returns:
        dict from a name to a NumPy array.

    Raises:
        DataError: if it is not such a file, is cut short, or asks for anything else.
    """
    storages = {}
    try:
        if _TensorsOnly(file, storages).load() != 0x1950A86A20F9469CFC6C:
            raise pickle.UnpicklingError("it does not begin as such a file")
        _TensorsOnly(file, storages).load()
        _TensorsOnly(file, storages).load()
        arrays = _TensorsOnly(file, storages).load()
        for key in _TensorsOnly(file, storages).load():
            storage, count = storages[key], int.from_bytes(file.read(8), "little")
            data = file.read(count * storage.itemsize)
            storage[:] = np.frombuffer(data, storage.dtype)
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"these are no weights of PyTorch ({error}).") from error
    return dict(arrays)


class _TensorsOnly(pickle.Unpickler):
    """Makes arrays where PyTorch would make tensors, and refuses everything else."""

    def __init__(self, file, storages):
        super().__init__(file)
        self.storages = storages

    def persistent_load(self, given):
        _, dtype, key, _, count, _ = given
        return self.storages.setdefault(key, np.zeros(count, dtype))

    def find_class(self, module, name):
        allowed = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _view,
            ("torch", "FloatStorage"): np.dtype("<f4"),
            ("torch", "LongStorage"): np.dtype("<i8"),
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} in a file of arrays")
        return allowed[module, name]


def _view(storage, offset, shape, strides, *rest):
    strides = [stride * storage.itemsize for stride in strides]
    return np.ndarray(shape, storage.dtype, storage, offset * storage.itemsize, strides)
