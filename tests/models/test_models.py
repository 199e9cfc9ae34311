import keras
import numpy as np
import pytest
from keras import layers, ops

from colorlib.models import mobilenet_unet
from colorlib.models.cnn import build_baseline_cnn
from colorlib.models.mobilenet_unet import build_mobilenet_unet, find_encoder_weights
from colorlib.models.patch_discriminator import PATCHES, build_patch_discriminator
from colorlib.models.registry import BUILDERS, build, size_multiple
from colorlib.models.unet import build_unet

TINY = {
    "encoder_unet": {"widths": (16, 8, 8, 8, 8), "context": True},
    "baseline_cnn": {"filters": 4},
    "mobilenet_unet": {"widths": (4, 4, 4, 4, 4)},
    "unet": {"size": 32, "width": 4},
}
NAMES = {"pix2pix_unet": "unet"}


@pytest.fixture(scope="module", params=sorted(TINY))
def network(request):
    keras.utils.set_random_seed(0)
    model = build(request.param, **TINY[request.param])
    # Larger than at the start, so that every test below sees colours that differ.
    last = "ab_linear" if request.param == "unet" else "ab"
    kernel = model.get_layer(last).kernel
    kernel.assign(np.random.default_rng(0).normal(0, 0.5, kernel.shape))
    return model


def name_of(network):
    return NAMES.get(network.name, network.name)


def grey_pictures(count, height, width):
    random = np.random.default_rng(0)
    return random.uniform(-1, 1, (count, height, width, 1)).astype("float32")


def predict(model, L):
    return ops.convert_to_numpy(model(L, training=False))


def test_every_network_has_a_builder_a_multiple_and_a_case_here():
    assert set(BUILDERS) == {*TINY, "hint_unet"}  # which has tests of its own
    assert size_multiple("hint_unet") == 32
    found = {name: size_multiple(name, **options) for name, options in TINY.items()}
    assert found == {
        "baseline_cnn": 8,
        "encoder_unet": 32,
        "mobilenet_unet": 32,
        "unet": 32,
    }
    assert (
        size_multiple("unet") == 256
        and size_multiple("unet", size=128, width=32) == 128
    )


@pytest.mark.parametrize("height, width", [(32, 32), (64, 96)])
def test_shape_and_range_at_two_sizes(network, height, width):
    ab = predict(network, grey_pictures(2, height, width))
    assert ab.shape == (2, height, width, 2) and ab.dtype == np.float32
    assert np.abs(ab).max() < 1 and ab.min() < 0 < ab.max()


def test_any_multiple_comes_back_at_its_size(network):
    side = size_multiple(name_of(network), **TINY[name_of(network)])
    ab = predict(network, grey_pictures(1, side, 3 * side))
    assert ab.shape == (1, side, 3 * side, 2)


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
    again = build(name_of(network), **TINY[name_of(network)])
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
    assert len(mobilenet_unet.MOBILENET_TAPS) == 5


# --- pix2pix: the generator


@pytest.fixture(scope="module")
def paper_unet():
    keras.utils.set_random_seed(0)
    return build_unet()


def named(model, kind):
    return [layer for layer in model.layers if type(layer) is kind]


def norms_of(model):
    found = named(model, layers.BatchNormalization)
    return {layer.name.removesuffix("_norm") for layer in found}


def test_the_unet_has_the_papers_number_of_weights(paper_unet):
    # 54,421,762 with BatchNorm on the innermost layer, which the errata take away.
    assert paper_unet.count_params() == 54_419_714 == 54_421_762 - 4 * 512


def test_the_unet_is_the_papers_layer_by_layer(paper_unet):
    down = named(paper_unet, layers.Conv2D)
    up = named(paper_unet, layers.Conv2DTranspose)
    assert [layer.name for layer in down] == [f"down_{i}" for i in range(1, 9)]
    assert [layer.name for layer in up[:-1]] == [f"up_{i}" for i in range(7, 0, -1)]
    assert [layer.filters for layer in down] == [64, 128, 256] + [512] * 5
    assert [layer.filters for layer in up] == [512] * 4 + [256, 128, 64, 2]
    for layer in down + up:
        assert (layer.kernel_size, layer.strides) == ((4, 4), (2, 2))
        assert layer.use_bias == (layer is up[-1])
    # CD512-CD1024-CD1024-C1024-C1024-C512-C256-C128: widths with the skips joined.
    assert paper_unet.layers[-1].activation is keras.activations.tanh
    joined = [layer.output.shape[-1] for layer in named(paper_unet, layers.Concatenate)]
    assert joined == [1024] * 4 + [512, 256, 128]


def test_batchnorm_on_all_layers_but_the_first_and_the_innermost(paper_unet):
    expected = {f"down_{i}" for i in range(2, 8)} | {f"up_{i}" for i in range(1, 8)}
    assert norms_of(paper_unet) == expected
    norm = paper_unet.get_layer("down_2_norm")
    assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)


def test_the_running_means_reach_as_far_back_as_is_said():
    unet = build_unet(size=16, width=1, momentum=0.99)
    norms = named(unet, layers.BatchNormalization)
    assert norms and {layer.momentum for layer in norms} == {0.99}


def test_slopes_and_dropout_are_the_papers(paper_unet):
    leaky = named(paper_unet, layers.LeakyReLU)
    names = [f"down_{i}_relu" for i in range(1, 9)]
    assert [layer.name for layer in leaky] == names
    assert {round(float(layer.negative_slope), 6) for layer in leaky} == {0.2}
    relu = named(paper_unet, layers.ReLU)
    assert [layer.name for layer in relu] == [f"up_{i}_relu" for i in range(7, 0, -1)]
    assert {float(layer.negative_slope) for layer in relu} == {0.0}
    dropout = named(paper_unet, layers.Dropout)
    assert [layer.name for layer in dropout] == [f"up_{i}_dropout" for i in (7, 6, 5)]
    assert {layer.rate for layer in dropout} == {0.5}


def test_first_weights_are_the_papers(paper_unet):
    discriminator = build_patch_discriminator()
    for model in (paper_unet, discriminator):
        for weight in model.trainable_weights:
            value, kind = ops.convert_to_numpy(weight), weight.path.split("/")[-1]
            if kind in ("bias", "beta"):
                assert not value.any()
                continue
            size = value.size
            mean = 1.0 if kind == "gamma" else 0.0
            assert value.mean() == pytest.approx(mean, abs=5 * 0.02 / size**0.5)
            assert value.std() == pytest.approx(0.02, rel=5 / (2 * size) ** 0.5)


def test_skips_join_the_layers_of_one_size(paper_unet):
    for i in range(1, 8):
        join = paper_unet.get_layer(f"join_{i}")
        sources = [x._keras_history.operation.name for x in join.input]
        assert sources == [f"up_{i}_relu", f"down_{i}_relu"]


def test_the_unet_shrinks_its_size_to_one_pixel():
    model = build_unet(32, 2)
    assert len(named(model, layers.Conv2D)) == 5
    inner = keras.Model(model.input, model.get_layer("down_5").output)
    assert inner(grey_pictures(1, 32, 32)).shape == (1, 1, 1, 16)
    assert inner(grey_pictures(1, 64, 32)).shape == (1, 2, 1, 16)
    assert norms_of(model) == {f"down_{i}" for i in (2, 3, 4)} | {
        f"up_{i}" for i in (1, 2, 3, 4)
    }
    assert build_unet(16, 1)(grey_pictures(1, 16, 16)).shape == (1, 16, 16, 2)


def test_one_pictures_bottleneck_survives_training():
    """With BatchNorm there, the features of a batch of one picture would be zeros."""
    model = build_unet(32, 2, dropout=0.0)
    inner = keras.Model(model.input, model.get_layer("down_5_relu").output)
    features = ops.convert_to_numpy(inner(grey_pictures(1, 32, 32), training=True))
    assert np.abs(features).min() > 0


def test_unet_dropout_acts_in_training_only():
    model, without = build_unet(32, 2), build_unet(32, 2, dropout=0)
    L = grey_pictures(2, 32, 32)
    first, second = (ops.convert_to_numpy(model(L, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 0
    assert not named(without, layers.Dropout)
    assert [w.shape for w in model.weights] == [w.shape for w in without.weights]
    changed = build_unet(32, 2, dropout=0.25)
    assert {layer.rate for layer in named(changed, layers.Dropout)} == {0.25}


def test_the_unet_of_classes_gives_logits_at_half_size():
    model = build_unet(32, 2, classes=261)
    logits = predict(model, grey_pictures(1, 32, 64))
    assert logits.shape == (1, 16, 32, 261)
    last = model.get_layer("logits")
    assert last.kernel_size == (1, 1) and last.use_bias
    assert model.layers[-1] is last
    # up to the logits it is the same network
    names = [layer.name for layer in build_unet(32, 2).layers]
    assert [layer.name for layer in model.layers[:-1]] == names[:-2]


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("classes", [None, 7])
def test_half_precision_gives_float32_out(dtype, classes):
    keras.utils.set_random_seed(0)
    model = build_unet(32, 2, classes=classes, dtype=dtype)
    keras.utils.set_random_seed(0)
    whole = build_unet(32, 2, classes=classes)
    half = dtype.removeprefix("mixed_")
    inner = [layer for layer in model.layers if layer.name not in ("L", "ab", "logits")]
    assert {layer.compute_dtype for layer in inner} == {half}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    L = grey_pictures(2, 32, 32)
    found, expected = predict(model, L), predict(whole, L)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.02)
    judge = build_patch_discriminator(16, 2, dtype=dtype)
    assert judge.get_layer("conv_2").compute_dtype == half
    logits = judge([ops.convert_to_tensor(L), ops.zeros((2, 32, 32, 2))])
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 48}, "power of two.*got 48"),
        ({"size": 8}, "at least 16.*got 8"),
        ({"size": 0}, "got 0"),
        ({"size": -16}, "got -16"),
        ({"width": 0}, "width at least 1"),
        ({"dropout": 1.0}, "dropout in"),
        ({"dropout": -0.1}, "dropout in"),
    ],
)
def test_bad_options_of_the_papers_unet_raise(options, message):
    with pytest.raises(ValueError, match=message):
        build_unet(**options)


# --- pix2pix: the discriminators


def measured_patch(model, size):
    """Height and width of the input that the logit in the middle depends on."""
    random = np.random.default_rng(0)
    for layer in model.layers:
        if layer.weights and hasattr(layer, "kernel"):
            # Positive ones, so that no two paths cancel.
            layer.kernel.assign(random.uniform(0.5, 1.5, layer.kernel.shape))
    ab = ops.convert_to_tensor(np.zeros((1, size, size, 2), "float32"))
    base = random.uniform(0.1, 1, (1, size, size, 1)).astype("float32")

    def middle_logit(L):
        logits = model([L, ab], training=False)
        return logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]

    slope = gradient(middle_logit, base)[0, :, :, 0]
    rows, columns = np.flatnonzero(slope.any(axis=1)), np.flatnonzero(slope.any(axis=0))
    for found in (rows, columns):
        assert 0 < found[0] and found[-1] < size - 1 or size == 1  # not cut off
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def gradient(function, value):
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return np.array(jax.grad(function)(value))
    if backend == "torch":
        tensor = ops.convert_to_tensor(value).requires_grad_(True)
        function(tensor).backward()
        return tensor.grad.cpu().numpy()
    import tensorflow as tf

    tensor = tf.constant(value)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        result = function(tensor)
    return tape.gradient(result, tensor).numpy()


@pytest.mark.parametrize("patch, size", [(1, 9), (16, 40), (70, 160), (286, 576)])
def test_the_receptive_field_measured_by_gradients(patch, size):
    model = build_patch_discriminator(patch, width=1)
    assert measured_patch(model, size) == (patch, patch)


def test_four_layers_of_stride_2_would_see_142_pixels(monkeypatch):
    copied = ((1, 2), (2, 2), (4, 2), (8, 2), (8, 1))  # the often copied mistake
    monkeypatch.setitem(PATCHES, 70, copied)
    assert measured_patch(build_patch_discriminator(70, 1), 320) == (142, 142)


@pytest.mark.parametrize(
    "patch, size, side",
    [(70, 256, 30), (70, 128, 14), (1, 256, 256), (16, 256, 126), (286, 256, 6)],
)
def test_the_number_of_logits(patch, size, side):
    model = build_patch_discriminator(patch, width=1)
    shapes = [(None, size, size, 1), (None, size, size, 2)]
    assert model.compute_output_shape(shapes) == (None, side, side, 1)


@pytest.mark.parametrize(
    "patch, count", [(1, 9_025), (16, 136_705), (70, 2_767_361), (286, 11_160_065)]
)
def test_the_discriminators_numbers_of_weights(patch, count):
    assert build_patch_discriminator(patch).count_params() == count


@pytest.mark.parametrize(
    "patch, widths, strides",
    [
        (1, [64, 128, 1], [1, 1, 1]),
        (16, [64, 128, 1], [2, 1, 1]),
        (70, [64, 128, 256, 512, 1], [2, 2, 2, 1, 1]),
        (286, [64, 128, 256, 512, 512, 512, 1], [2, 2, 2, 2, 2, 1, 1]),
    ],
)
def test_the_discriminators_are_the_papers_layer_by_layer(patch, widths, strides):
    model = build_patch_discriminator(patch)
    found = named(model, layers.Conv2D)
    assert [layer.filters for layer in found] == widths
    assert [layer.strides for layer in found] == [(s, s) for s in strides]
    side = 1 if patch == 1 else 4
    assert {layer.kernel_size for layer in found} == {(side, side)}
    assert [layer.use_bias for layer in found] == [False] * (len(found) - 1) + [True]
    assert norms_of(model) == {f"conv_{i}" for i in range(2, len(found))}
    leaky = named(model, layers.LeakyReLU)
    assert {round(float(layer.negative_slope), 6) for layer in leaky} == {0.2}
    assert len(leaky) == len(found) - 1


def test_the_logits_are_linear_and_see_both_inputs():
    model = build_patch_discriminator(16, 4)
    assert model.layers[-1].activation is keras.activations.linear
    L = ops.convert_to_tensor(grey_pictures(1, 32, 32))
    ab = ops.concatenate([L, -L], axis=-1)
    first = predict_pair(model, L, ab)
    assert np.abs(first - predict_pair(model, -L, ab)).max() > 0
    assert np.abs(first - predict_pair(model, L, -ab)).max() > 0


def predict_pair(model, L, ab):
    return ops.convert_to_numpy(model([L, ab], training=False))


@pytest.mark.parametrize("options", [{"patch": 34}, {"patch": "70"}, {"width": 0}])
def test_bad_options_of_the_discriminator_raise(options):
    with pytest.raises(ValueError, match="1, 16, 70, 286.* width at least 1"):
        build_patch_discriminator(**options)
