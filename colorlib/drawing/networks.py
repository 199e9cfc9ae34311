"""Drawings of whole networks: layer by layer, the U-Net, the patch, the two players."""

import keras
import numpy as np
from keras import layers

from colorlib.drawing.canvas import (
    BLUE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_GREY,
    PALE_ORANGE,
    RED,
    Drawing,
)

CONVOLUTIONS = (layers.Conv2D, layers.Conv2DTranspose)
UPSAMPLING = (layers.Conv2DTranspose, layers.UpSampling2D)


def shapes_at(model: keras.Model, size: int) -> dict:
    """Follows a picture through a network.

    Args:
        model: a functional or sequential `keras.Model` of pictures.
        size: height and width of the picture, for a model that leaves them open.

    Returns:
        dict from the name of each input and each layer to the shape
        `(height, width, channels)` of its output, in order.
    """
    of_tensor, found = {}, {}
    for tensor in model.inputs:
        shape = tuple(size if n is None else n for n in tensor.shape[1:])
        of_tensor[id(tensor)] = (1, *shape)
        found[tensor.name] = shape
    for layer in _layers(model):
        given = [of_tensor[id(tensor)] for tensor in _inputs(layer)]
        given = given if len(given) > 1 else given[0]
        shape = tuple(layer.compute_output_shape(given))
        of_tensor[id(layer.output)] = shape
        found[layer.name] = shape[1:]
    return found


def _layers(model):
    return [x for x in model.layers if not isinstance(x, layers.InputLayer)]


def _inputs(layer):
    return layer.input if isinstance(layer.input, list) else [layer.input]


def receptive_span(stack: list, place: int) -> tuple:
    """Walks back through convolutions to the pixels that one output sees.

    Args:
        stack: triples (kernel, stride, padding before), the first layer first.
        place: row or column of the output.

    Returns:
        (first, last) pixel; below 0 or beyond the picture where it sees padding.
    """
    first = last = place
    for kernel, stride, padding in reversed(stack):
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return first, last


def receptive_stack(model: keras.Model, size: int) -> list:
    """The convolutions of a chain, for `receptive_span`.

    Args:
        model: a functional model whose convolutions follow one another.
        size: height and width of the picture, for a model that leaves them open.

    Returns:
        list of triples (kernel, stride, padding before), the first layer first.
    """
    shapes = shapes_at(model, size)
    side, padding, stack = next(iter(shapes.values()))[0], 0, []
    for layer in _layers(model):
        if isinstance(layer, layers.ZeroPadding2D):
            padding += layer.padding[0][0]
        elif isinstance(layer, layers.Conv2D):
            (kernel, _), (stride, _) = layer.kernel_size, layer.strides
            if layer.padding == "same":
                reach = (shapes[layer.name][0] - 1) * stride + kernel
                padding += max(reach - side, 0) // 2
            stack.append((kernel, stride, padding))
            padding = 0
        side = shapes[layer.name][0]
    return stack


def draw_layers(model: keras.Model, size: int = 64) -> Drawing:
    """Draws a chain of convolutions: the larger the picture, the taller its box.

    Args:
        model: a model with one input whose layers are a chain; dropout, normalization,
            activation and padding are not drawn.
        size: height and width of the picture, for a model that leaves them open.

    Returns:
        A `Drawing`, a box for the input, each convolution and upsampling, by its name.
    """
    shapes = shapes_at(model, size)
    steps = [x for x in _layers(model) if isinstance(x, (*CONVOLUTIONS, *UPSAMPLING))]
    drawn = {model.inputs[0].name: ("input", PALE_GREY)}
    drawn |= {layer.name: _kind(layer) for layer in steps}
    drawing = Drawing(10, 3.6)
    step = 9.8 / len(drawn)
    sides = np.log([shapes[name][0] for name in drawn])
    heights = 1.35 + 0.95 * (sides - sides.min()) / max(np.ptp(sides), 1)
    before = None
    for i, (name, (words, fill)) in enumerate(drawn.items()):
        high, wide, channels = shapes[name]
        height, x = heights[i], 0.1 + (i + 0.5) * step
        place = (x, 2.0, min(0.42, 0.65 * step), height)
        drawing.box(name, *place, words, fill, rotation=90, size=8.5)
        drawing.text(x, 2.0 + height / 2 + 0.13, f"{channels}", size=9)
        drawing.text(x, 2.0 - height / 2 - 0.2, f"{high} ×\n{wide}", size=8)
        drawing.boxes[name] = f"{words}: {high} × {wide} × {channels}"
        if before:
            drawing.arrow(before, name)
        before = name
    words = f"above: channels      below: height × width      {_count(model)}"
    drawing.text(5, 0.18, words, size=9)
    convolutions = sum(isinstance(layer, CONVOLUTIONS) for layer in steps)
    ends = [_by(shapes[name]) for name in (next(iter(drawn)), before)]
    narrowest = min(shapes[name][0] for name in drawn)
    drawing.alt = (
        f"A chain of {convolutions} convolutions, from {ends[0]} to {ends[1]} "
        f"(height, width, channels), {narrowest} pixels a side where it is "
        f"narrowest. {_count(model)}."
    )
    return drawing


def _kind(layer):
    """A layer in words, and its colour."""
    if isinstance(layer, layers.UpSampling2D):
        return f"upsampling × {layer.size[0]}", PALE_ORANGE
    kernel = " × ".join(map(str, layer.kernel_size))
    stride = layer.strides[0]
    if isinstance(layer, layers.Conv2DTranspose):
        return f"transposed {kernel}, × {stride}", PALE_ORANGE
    if stride == 1:
        return f"conv {kernel}", "white"
    return f"conv {kernel}, stride {stride}", PALE_BLUE


def _count(model):
    return f"{model.count_params():,} weights"


def _by(shape):
    return " × ".join(map(str, shape))


def draw_unet(model: keras.Model, size: int = 256) -> Drawing:
    """Draws an encoder and a decoder as a U, with the skips between them.

    Args:
        model: a functional model with one input, such as `models.build_unet`, or the
            same without skips.
        size: height and width of the picture, for a model that leaves them open.

    Returns:
        A `Drawing`; its boxes are the input and the convolutions, by name. The skips
        are the arrows with a text.

    Raises:
        ValueError: if not every convolution halves or doubles the side.
    """
    shapes = shapes_at(model, size)
    steps = [layer for layer in _layers(model) if isinstance(layer, CONVOLUTIONS)]
    names = [model.inputs[0].name, *(layer.name for layer in steps)]
    sides = [shapes[name][0] for name in names]
    neck = int(np.argmin(sides))
    if any(max(pair) != 2 * min(pair) for pair in zip(sides, sides[1:])):
        raise ValueError(f"the convolutions must halve or double the side: {sides}.")
    joined, depth = _skips(model), neck
    height = 0.56 * (depth + 1) + 0.75
    drawing = Drawing(10, height)
    slope = 2.6 / max(depth - 1, 1)
    for i, name in enumerate(names):
        row = i if i <= neck else 2 * neck - i
        x = 5 if i == neck else 1.05 + slope * row if i < neck else 8.95 - slope * row
        words = _by(shapes[name])
        if name in joined:
            high, wide, channels = shapes[name]
            words = f"{high} × {wide} × ({channels} + {shapes[joined[name]][2]})"
        fill = PALE_BLUE if i < neck else PALE_GREEN if i == neck else PALE_ORANGE
        place = (x, height - 0.3 - 0.56 * row, 1.72, 0.34)
        drawing.box(name, *place, words, fill if i else PALE_GREY, size=8.5)
        if i:
            way = ("bottom", "top") if i < neck else ("top", "bottom")
            way = ("bottom", "left") if i == neck else way
            way = ("right", "bottom") if i == neck + 1 else way
            drawing.arrow(names[i - 1], name, sides=way)
    for name, skip in joined.items():
        way = ("right", "left")
        drawing.arrow(skip, name, "skip", BLUE, dashed=True, sides=way)
    words = f"each step down: {_kind(steps[0])[0]}      up: {_kind(steps[-1])[0]}"
    drawing.text(5, 0.18, f"{words}      {_count(model)}", size=9)
    skips = f"{len(joined)} skips over the gap" if joined else "no skips"
    drawing.alt = (
        f"A U: {neck} convolutions down from {_by(shapes[names[0]])} to "
        f"{_by(shapes[names[neck]])}, {len(steps) - neck} up again to "
        f"{_by(shapes[names[-1]])}, and {skips}. {_count(model)}."
    )
    return drawing


def _skips(model):
    """For each convolution that is joined with an earlier one: the earlier one."""
    makers = {id(layer.output): layer for layer in _layers(model)}
    order = {layer.name: i for i, layer in enumerate(_layers(model))}

    def convolution(tensor):
        layer = makers.get(id(tensor))
        while layer is not None and not isinstance(layer, CONVOLUTIONS):
            layer = makers.get(id(_inputs(layer)[0]))
        return layer and layer.name

    found = {}
    for layer in _layers(model):
        if isinstance(layer, layers.Concatenate):
            ends = [convolution(tensor) for tensor in _inputs(layer)]
            if None not in ends:
                first, last = sorted(ends, key=order.get)
                found[last] = first
    return found


DECODER = ("deepest", "context", "skip", "decode", "ab")  # what its layers begin with


def draw_encoder_unet(model: keras.Model, size: int = 128) -> Drawing:
    """Draws a U-Net on a pretrained encoder: what is handed over at which size.

    Args:
        model: from `models.build_encoder_unet` or `models.build_mobilenet_unet`.
        size: height and width of the picture, a multiple of 32.

    Returns:
        A `Drawing`; its boxes are "L", "encoder_1" to "encoder_5" (the features with
        1/2 to 1/32 of the side), "deepest", "decode_4" to "decode_1" and "ab". The
        skips are the arrows with a text.

    Raises:
        ValueError: if the model is another network, or the size does not fit.
    """
    named = {layer.name: layer for layer in _layers(model)}
    if not {"deepest", "skip_1", "decode_4"} <= named.keys() or size % 32:
        raise ValueError(
            "a U-Net on an encoder and a multiple of 32 pixels are needed, got "
            f"{model.name} and {size}."
        )
    drawing = Drawing(10, 4.4)

    def box(name, x, level, channels, fill, **style):
        words = _by((size >> level, size >> level, channels))
        drawing.box(name, x, 4.1 - 0.65 * level, 1.75, 0.38, words, fill, **style)

    def channels(tensor):
        return tensor.shape[-1]

    box("L", 1.6, 0, channels(model.inputs[0]), PALE_GREY)
    for level in range(1, 6):
        layer = named["deepest" if level == 5 else f"skip_{level}"]
        box(f"encoder_{level}", 1.6, level, channels(layer.input), PALE_BLUE)
        before = f"encoder_{level - 1}" if level > 1 else "L"
        drawing.arrow(before, f"encoder_{level}", sides=("bottom", "top"))
    box("deepest", 5, 5, channels(named["deepest"].output), PALE_GREEN)
    drawing.arrow("encoder_5", "deepest")
    before, way = "deepest", ("right", "bottom")
    for level in (4, 3, 2, 1):
        name, skip = f"decode_{level}", channels(named[f"skip_{level}"].output)
        box(name, 8.4, level, channels(named[name].output), PALE_ORANGE)
        drawing.arrow(before, name, sides=way)
        words = f"skip: conv 1 × 1, {skip} channels"
        drawing.arrow(f"encoder_{level}", name, words, BLUE, dashed=True)
        before, way = name, ("top", "bottom")
    box("ab", 8.4, 0, channels(model.outputs[0]), PALE_ORANGE)
    drawing.arrow(before, "ab", sides=way)
    decoder = sum(x.count_params() for n, x in named.items() if n.startswith(DECODER))
    encoder = model.count_params() - decoder
    extra = ", told the mean of all places" if "context_1" in named else ""
    drawing.text(5, 4.1 - 0.65 * 5 - 0.36, f"conv 1 × 1{extra}", size=8.5)
    words = f"blue: encoder, {encoder:,} weights      "
    words += f"green and orange: decoder, {decoder:,} weights"
    drawing.text(5, 0.16, words, size=9)
    drawing.alt = (
        f"A U-Net on an encoder: features of {drawing.boxes['encoder_1']} to "
        f"{drawing.boxes['encoder_5']}, a decoder from {drawing.boxes['deepest']} to "
        f"{drawing.boxes['ab']}, and 4 skips. Encoder {encoder:,} weights, decoder "
        f"{decoder:,}."
    )
    return drawing


def draw_patch(
    model: keras.Model,
    size: int = 256,
    place: tuple | None = None,
    picture: np.ndarray | None = None,
) -> Drawing:
    """Draws a PatchGAN: its layers, and the square of the picture that one logit sees.

    Args:
        model: a functional model whose convolutions are a chain, such as
            `models.build_patch_discriminator`.
        size: height and width of the picture.
        place: row and column of the logit, or None for one in the middle.
        picture: uint8 or float array `(size, size, 3)`, drawn in the square, or None.

    Returns:
        A `Drawing`; its boxes are "input", the convolutions by name, "patch" and
        "logit".

    Raises:
        ValueError: if `place` is not among the logits.
    """
    shapes = shapes_at(model, size)
    steps = [layer for layer in _layers(model) if isinstance(layer, layers.Conv2D)]
    side = shapes[steps[-1].name][0]
    place = (side // 2, side // 2) if place is None else tuple(place)
    if len(place) != 2 or not all(0 <= i < side for i in place):
        raise ValueError(f"{place} is none of the {side} x {side} logits.")
    drawing = Drawing(10, 4.8)
    step = 9.8 / (len(steps) + 1)
    channels = [tensor.shape[-1] for tensor in model.inputs]
    words = f"input\n{size} × {size}\n× ({' + '.join(map(str, channels))})"
    here = (0.1 + step / 2, 4.3, step - 0.22, 0.75)
    drawing.box("input", *here, words, PALE_GREY, size=8)
    for i, layer in enumerate(steps):
        (kernel, _), (stride, _) = layer.kernel_size, layer.strides
        high, wide, filters = shapes[layer.name]
        words = f"{kernel} × {kernel}, stride {stride}\n{high} × {wide}\n× {filters}"
        fill = PALE_BLUE if stride > 1 else "white"
        here = (0.1 + (i + 1.5) * step, 4.3, step - 0.22, 0.75)
        drawing.box(layer.name, *here, words, fill, size=8 if step > 1.4 else 7.5)
        drawing.arrow(steps[i - 1].name if i else "input", layer.name)
    _patch_and_logit(drawing, receptive_stack(model, size), size, side, place, picture)
    drawing.alt = (
        f"{len(steps)} convolutions from {size} × {size} pixels to {side} × {side} "
        f"logits. {drawing.boxes['patch']}: the logit at row {place[0]}, column "
        f"{place[1]} and its square are framed. {_count(model)}."
    )
    drawing.text(5, 0.2, _count(model), size=9)
    return drawing


def _patch_and_logit(drawing, stack, size, side, place, picture):
    """Below the layers: the picture with a framed square, the logits with a cell."""
    (y, bottom), (x, right) = (receptive_span(stack, i) for i in place)
    patch = bottom - y + 1
    # Picture and patch, which may lie beyond it, share a square of 2.9 inches.
    start = min(0, x), min(0, y)
    scale = 2.9 / max(
        *(max(size - 1, e) - s + 1 for e, s in zip((right, bottom), start))
    )
    left, top = 1.3 - start[0] * scale, 3.5 + start[1] * scale
    corners = (left, left + size * scale, top - size * scale, top)
    if picture is not None:
        drawing.axes.imshow(picture, extent=corners, aspect="auto", zorder=1)
        drawing.axes.set(xlim=(0, 10), ylim=(0, 4.8))
    else:
        drawing.frame(left, top, 1, 1, size * scale, "gray")
    corner = (left + x * scale, top - y * scale)
    drawing.frame(*corner, 1, 1, patch * scale)
    top = 3.5
    cell = 2.9 / side
    grid_left = 5.8
    lines = np.arange(side + 1) * cell
    drawing.axes.hlines(top - lines, grid_left, grid_left + 2.9, "gray", lw=0.4)
    drawing.axes.vlines(grid_left + lines, top - 2.9, top, "gray", lw=0.4)
    logit = (grid_left + place[1] * cell, top - place[0] * cell)
    drawing.frame(*logit, 1, 1, cell)
    for end in (0, 1):
        start = (corner[0] + patch * scale, corner[1] - end * patch * scale)
        drawing.line(start, (logit[0], logit[1] - end * cell), RED, head="-")
    drawing.places["patch"] = (
        *(corner[0], corner[1] - patch * scale),
        *(corner[0] + patch * scale, corner[1]),
    )
    drawing.places["logit"] = (logit[0], logit[1] - cell, logit[0] + cell, logit[1])
    drawing.boxes["patch"] = f"One logit sees {patch} × {patch} pixels"
    drawing.boxes["logit"] = f"{side} × {side} logits"
    drawing.arrows.append(("patch", "logit", ""))
    drawing.text(2.75, 3.68, drawing.boxes["patch"], color=RED)
    drawing.text(grid_left + 1.45, 3.68, drawing.boxes["logit"])


def draw_game(generator: keras.Model, discriminator: keras.Model) -> Drawing:
    """Draws the two players of a GAN, and which loss moves which.

    Args:
        generator: its first input is noise, or what it translates.
        discriminator: of the generator's output; or of a pair, the generator's input
            before it (a conditional GAN).

    Returns:
        A `Drawing`; its boxes are "input", "real", "generator", "fake",
        "discriminator", "d_loss" and "g_loss".

    Raises:
        ValueError: if the discriminator does not take what the generator makes.
    """
    made, taken = generator.outputs[0], discriminator.inputs[-1]
    if made.shape[-1] != taken.shape[-1]:
        raise ValueError(
            f"the generator makes {made.shape}, the discriminator takes {taken.shape}."
        )
    pair = len(discriminator.inputs) > 1
    drawing = Drawing(10, 4.1)
    words = f"{'input' if pair else 'noise'}\n{_open(generator.inputs[0])}"
    drawing.box("input", 0.85, 2.75, 1.3, 0.62, words)
    players = (("generator", generator, 2.75), ("discriminator", discriminator, 6.65))
    for name, model, x in players:
        fill = PALE_ORANGE if name == "generator" else PALE_BLUE
        y, height = (2.75, 0.9) if name == "generator" else (2.2, 2.0)
        drawing.box(name, x, y, 1.55, height, f"{name}\n{_count(model)}", fill)
    drawing.box("fake", 4.7, 2.75, 1.15, 0.62, f"fake\n{_open(generator.outputs[0])}")
    drawing.box("real", 4.7, 1.65, 1.15, 0.62, f"real\n{_open(taken)}")
    drawing.box("g_loss", 9.0, 2.75, 1.7, 0.62, "g_loss\nfake should be 1", PALE_ORANGE)
    words = "d_loss\nreal should be 1,\nfake should be 0"
    drawing.box("d_loss", 9.0, 1.65, 1.7, 0.8, words, PALE_BLUE)
    drawing.arrow("input", "generator")
    drawing.arrow("generator", "fake")
    drawing.arrow("fake", "discriminator", level="fake")
    drawing.arrow("real", "discriminator", level="real")
    drawing.arrow("discriminator", "g_loss", level="g_loss")
    drawing.arrow("discriminator", "d_loss", level="d_loss")
    if pair:
        drawing.detour("input", "discriminator", 1.05, "with its input", shift=-0.4)
    words = "moves only the generator"
    drawing.detour("g_loss", "generator", 3.7, words, RED, dashed=True)
    words = "moves only the discriminator"
    drawing.detour("d_loss", "discriminator", 0.55, words, BLUE, dashed=True, shift=0.4)
    shape = _open(discriminator.outputs[0])
    words = f"solid: forward      dashed: slopes, backward      verdict: {shape}"
    drawing.text(5, 0.15, words, size=9)
    drawing.alt = (
        f"The generator ({_count(generator)}) turns {_open(generator.inputs[0])} into "
        f"a fake, {_open(made)}. The discriminator ({_count(discriminator)}) sees real "
        f"ones and fakes{', each with its input' if pair else ''}. Its loss moves only "
        "the discriminator; the generator's loss runs back through the discriminator "
        "and moves only the generator."
    )
    return drawing


def _open(tensor):
    """A shape without the batch; open sides are H and W."""
    sides = [str(n or letter) for n, letter in zip(tensor.shape[1:], "HW?")]
    many = len(sides) > 1 or sides == ["1"]
    return " × ".join(sides) if many else f"{sides[0]} numbers"
