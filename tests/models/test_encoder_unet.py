"""What the U-Net on any encoder adds to the other networks' common tests."""

import keras
import numpy as np
import pytest
from keras import ops

from colorlib.models.encoder_unet import build_encoder_unet
from colorlib.models.inverted_residuals import encoder_layers

WIDTHS = (8, 8, 8, 8, 8)


def far_away_change(network):
    """How much one corner's deepest features change with those of the other corner."""
    deepest = keras.Model(
        network.get_layer("top_relu").output, network.get_layer("in_context").output
    )
    random = np.random.default_rng(0)
    features = random.uniform(0, 1, (1, 16, 16, 1280)).astype("float32")
    other = features.copy()
    other[:, :4, :4] += 1
    first, second = (ops.convert_to_numpy(deepest(x)) for x in (features, other))
    return np.abs(first - second)[:, -4:, -4:].max()


def test_context_starts_as_nothing_and_then_reaches_the_whole_picture():
    keras.utils.set_random_seed(0)
    network = build_encoder_unet("lite0", widths=WIDTHS, context=True)
    assert far_away_change(network) == 0
    kernel = network.get_layer("context_2").kernel
    kernel.assign(np.random.default_rng(1).normal(0, 1, kernel.shape))
    assert far_away_change(network) > 1e-3


def test_only_the_decoder_learns_unless_told_otherwise():
    for learns in (False, True):
        network = build_encoder_unet(widths=WIDTHS, train_encoder=learns)
        encoding = encoder_layers(network)
        assert {layer.trainable for layer in encoding} == {learns}
        rest = [x for x in network.layers if x.weights and x not in encoding]
        assert all(layer.trainable for layer in rest)


def test_the_encoder_begins_with_what_it_is_given():
    network = build_encoder_unet("mobilenet_v2", widths=WIDTHS)
    count = sum(len(layer.weights) for layer in encoder_layers(network))
    random = np.random.default_rng(0)
    given = [
        random.normal(0, 1, w.shape).astype("float32")
        for layer in encoder_layers(network)
        for w in layer.weights
    ]
    assert len(given) == count
    network = build_encoder_unet("mobilenet_v2", given, widths=WIDTHS)
    found = [w for layer in encoder_layers(network) for w in layer.get_weights()]
    for array, other in zip(found, given):
        np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize("widths", [(8, 8), (8, 8, 8, 8, 0)])
def test_wrong_widths_are_refused(widths):
    with pytest.raises(ValueError, match="five numbers of at least 1, got"):
        build_encoder_unet(widths=widths)
