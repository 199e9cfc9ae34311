import keras
import numpy as np
import pytest
from keras import layers, ops

from colorlib import models
from colorlib.models import (
    BUILDERS,
    STRIDE,
    build,
    build_baseline_cnn,
    build_mobilenet_unet,
    find_encoder_weights,
)

TINY = {
    "baseline_cnn": {"filters": 4},
    "mobilenet_unet": {"widths": (4, 4, 4, 4, 4)},
}


@pytest.fixture(scope="module", params=sorted(TINY))
def network(request):
    keras.utils.set_random_seed(0)
    model = build(request.param, **TINY[request.param])
    # Larger than at the start, so that every test below sees colours that differ.
    kernel = model.get_layer("ab").kernel
    kernel.assign(np.random.default_rng(0).normal(0, 0.5, kernel.shape))
    return model


def grey_pictures(count, height, width):
    random = np.random.default_rng(0)
    return random.uniform(-1, 1, (count, height, width, 1)).astype("float32")


def predict(model, L):
    return ops.convert_to_numpy(model(L, training=False))


def test_every_network_has_a_builder_a_stride_and_a_case_here():
    assert set(BUILDERS) == set(STRIDE) == set(TINY)


@pytest.mark.parametrize("height, width", [(32, 32), (64, 96)])
def test_shape_and_range_at_two_sizes(network, height, width):
    ab = predict(network, grey_pictures(2, height, width))
    assert ab.shape == (2, height, width, 2) and ab.dtype == np.float32
    assert np.abs(ab).max() < 1 and ab.std() > 0


def test_any_multiple_of_the_stride_comes_back_at_its_size(network):
    stride = STRIDE[network.name]
    ab = predict(network, grey_pictures(1, stride, 3 * stride))
    assert ab.shape == (1, stride, 3 * stride, 2)


def test_colours_do_not_depend_on_the_other_pictures_of_the_batch(network):
    L = grey_pictures(3, 32, 32)
    together = predict(network, L)
    for i in range(3):
        np.testing.assert_allclose(
            predict(network, L[i : i + 1])[0], together[i], atol=1e-5
        )
    assert np.abs(together[0] - together[1]).max() > 1e-3


def test_the_same_picture_gets_the_same_colours_twice(network):
    L = grey_pictures(1, 32, 32)
    np.testing.assert_array_equal(predict(network, L), predict(network, L))


def test_inference_changes_no_variable(network):
    before = [ops.convert_to_numpy(v).copy() for v in network.variables]
    predict(network, grey_pictures(2, 32, 32))
    network.predict(grey_pictures(2, 32, 32), verbose=0)
    for variable, value in zip(network.variables, before):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)


def test_names_are_unique_and_the_same_every_time(network):
    again = build(network.name, **TINY[network.name])
    names = [layer.name for layer in network.layers]
    assert names == [layer.name for layer in again.layers]
    assert len(set(names)) == len(names)
    paths = [weight.path for weight in network.weights]
    assert len(set(paths)) == len(paths)
    assert paths == [weight.path for weight in again.weights]


def test_parameter_counts():
    assert build_baseline_cnn().count_params() == 2_103_458
    assert build_baseline_cnn(filters=8).count_params() == 131_882
    unet = build_mobilenet_unet()
    assert unet.count_params() == 3_262_834
    assert sum(np.prod(w.shape) for w in unet.trainable_weights) == 1_004_850
    assert unet.get_layer("encoder").count_params() == 2_257_984  # as Keras says


def test_baseline_has_no_pooling_and_only_3x3_kernels():
    found = build_baseline_cnn(filters=2).layers
    convolutions = [layer for layer in found if isinstance(layer, layers.Conv2D)]
    assert len(convolutions) == 11
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}
    strides = [layer.strides for layer in convolutions if layer.strides != (1, 1)]
    assert strides == [(2, 2)] * 3
    others = {layers.InputLayer, layers.Dropout, layers.UpSampling2D}
    assert {type(layer) for layer in found} == {layers.Conv2D, *others}


def test_baseline_dropout_acts_in_training_only():
    model = build_baseline_cnn(filters=4, dropout=0.5)
    L = grey_pictures(1, 32, 32)
    first, second = (ops.convert_to_numpy(model(L, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 0
    assert model.get_layer("dropout").rate == 0.5


def test_unet_starts_near_grey():
    keras.utils.set_random_seed(0)
    ab = predict(build_mobilenet_unet(widths=(8,) * 5), grey_pictures(2, 64, 64))
    assert 0 < np.abs(ab * 128).max() < 1  # CIE units


@pytest.mark.parametrize("train_encoder", [False, True])
def test_training_moves_the_encoder_only_where_asked_and_never_its_statistics(
    train_encoder,
):
    model = build_mobilenet_unet(widths=(4,) * 5, train_encoder=train_encoder)
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    # Small weights at the end of the decoder would leave the encoder a gradient of 0.
    kernel = model.get_layer("ab").kernel
    kernel.assign(np.random.default_rng(0).normal(0, 0.5, kernel.shape))
    before = {w.path: ops.convert_to_numpy(w).copy() for w in model.weights}
    target = np.full((2, 32, 32, 2), 0.5, "float32")
    model.train_on_batch(grey_pictures(2, 32, 32), target)
    moved = {
        w.path
        for w in model.weights
        if not np.array_equal(ops.convert_to_numpy(w), before[w.path])
    }
    encoder = {w.path for w in model.get_layer("encoder").weights}
    assert "ab/kernel" in moved
    assert bool(moved & encoder) == train_encoder
    assert not [path for path in moved if "moving_" in path or "gamma" in path]


@pytest.mark.parametrize(
    "options", [{"filters": 0}, {"dropout": 1.0}, {"dropout": -0.1}, {"filters": -3}]
)
def test_bad_options_of_the_baseline_raise(options):
    with pytest.raises(ValueError, match=str(list(options.values())[0])):
        build_baseline_cnn(**options)


@pytest.mark.parametrize("widths", [(8, 8), (8,) * 6, (8, 8, 8, 8, 0), ()])
def test_bad_options_of_the_unet_raise(widths):
    with pytest.raises(ValueError, match="five numbers"):
        build_mobilenet_unet(widths=widths)


def test_missing_encoder_weights_raise(tmp_path):
    with pytest.raises(ValueError, match="none.h5"):
        build_mobilenet_unet(encoder_weights=str(tmp_path / "none.h5"))


def test_unknown_networks_raise():
    with pytest.raises(ValueError, match="baseline_cnn.*'resnet'"):
        build("resnet")
    with pytest.raises(TypeError):
        build("baseline_cnn", depth=3)


def test_encoder_weights_are_looked_for_in_the_named_folder(tmp_path, monkeypatch):
    assert find_encoder_weights() == "imagenet"
    monkeypatch.setenv("COLORLIB_BACKBONES", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="COLORLIB_BACKBONES names"):
        find_encoder_weights()
    file = tmp_path / "mobilenet_v2_notop.weights.h5"
    file.write_bytes(b"")
    assert find_encoder_weights() == str(file)


def test_the_taps_are_those_of_each_halving():
    encoder = build_mobilenet_unet(widths=(4,) * 5).get_layer("encoder")
    shapes = [f.shape for f in encoder(np.zeros((1, 64, 64, 3), "float32"))]
    assert [shape[1] for shape in shapes] == [32, 16, 8, 4, 2]
    assert len(models.MOBILENET_TAPS) == 5
