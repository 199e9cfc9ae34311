"""The encoders, against Keras' own MobileNetV2."""

import keras
import numpy as np
import pytest
from keras import ops

from colorlib.models.inverted_residuals import (
    VARIANTS,
    encoder_layers,
    extract_features,
    folded_weights,
    set_encoder_weights,
)
from colorlib.models.mobilenet_unet import MOBILENET_TAPS


def build(variant):
    rgb = keras.Input((None, None, 3))
    return keras.Model(rgb, extract_features(rgb, variant))


@pytest.mark.parametrize("variant", sorted(VARIANTS))
@pytest.mark.parametrize("height, width", [(64, 64), (32, 96)])
def test_features_at_two_sizes(variant, height, width):
    found = build(variant)(np.zeros((2, height, width, 3), "float32"))
    channels = {
        "mobilenet_v2": (96, 144, 192, 576, 1280),
        "lite2": (96, 144, 288, 720, 1280),
    }
    assert [tuple(tap.shape) for tap in found] == [
        (2, height >> level, width >> level, count)
        for level, count in enumerate(
            channels.get(variant, (96, 144, 240, 672, 1280)), 1
        )
    ]


def test_mobilenet_is_the_one_of_keras():
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    whole = keras.applications.MobileNetV2(
        input_shape=(None, None, 3), include_top=False, weights=None
    )
    for variable in whole.variables:  # statistics that are not 0 and 1
        if "variance" in variable.path or "gamma" in variable.path:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
        elif len(variable.shape) == 1:
            variable.assign(random.normal(0, 0.2, variable.shape))
    theirs = keras.Model(
        whole.input, [whole.get_layer(name).output for name in MOBILENET_TAPS]
    )
    mine = build("mobilenet_v2")
    set_encoder_weights(mine, folded_weights(whole))
    rgb = random.uniform(-1, 1, (2, 64, 96, 3)).astype("float32")
    for found, wanted in zip(mine(rgb), theirs(rgb, training=False), strict=True):
        wanted = ops.convert_to_numpy(wanted)
        assert wanted.std() > 1e-3
        np.testing.assert_allclose(found, wanted, atol=1e-3 * wanted.std())


def test_weights_that_do_not_fit_are_refused():
    mine = build("lite0")
    arrays = [ops.convert_to_numpy(w) for w in mine.weights]
    with pytest.raises(ValueError):
        set_encoder_weights(mine, arrays[:-2])
    assert len(encoder_layers(mine)) * 2 == len(arrays)


def test_something_can_be_laid_in_after_the_first_convolution():
    rgb = keras.Input((None, None, 3))
    seen = []
    extract_features(rgb, "lite0", lambda x: seen.append(x) or x)
    assert seen[0].shape == (None, None, None, 32)
