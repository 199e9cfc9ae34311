"""What a drawing says is what the network does; nothing is written over other text."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from colorlib.drawing import (
    draw_backpropagation,
    draw_convolution,
    draw_encoder_unet,
    draw_game,
    draw_layers,
    draw_patch,
    draw_unet,
)
from colorlib.models import (
    build_baseline_cnn,
    build_encoder_unet,
    build_mobilenet_unet,
    build_patch_discriminator,
    build_unet,
)
from colorlib.models.inverted_residuals import encoder_layers

RANDOM = np.random.default_rng(0)


def readable(drawing):
    """No text leaves the sheet, covers another, or is smaller than 7 points."""
    width, height = drawing.figure.get_size_inches()
    assert width <= 10.1 and len(drawing.alt) > 60
    places = []
    for text in drawing.axes.texts:
        left, bottom, right, top = drawing.extent(text)
        assert left >= 0 and bottom >= 0 and right <= width and top <= height, text
        assert text.get_size() >= 7
        places.append((text.get_text(), left, bottom, right, top))
    for a, b in itertools.combinations(places, 2):
        apart = a[3] <= b[1] or b[3] <= a[1] or a[4] <= b[2] or b[4] <= a[2]
        assert apart, (a[0], b[0])
    for start, end, _ in drawing.arrows:
        assert start in drawing.boxes and end in drawing.boxes
    data, metadata = drawing._repr_mimebundle_()
    assert data["image/png"][:4] == b"\x89PNG"
    assert metadata["image/png"]["alt"] == drawing.alt
    return drawing


def fits(drawing):
    """Each text in a box is inside it."""
    for name, words in drawing.boxes.items():
        for text in drawing.axes.texts:
            if name in drawing.places and text.get_text() == words:
                left, bottom, right, top = drawing.extent(text)
                box = drawing.places[name]
                middle = ((left + right) / 2, (bottom + top) / 2)
                if box[0] < middle[0] < box[2] and box[1] < middle[1] < box[3]:
                    assert left >= box[0] and right <= box[2], words
                    assert bottom >= box[1] and top <= box[3], words


def dense(*sizes):
    hidden = [layers.Dense(n, activation="relu") for n in sizes[1:-1]]
    model = keras.Sequential(
        [keras.Input((sizes[0],)), *hidden, layers.Dense(sizes[-1])]
    )
    model.set_weights([RANDOM.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("sizes", [(1, 3, 2), (4, 4, 4), (3, 2), (2, 4, 1)])
def test_backpropagation_has_the_numbers_of_keras(sizes):
    tf = pytest.importorskip("tensorflow")
    model, x = dense(*sizes), RANDOM.normal(size=sizes[0])
    target = RANDOM.normal(size=sizes[-1])
    drawing = readable(draw_backpropagation(model.get_weights(), x, target))
    assert len(drawing.boxes) == sum(sizes) + 1
    pairs = sum(a * b for a, b in zip(sizes, sizes[1:]))
    assert len(drawing.arrows) == pairs + sizes[-1]
    with tf.GradientTape() as tape:
        out = model(x[None])
        loss = ops.mean((out - target) ** 2)
    assert f"E = {float(loss):.3f}" in drawing.boxes["loss"]
    arrows = {(start, end): words for start, end, words in drawing.arrows}
    slopes = tape.gradient(loss, model.trainable_variables)
    for layer, (weight, slope) in enumerate(zip(model.get_weights()[::2], slopes[::2])):
        for (i, j), number in np.ndenumerate(weight):
            drawn = arrows[f"{layer},{i}", f"{layer + 1},{j}"].split()
            np.testing.assert_allclose(float(drawn[0]), number, atol=0.006)
            np.testing.assert_allclose(float(drawn[1]), slope[i, j], atol=0.0006)
            assert drawn[1] != "-0.000"
    for layer, slope in enumerate(slopes[1::2], start=1):  # of a bias: of the sum
        for neuron, number in enumerate(slope):
            drawn = drawing.boxes[f"{layer},{neuron}"].split()[-1]
            np.testing.assert_allclose(float(drawn), number, atol=0.0006)


def test_backpropagation_refuses_what_does_not_fit():
    weights = dense(1, 3, 2).get_weights()
    for x, target in ([[1, 2], [1, 2]], [[1], [1]]):
        with pytest.raises(ValueError, match="do not fit"):
            draw_backpropagation(weights, x, target)
    with pytest.raises(ValueError, match="at most 2 layers of at most 4"):
        draw_backpropagation(dense(1, 5, 1).get_weights(), [1], [1])
    with pytest.raises(ValueError, match="at most 2 layers"):
        draw_backpropagation(dense(1, 1, 1, 1).get_weights(), [1], [1])


@pytest.mark.parametrize(
    "channels, filters, size, options",
    [
        (1, 1, 5, {"padding": "same", "use_bias": False}),
        (3, 2, 4, {"padding": "same", "strides": 2, "activation": "relu"}),
        (2, 1, 6, {"padding": "valid", "activation": "tanh"}),
        (1, 2, 5, {"padding": "same", "strides": 2}),
        (1, 1, 6, {"padding": "same"}),
    ],
)
def test_a_convolution_has_the_numbers_of_keras(channels, filters, size, options):
    layer = layers.Conv2D(filters, 3, **options)
    picture = RANDOM.integers(-9, 10, (size, size, channels)).astype("float32")
    layer.build((None, None, None, channels))
    layer.set_weights([RANDOM.normal(size=w.shape) for w in layer.get_weights()])
    output = ops.convert_to_numpy(layer(picture[None]))[0]
    for place in [(0, 0), (1, 1), (output.shape[0] - 1, output.shape[1] - 1)]:
        for channel in range(filters):
            drawing = readable(draw_convolution(layer, picture, place, channel))
            fits(drawing)
            result = output[(*place, channel)]
            assert float(drawing.boxes["output"]) == pytest.approx(result, abs=0.006)
            sums = [drawing.boxes[f"sum {c}"].split()[1] for c in range(channels)]
            bias = layer.get_weights()[1][channel] if layer.use_bias else 0
            total = sum(map(float, sums)) + bias
            found = ops.convert_to_numpy(layer.activation(ops.convert_to_tensor(total)))
            assert float(found) == pytest.approx(result, abs=0.03)
            # All numbers of the window stand in the sheet.
            drawn = [text.get_text() for text in drawing.axes.texts]
            assert sum(words.startswith("kernel") for words in drawn) == channels


def test_a_convolution_refuses_what_cannot_be_read():
    layer = layers.Conv2D(1, 3, padding="same")
    with pytest.raises(ValueError, match=r"at most \(6, 6, 3\).* got \(9, 9, 1\)"):
        draw_convolution(layer, np.zeros((9, 9, 1)))
    for options in ({"dilation_rate": 2}, {"groups": 2}):
        layer_of_two = layers.Conv2D(2, 3, padding="same", **options)
        with pytest.raises(ValueError, match="groups or dilation"):
            draw_convolution(layer_of_two, np.zeros((5, 5, 2)))
    for place, channel in [((5, 0), 0), ((0, 0), 1), ((-1, 0), 0)]:
        with pytest.raises(ValueError, match="is not in the output"):
            draw_convolution(layer, np.zeros((5, 5, 1)), place, channel)


@pytest.mark.parametrize("filters, size", [(32, 64), (4, 32), (16, 128)])
def test_a_chain_has_the_shapes_of_the_model(filters, size):
    model = build_baseline_cnn(filters)
    drawing = readable(draw_layers(model, size))
    shapes = {t.name: t.shape for t in model.inputs}
    inside = keras.Model(model.inputs, [layer.output for layer in model.layers])
    values = inside(np.zeros((1, size, size, 1), "float32"))
    shapes = {layer.name: v.shape[1:] for layer, v in zip(model.layers, values)}
    kinds = (layers.InputLayer, layers.Conv2D, layers.UpSampling2D)
    drawn = [layer for layer in model.layers if isinstance(layer, kinds)]
    assert list(drawing.boxes) == [layer.name for layer in drawn]
    for layer in drawn:
        words = " × ".join(str(n) for n in shapes[layer.name])
        assert drawing.boxes[layer.name].endswith(f": {words}")
        stride = getattr(layer, "strides", (1,))[0]
        assert (f"stride {stride}" in drawing.boxes[layer.name]) == (stride > 1)
    assert len(drawing.arrows) == len(drawn) - 1
    assert f"{model.count_params():,} weights" in drawing.alt


def test_a_sequential_chain_is_drawn_too():
    model = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Conv2D(4, 5, padding="same")]
    )
    drawing = readable(draw_layers(model))
    assert [*drawing.boxes.values()] == [
        "input: 16 × 16 × 3",
        "conv 5 × 5: 16 × 16 × 4",
    ]


@pytest.mark.parametrize(
    "size, width, asked", [(256, 64, 256), (16, 4, 16), (64, 8, 128)]
)
def test_a_u_has_the_shapes_and_skips_of_the_model(size, width, asked):
    model = build_unet(size=size, width=width)
    drawing = readable(draw_unet(model, asked))
    fits(drawing)
    depth = size.bit_length() - 1
    assert len(drawing.boxes) == 2 * depth + 1
    skips = [(start, end) for start, end, words in drawing.arrows if words]
    assert len(skips) == depth - 1 and len(drawing.arrows) == 2 * depth + depth - 1
    for start, end in skips:  # as the model's own joins say
        level = start.split("_")[1]
        assert (start, end) == (f"down_{level}_conv", f"up_{level}_conv") or (
            start.split("_")[:2] == ["down", level]
            and end.split("_")[:2] == ["up", level]
        )
    widths = [width * min(2**level, 8) for level in range(depth)]
    words = [*drawing.boxes.values()]
    for level, channels in enumerate(widths, start=1):
        side = asked >> level
        assert words[level] == f"{side} × {side} × {channels}"
        if level < depth:
            joined = f"{side} × {side} × ({channels} + {channels})"
            assert words[2 * depth - level] == joined
    assert words[-1] == f"{asked} × {asked} × 2"


def test_a_u_without_skips_has_none_and_other_networks_are_refused():
    L = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 4, 2, padding="same")(L)
    x = layers.Conv2D(8, 4, 2, padding="same")(x)
    x = layers.Conv2DTranspose(4, 4, 2, padding="same")(x)
    x = layers.Conv2DTranspose(2, 4, 2, padding="same")(x)
    drawing = readable(draw_unet(keras.Model(L, x)))
    assert not [words for *_, words in drawing.arrows if words]
    assert "no skips" in drawing.alt and len(drawing.boxes) == 5
    with pytest.raises(ValueError, match="halve or double"):
        draw_unet(build_baseline_cnn(2), 32)


@pytest.mark.parametrize("size", [64, 128])
def test_a_u_on_an_encoder_shows_what_its_layers_hand_over(size):
    options = {"encoder": "mobilenet_v2", "widths": (16, 14, 12, 10, 8)}
    model = build_encoder_unet(context=True, **options)
    drawing = readable(draw_encoder_unet(model, size))
    fits(drawing)
    taps = (96, 144, 192, 576, 1280)  # Sandler et al. 2018, the widest of each size
    for level, channels in enumerate(taps, start=1):
        side = size >> level
        assert drawing.boxes[f"encoder_{level}"] == f"{side} × {side} × {channels}"
    for level, channels in zip((4, 3, 2, 1), (14, 12, 10, 8)):
        side = size >> level
        assert drawing.boxes[f"decode_{level}"] == f"{side} × {side} × {channels}"
    skips = [(start, end) for start, end, words in drawing.arrows if words]
    assert skips == [(f"encoder_{n}", f"decode_{n}") for n in (4, 3, 2, 1)]
    assert drawing.boxes["ab"] == f"{size} × {size} × 2"
    texts = " ".join(text.get_text() for text in drawing.axes.texts)
    assert "mean of all" in texts
    encoder = sum(layer.count_params() for layer in encoder_layers(model))
    decoder = model.count_params() - encoder
    assert f"encoder, {encoder:,} weights" in texts
    assert f"decoder, {decoder:,} weights" in texts


def test_a_u_on_an_encoder_may_be_the_older_one_and_nothing_else():
    model = build_mobilenet_unet()
    drawing = readable(draw_encoder_unet(model))
    assert drawing.boxes["encoder_5"] == "4 × 4 × 1280"
    encoder = model.get_layer("encoder").count_params()
    assert f"Encoder {encoder:,} weights" in drawing.alt
    assert "mean of all" not in " ".join(t.get_text() for t in drawing.axes.texts)
    with pytest.raises(ValueError, match="multiple of 32"):
        draw_encoder_unet(model, 100)
    with pytest.raises(ValueError, match="U-Net on an encoder"):
        draw_encoder_unet(build_baseline_cnn(2))


@pytest.mark.parametrize("patch, logits", [(1, 256), (16, 126), (70, 30), (286, 6)])
def test_a_patch_is_what_moves_its_logit(patch, logits):
    model = build_patch_discriminator(patch, width=2)
    drawing = readable(draw_patch(model, 256))
    fits(drawing)
    assert drawing.boxes["patch"] == f"One logit sees {patch} × {patch} pixels"
    assert drawing.boxes["logit"] == f"{logits} × {logits} logits"
    convolutions = [x for x in model.layers if isinstance(x, layers.Conv2D)]
    assert [*drawing.boxes][1:-2] == [layer.name for layer in convolutions]


def test_the_framed_square_is_what_the_framed_logit_sees():
    size, place = 64, (1, 4)
    model = build_patch_discriminator(16, width=2)
    model.set_weights(
        [np.abs(RANDOM.normal(size=w.shape)) for w in model.get_weights()]
    )
    drawing = draw_patch(model, size, place, RANDOM.random((size, size, 3)))
    data, metadata = drawing._repr_mimebundle_()
    assert data["image/jpeg"][:2] == b"\xff\xd8"  # a fifth of a PNG's bytes
    assert metadata["image/jpeg"]["alt"] == drawing.alt
    image = drawing.axes.images[0].get_extent()  # left, right, bottom, top
    left, bottom, right, top = drawing.places["patch"]
    scale = (image[1] - image[0]) / size
    drawn = [(left - image[0]) / scale, (right - image[0]) / scale]
    drawn += [(image[3] - top) / scale, (image[3] - bottom) / scale]
    zero = np.zeros((1, size, size, 1), "float32")
    ab = np.zeros((1, size, size, 2), "float32")
    before = ops.convert_to_numpy(model([zero, ab], training=False))[0, :, :, 0]
    seen = []
    for axis in (1, 0):  # a line of light at each column, then at each row
        for i in range(size):
            L = zero.copy()
            L[(0, slice(None), i) if axis else (0, i)] = 1
            after = ops.convert_to_numpy(model([L, ab], training=False))[0, :, :, 0]
            seen.append(after[place] != before[place])
    columns, rows = np.flatnonzero(seen[:size]), np.flatnonzero(seen[size:])
    found = [columns[0], columns[-1] + 1, rows[0], rows[-1] + 1]
    inside = np.clip(drawn, 0, size)
    np.testing.assert_allclose(inside, found, atol=1e-6)
    with pytest.raises(ValueError, match="none of the"):
        draw_patch(model, size, (99, 0))


def players(noise, size):
    def toy(inputs, outputs):
        return keras.Sequential([keras.Input((inputs,)), layers.Dense(outputs)])

    return toy(noise, size), toy(size, 1)


@pytest.mark.parametrize("noise, size", [(2, 2), (100, 7)])
def test_the_two_players_of_a_toy(noise, size):
    drawing = readable(draw_game(*players(noise, size)))
    fits(drawing)
    assert drawing.boxes["input"] == f"noise\n{noise} numbers"
    assert drawing.boxes["fake"] == f"fake\n{size} numbers"
    arrows = {(start, end) for start, end, _ in drawing.arrows}
    assert ("g_loss", "generator") in arrows and ("d_loss", "discriminator") in arrows
    assert ("input", "discriminator") not in arrows and len(arrows) == 8
    assert f"{noise * size + size} weights" in drawing.boxes["generator"]


def test_the_discriminator_of_a_pair_sees_the_input():
    models = build_unet(size=16, width=2), build_patch_discriminator(16, width=2)
    drawing = readable(draw_game(*models))
    fits(drawing)
    arrows = {(start, end) for start, end, _ in drawing.arrows}
    assert ("input", "discriminator") in arrows and len(arrows) == 9
    assert drawing.boxes["fake"] == "fake\nH × W × 2"
    assert drawing.boxes["input"] == "input\nH × W × 1"
    with pytest.raises(ValueError, match="makes .* takes"):
        draw_game(build_unet(size=16, width=2), players(2, 3)[1])
