import runpy

import keras
import numpy as np
import pytest
from keras import ops

from colorlib import training
from colorlib.models import build_baseline_cnn
from colorlib.training import (
    WeightsError,
    hardware,
    load_weights,
    save_weights,
    set_seed,
)


def values(model):
    return [ops.convert_to_numpy(weight).copy() for weight in model.weights]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def network(seed=0, **options):
    set_seed(seed)
    return build_baseline_cnn(**{"filters": 2, **options})


# Small things.


def test_a_seed_makes_networks_equal():
    assert same(values(network(3)), values(network(3)))
    assert not same(values(network(3)), values(network(4)))


@pytest.mark.parametrize("text, fast", [("1", True), ("", False), ("0", False)])
def test_fast_is_read_from_the_environment(monkeypatch, text, fast):
    monkeypatch.setenv("COLORLIB_FAST", text)
    assert runpy.run_path(training.__file__)["FAST"] is fast
    monkeypatch.delenv("COLORLIB_FAST")
    assert runpy.run_path(training.__file__)["FAST"] is False


def test_hardware_names_the_machine_and_the_backend(monkeypatch):
    assert keras.__version__ in hardware() and keras.backend.backend() in hardware()

    def gpus():
        return ["cpu:0", "gpu:0", "gpu:1"]

    monkeypatch.setattr(keras.distribution, "list_devices", gpus)
    assert hardware().startswith("GPU, Keras")

    def no_list():  # as with PyTorch
        raise AttributeError("list_devices")

    monkeypatch.setattr(keras.distribution, "list_devices", no_list)
    assert "CPU cores" in hardware()


# Weights.


def test_float32_weights_come_back_exactly(tmp_path):
    model, other = network(0), network(1)
    save_weights(model, tmp_path / "w.npz", "float32")
    load_weights(other, tmp_path / "w.npz")
    assert same(values(model), values(other))
    assert [w.path for w in model.weights] == [w.path for w in other.weights]


def test_float16_weights_come_back_exactly_as_rounded(tmp_path):
    model, other = network(0), network(1)
    save_weights(model, tmp_path / "w.npz")
    load_weights(other, tmp_path / "w.npz")
    rounded = [value.astype("float16").astype("float32") for value in values(model)]
    assert same(rounded, values(other))
    assert {w.dtype for w in other.weights} == {"float32"}
    save_weights(other, tmp_path / "again.npz")  # nothing is lost a second time
    assert (tmp_path / "w.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    L = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 1)).astype("float32")
    moved = 128 * ops.convert_to_numpy(model(L) - other(L))
    assert 0 < np.abs(moved).max() < 0.1  # CIE units, as the docstring says


def test_float16_is_half_as_large(tmp_path):
    model = network(filters=8)
    save_weights(model, tmp_path / "half.npz")
    save_weights(model, tmp_path / "full.npz", "float32")
    sizes = [(tmp_path / n).stat().st_size for n in ("half.npz", "full.npz")]
    assert sizes[0] < 0.6 * sizes[1]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6])
def test_weights_that_do_not_fit_float16_are_refused(tmp_path, bad):
    model = network()
    model.weights[1].assign(np.full(model.weights[1].shape, bad))
    with pytest.raises(WeightsError, match="down_1/bias.*float16.*diverge"):
        save_weights(model, tmp_path / "w.npz")
    assert not (tmp_path / "w.npz").exists()


def refused(model, path, match):
    before = values(model)
    with pytest.raises(WeightsError, match=match) as caught:
        load_weights(model, path)
    assert str(path) in str(caught.value)
    assert same(before, values(model))  # nothing is set unless all fits


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = tmp_path / "w.npz"
    save_weights(network(), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    refused(network(1), path, "damaged or not a weights file")


def test_a_flipped_bit_is_refused(tmp_path):
    path = tmp_path / "w.npz"
    save_weights(network(), path)
    data = bytearray(path.read_bytes())
    place = data.index(b"conv_3/kernel") + 400  # inside the compressed numbers
    data[place] ^= 1
    path.write_bytes(bytes(data))
    refused(network(1), path, "damaged")


@pytest.mark.parametrize("data", [b"", b"not weights", b"PK\x03\x04" + bytes(99)])
def test_garbage_is_refused(tmp_path, data):
    (tmp_path / "w.npz").write_bytes(data)
    refused(network(), tmp_path / "w.npz", "damaged or not a weights file")


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    save_weights(network(filters=3), path)
    refused(network(), path, r"down_1/kernel \(3, 3, 1, 3\) does not fit")
    extra = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    save_weights(extra, path)
    refused(network(), path, "holds 2 arrays, the network has 22")


def test_files_with_other_names_or_objects_are_refused(tmp_path):
    model, path = network(), tmp_path / "w.npz"
    arrays = {f"{i:04d}": value for i, value in enumerate(values(model))}
    np.savez(path, **arrays)
    refused(model, path, "does not fit")
    kinds = {f"{i:04d}|x/bias": value for i, value in enumerate(values(model))}
    np.savez(path, **kinds)
    refused(model, path, "x/bias .* does not fit .*kernel")
    np.savez(path, run=np.array({"an": "object"}, dtype=object))
    refused(model, path, "damaged or not a weights file")


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.npz"):
        load_weights(network(), tmp_path / "none.npz")


def test_batch_normalization_statistics_are_stored_too(tmp_path):
    def build():
        return keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])

    model, other = build(), build()
    model(np.random.default_rng(0).random((9, 3)), training=True)
    save_weights(model, tmp_path / "w.npz", "float32")
    load_weights(other, tmp_path / "w.npz")
    assert same(values(model), values(other)) and len(values(model)) == 4
