import dataclasses
import json
import os
import subprocess
import sys
from functools import cache, partial

import keras
import numpy as np
import pytest
from keras import ops
from small import ROOT

from colorlib.data.batches import Batches
from colorlib.data.sets import load_pictures
from colorlib.errors import WeightsError
from colorlib.models.cnn import build_baseline_cnn
from colorlib.models.registry import BUILDERS
from colorlib.models.weights import load_weights, save_weights
from colorlib.training.recipes import RECIPES
from colorlib.training.runtime import set_seed
from colorlib.training.settings import smoke_recipe
from colorlib.utils.backends import all_devices, hardware


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


# Several devices.


def build_two_layers():
    """A network that is soon traced, even for two devices."""
    L = keras.Input((None, None, 1))
    conv = partial(keras.layers.Conv2D, kernel_size=3, padding="same")
    return keras.Model(L, conv(2, activation="tanh")(conv(4, activation="relu")(L)))


@cache
def load_samples(part):
    return load_pictures("samples", part, 20)


def small_training(folder, interrupted=False, **settings):
    """Trains a recipe in miniature by `train`; returns its network, card and losses.

    The last of its three batches for validation has one picture.
    """
    from colorlib.training import trainer as module
    from colorlib.training.resume import fit_resumable

    recipe = smoke_recipe(RECIPES["dog"])
    recipe = dataclasses.replace(
        recipe, network="two_layers", options={}, size=20, crop=16, **settings
    )
    seen = {"steps": 0}

    def count(batch, logs):
        seen["steps"] += 1
        if interrupted and seen["steps"] == 7:  # of 8, in the second epoch
            raise KeyboardInterrupt

    def fit(model, train, validation, epochs, folder, callbacks, *rest, **named):
        held_out = Batches(validation.rgb[:17], 8, training=False, crop=16)
        counter = keras.callbacks.LambdaCallback(on_train_batch_end=count)
        data = model, train, held_out, epochs, folder, [*callbacks, counter]
        seen["history"] = fit_resumable(*data, *rest, **named, save_seconds=0)
        return seen["history"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "fit_resumable", fit)
        patch.setattr(module, "load_part", lambda r, part, _: load_samples(part))
        patch.setitem(BUILDERS, "two_layers", build_two_layers)
        network, card = module.train("small", folder, verbose=0, recipe=recipe)
    return network, card, seen


def small_training_on_two_devices(folder):
    """The same on two virtual CPU devices, once undisturbed and once interrupted."""
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    network, card, seen = small_training(f"{folder}/whole")
    try:
        small_training(f"{folder}/parts", interrupted=True)
    except KeyboardInterrupt:
        resumed, _, again = small_training(f"{folder}/parts")
    try:
        small_training(f"{folder}/odd", batch_size=7)
    except ValueError as error:
        refused = str(error)
    return {
        "refused": refused,
        "copies": [len(v.value.values) for v in network.trainable_variables],
        "history": seen["history"],
        "figures": card["figures"]["small"],
        "resumed": again["history"],
        "steps": again["steps"],
        "same": same(values(network), values(resumed)),
    }


def test_one_device_is_left_alone():
    with all_devices():
        weight = keras.Variable(np.zeros(2, "float32"))
    assert not hasattr(weight.value, "values")


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow's virtual devices"
)
def test_train_runs_on_two_devices_as_on_one(tmp_path):
    network, card, seen = small_training(tmp_path / "one")
    code = f"t.small_training_on_two_devices({str(tmp_path)!r})"
    places = [ROOT, ROOT / "tests", ROOT / "tests" / "training"]
    paths = os.pathsep.join(map(str, places))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import json, test_training as t; print(json.dumps({code}))",
        ],
        env={**os.environ, "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found["copies"]) == {2}
    assert found["refused"].startswith("7 pictures a batch cannot be divided evenly")
    for key in ("loss", "val_loss"):
        assert found["history"][key] == pytest.approx(seen["history"][key], rel=1e-4)
    assert found["history"]["loss"][1] != found["history"]["loss"][0]
    assert found["figures"] == pytest.approx(card["figures"]["small"], rel=1e-3)
    # Interrupted in an epoch, it goes on there, with the means of both devices.
    assert found["steps"] == 2 and found["same"]
    for key in ("epoch", "loss", "val_loss"):  # means are added up in another order
        assert found["resumed"][key] == pytest.approx(found["history"][key], rel=1e-6)
