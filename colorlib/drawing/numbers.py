"""Drawings with all their numbers: backpropagation, and one step of a convolution."""

from dataclasses import dataclass

import keras
import numpy as np

from colorlib.drawing.canvas import (
    BLUE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_GREY,
    PALE_ORANGE,
    RED,
    Drawing,
    short,
)


def draw_backpropagation(weights: list, x: np.ndarray, target: np.ndarray) -> Drawing:
    """Draws one example on its way through a network and back, with all numbers.

    The network has Dense layers with ReLU between them; its loss E is the mean squared
    error. Black: values and weights, forward. Red and slanted: slopes of E, backward.

    Args:
        weights: the arrays of the layers in turn, matrix `(n, m)` and bias `(m,)`: as
            `model.get_weights()` lists them. At most 2 layers of at most 4 numbers.
        x: array `(n,)`, the inputs of one example.
        target: array `(m,)`, what the outputs should be.

    Returns:
        A `Drawing`; its boxes are "layer,neuron" and "loss".

    Raises:
        ValueError: if an array does not fit to the one before it, or the network is
            too large to be read.
    """
    x, target = np.asarray(x, "float64"), np.asarray(target, "float64")
    matrices = [np.asarray(w, "float64") for w in weights[::2]]
    biases = [np.asarray(c, "float64") for c in weights[1::2]]
    sizes = [len(x), *(len(c) for c in biases)]
    fits = [m.shape == pair for m, pair in zip(matrices, zip(sizes, sizes[1:]))]
    if len(weights) % 2 or not fits or not all(fits) or len(target) != sizes[-1]:
        shapes = [np.shape(array) for array in (x, *weights, target)]
        raise ValueError(f"input, weights and target do not fit: {shapes}.")
    if max(sizes) > 4 or len(sizes) > 3:
        raise ValueError(
            f"at most 2 layers of at most 4 numbers can be read, got sizes {sizes}."
        )
    sums, values, slopes, grads = _there_and_back(matrices, biases, x, target)
    width, height = 10, 1.2 * max(sizes) + 0.7
    drawing = Drawing(width, height)
    columns = np.linspace(0.6, width - 2.2, len(sizes))
    middle = (height + 0.4) / 2
    for layer, size in enumerate(sizes):
        for neuron in range(size):
            name = f"{layer},{neuron}"
            y = middle + ((size - 1) / 2 - neuron) * 1.2
            _neuron(drawing, name, columns[layer], y, sums, values, slopes, target)
    loss = np.mean((values[-1] - target) ** 2)
    place = (width - 0.6, middle, 0.95, 0.6)
    drawing.box("loss", *place, f"loss\nE = {loss:.3f}", PALE_GREEN)
    for neuron in range(sizes[-1]):
        drawing.arrow(f"{len(sizes) - 1},{neuron}", "loss")
    taken = []
    for layer, matrix in enumerate(matrices):
        for (i, j), weight in np.ndenumerate(matrix):
            ends = (f"{layer},{i}", f"{layer + 1},{j}")
            words = f"{weight:.2f}", _slope(grads[layer][i, j])
            _edge(drawing, *ends, *words, taken)
    legend = "black: values and weights, forward      "
    drawing.text(width / 2, 0.22, legend, ha="right")
    legend = "red, slanted: slopes of the loss E, backward"
    drawing.text(width / 2, 0.22, legend, color=RED, style="italic", ha="left")
    drawing.alt = (
        f"A network of {' - '.join(map(str, sizes))} numbers with one example in it. "
        f"Forward it gives {', '.join(f'{v:.2f}' for v in values[-1])} where "
        f"{', '.join(f'{v:.2f}' for v in target)} is right: the loss is {loss:.3f}. "
        "Beside each weight and each neuron stands the slope of the loss."
    )
    return drawing


def _there_and_back(matrices, biases, x, target):
    """Sums and values of each layer, the loss's slopes for the sums, for weights."""
    sums, values = [x], [x]
    for layer, (matrix, bias) in enumerate(zip(matrices, biases)):
        sums.append(values[-1] @ matrix + bias)
        last = layer == len(matrices) - 1
        values.append(sums[-1] if last else np.maximum(sums[-1], 0))
    slope = 2 * (values[-1] - target) / len(target)
    slopes, grads = [slope], []
    for layer in reversed(range(len(matrices))):
        grads.insert(0, np.outer(values[layer], slope))
        slope = matrices[layer] @ slope
        if layer:
            slope = slope * (sums[layer] > 0)
        slopes.insert(0, slope)
    return sums, values, slopes, grads


def _neuron(drawing, name, x, y, sums, values, slopes, target):
    layer, neuron = map(int, name.split(","))
    value, slope = values[layer][neuron], slopes[layer][neuron]
    size = (1.05, 0.62)
    if layer == 0:
        drawing.box(name, x, y, 0.95, 0.4, f"x = {value:.2f}")
        return
    if layer < len(values) - 1:
        words, fill = f"sum {sums[layer][neuron]:.2f}\nReLU {value:.2f}", PALE_BLUE
    else:
        words = f"out {value:.2f}\ntrue {target[neuron]:.2f}"
        fill = PALE_ORANGE
    drawing.box(name, x, y, *size, "", fill)
    drawing.text(x, y + 0.1, words, size=8.5)
    style = {"color": RED, "style": "italic", "size": 8.5}
    drawing.text(x, y - 0.2, _slope(slope), **style)
    drawing.boxes[name] = f"{words}\n{_slope(slope)}"


def _edge(drawing, start, end, weight, slope, taken):
    """An arrow with its weight and slope at the first place where nothing stands."""
    drawing.arrow(start, end)
    drawing.arrows[-1] = (start, end, f"{weight} {slope}")
    a, b = drawing.side(start, "right"), drawing.side(end, "left")
    for share in sorted(np.arange(0.12, 0.9, 0.02), key=lambda s: abs(s - 0.35)):
        x, y = (1 - share) * np.array(a) + share * np.array(b)
        place = (x - 0.23, y - 0.18, x + 0.23, y + 0.18)
        if not any(_overlap(place, other) for other in taken):
            break
    taken.append(place)
    drawing.label(x, y + 0.085, weight, size=8.5)
    drawing.label(x, y - 0.085, slope, size=8.5, color=RED, style="italic")


def _slope(number):
    """Three digits behind the point, and no minus before nothing."""
    text = f"{number:.3f}"
    return text[1:] if text == "-0.000" else text


def _overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def draw_convolution(
    layer: keras.layers.Conv2D,
    picture: np.ndarray,
    place: tuple = (0, 0),
    channel: int = 0,
) -> Drawing:
    """Draws how a convolution makes one number of its output, with all numbers.

    A row for each channel of the input: window, kernel, their products. The sums are
    added, the bias too; then comes the activation function.

    Args:
        layer: a built `Conv2D`.
        picture: float array `(H, W, C)`, at most 6 x 6 x 3.
        place: row and column of the number in the output.
        channel: of the output: which filter.

    Returns:
        A `Drawing`; its boxes are "sum 0", "sum 1", ... for the channels, and "output".

    Raises:
        ValueError: if the picture is too large to be read, the layer has dilation or
            groups, or `place` or `channel` is not in the output.
    """
    picture = np.asarray(picture, "float32")
    if picture.ndim != 3 or max(picture.shape[:2]) > 6 or picture.shape[2] > 3:
        raise ValueError(
            f"a picture of at most (6, 6, 3) can be read, got {picture.shape}."
        )
    if layer.groups != 1 or set(layer.dilation_rate) != {1}:
        raise ValueError("a convolution with groups or dilation cannot be drawn.")
    output = keras.ops.convert_to_numpy(layer(picture[None]))[0]
    inside = all(0 <= i < n for i, n in zip((*place, channel), output.shape))
    if not inside or len(place) != 2:
        raise ValueError(f"{(*place, channel)} is not in the output {output.shape}.")
    return _draw_step(_step(layer, picture, output, tuple(place), channel))


@dataclass
class _Step:
    """What stands behind one number of a convolution's output."""

    padded: np.ndarray  # (H, W, C), the picture and zeros around it
    inside: np.ndarray  # (H, W), whether a pixel is of the picture
    start: tuple  # row and column where the window begins
    kernel: np.ndarray  # (h, w, C)
    products: np.ndarray  # (h, w, C)
    bias: float | None
    activation: str
    output: np.ndarray  # (H', W')
    place: tuple


def _step(layer, picture, output, place, channel):
    margins = [(0, 0), (0, 0)]
    if layer.padding == "same":
        for axis, kernel in enumerate(layer.kernel_size):
            reach = (output.shape[axis] - 1) * layer.strides[axis] + kernel
            total = max(reach - picture.shape[axis], 0)
            margins[axis] = (total // 2, total - total // 2)
    padded = np.pad(picture, (*margins, (0, 0)))
    inside = np.pad(np.ones(picture.shape[:2], bool), margins)
    arrays = layer.get_weights()
    kernel = arrays[0][..., channel]
    top, left = start = tuple(i * s for i, s in zip(place, layer.strides))
    window = padded[top : top + kernel.shape[0], left : left + kernel.shape[1]]
    bias = float(arrays[1][channel]) if layer.use_bias else None
    name = layer.activation.__name__
    output = output[..., channel]
    return _Step(
        padded, inside, start, kernel, window * kernel, bias, name, output, place
    )


def _draw_step(step):
    rows, columns, channels = step.padded.shape
    high, wide = step.kernel.shape[:2]
    # Four columns of grids and sums on a sheet of 10 inches.
    cell = min(0.38, 6.2 / (columns + 2 * wide + step.output.shape[1]))
    pitch = max(rows, high) * cell + 0.55
    tall = max(channels * pitch - 0.4, len(step.output) * cell)
    widths = [0.1, columns * cell + 0.4, wide * cell + 0.38, wide * cell + 0.38]
    lefts = np.cumsum(widths)  # of input, kernel, products, sums
    lines = _after_the_sums(step)
    left = lefts[3] + (2.35 if lines else 1.2)
    drawing = Drawing(left + step.output.shape[1] * cell + 0.1, tall + 0.3)
    for c in range(channels):
        _draw_channel(drawing, step, c, lefts, tall - c * pitch, cell)
    last = [f"sum {c}" for c in range(channels)]
    if lines:
        place = (lefts[3] + 1.63, tall / 2, 0.95, 0.2 * len(lines) + 0.15)
        drawing.box("total", *place, "\n".join(lines), PALE_BLUE)
        for box in last:
            drawing.arrow(box, "total", color=BLUE)
        last = ["total"]
    _draw_output(drawing, step, left, tall / 2 + len(step.output) * cell / 2, cell)
    for box in last:
        drawing.arrow(box, "output", color=BLUE)
    pieces = " + ".join(short(n) for n in step.products.sum(axis=(0, 1)))
    result, (row, column) = short(step.output[step.place]), step.place
    drawing.alt = (
        f"A {high} x {wide} window of the input times the kernel, number by number. "
        f"The products add up to {pieces}; with the bias {short(step.bias or 0)} and "
        f"the activation {step.activation} this gives {result}, the "
        f"number at row {row}, column {column} of the output."
    )
    return drawing


def _after_the_sums(step):
    """What is done with the sums of the channels, in lines; none for one sum alone."""
    lines = ["add up"] if step.products.shape[2] > 1 else []
    if step.bias is not None:
        lines.append(f"+ bias {short(step.bias)}")
    if lines:
        lines.append(f"= {short(step.products.sum() + (step.bias or 0))}")
    if step.activation != "linear":
        lines.append(f"{step.activation}: {short(step.output[step.place])}")
    return lines


def _draw_channel(drawing, step, c, lefts, top, cell):
    """One row of the sheet: input, kernel, products and their sum."""
    high, wide = step.kernel.shape[:2]
    rows, columns = step.inside.shape
    number = f" {c}" if step.padded.shape[2] > 1 else ""
    size = 8 if cell > 0.35 else 7
    fill = np.where(step.inside, "white", PALE_GREY)
    drawing.grid(lefts[0], top, step.padded[..., c], cell, fill, size)
    row, column = step.start
    drawing.frame(lefts[0] + column * cell, top - row * cell, high, wide, cell)
    drawing.text(lefts[0] + columns * cell / 2, top + 0.15, f"input{number}")
    middle = top - rows * cell / 2
    top = middle + high * cell / 2
    grids = {
        "kernel": (step.kernel, PALE_BLUE),
        "products": (step.products, PALE_ORANGE),
    }
    for left, sign, (name, (numbers, fill)) in zip(lefts[1:], "×=", grids.items()):
        drawing.grid(left, top, numbers[..., c], cell, fill, size)
        drawing.text(left + wide * cell / 2, top + 0.15, f"{name}{number}")
        drawing.text(left - 0.2, middle, sign, size=14)
    words = f"sum {short(step.products[..., c].sum())}"
    drawing.box(f"sum {c}", lefts[3] + 0.44, middle, 0.88, 0.32, words, PALE_ORANGE)
    drawing.line((lefts[3] - 0.36, middle), (lefts[3], middle), BLUE)


def _draw_output(drawing, step, left, top, cell):
    """The grid of the output; its box is the row up to the number."""
    drawing.grid(left, top, step.output, cell, size=8 if cell > 0.35 else 7)
    drawing.text(left + step.output.shape[1] * cell / 2, top + 0.15, "output")
    row, column = step.place
    corner = (left + column * cell, top - row * cell)
    drawing.frame(*corner, 1, 1, cell)
    drawing.boxes["output"] = short(step.output[step.place])
    drawing.places["output"] = (left, corner[1] - cell, *corner)
