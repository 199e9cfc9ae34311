"""Exercises of lessons 00 to 06 and 13: their stubs, and wrong answers with hints.

An exercise is run alone, in a namespace with the cells that it needs. A wrong answer,
or an exception of the learner, ends in one `NotYet` of one line, which helps.
"""

import ast
import json

import pytest
from small import ROOT

from colorlib.errors import NotYet

BOATS = ROOT / "data/samples/old/nagasaki-boats.jpg"
NUMPY = "import numpy as np"
CHECKS = (
    "from colorlib.checks import attempt, check, check_function, check_true, checkpoint"
)

# (lesson, exercise): (what runs before, cells that it needs, {wrong answer: message})
# A needed cell is named by a piece of its text.
EXERCISES = {
    ("00", 1): (
        "from pathlib import Path\n"
        "from colorlib.images import read_picture\n"
        "from colorlib.lab import rgb8_to_lab\n"
        f"photos = [read_picture({str(BOATS)!r})]",
        [],
        {
            "numbers_to_guess = 1024 * 819": "838656 is too small. Count the pixels",
            "numbers_to_guess = 1024 * 819 * 3": "is too large. Count the pixels",
            "numbers_to_guess = '2'": "Numbers are needed, got '2'",
        },
    ),
    ("00b", 1): (
        "",
        [],
        {
            "def table_line(name, error):\n    return f'{name}: {error}'": (
                "Expected 'grey: 0.0203', got 'grey: 0.02034'. An f-string"
            ),
            "def table_line(name, error):\n    return f'{name}:{error:.4f}'": (
                "got 'grey:0.0203'"
            ),
            "def table_line(name, error):\n    return name + ': ' + error": (
                "Your code stops: TypeError: .*An f-string"
            ),
        },
    ),
    ("00b", 2): (
        "",
        [],
        {
            "def brighter(value, amount):\n    return min(value + amount, 1)": (
                "For .0.5. your code stops: TypeError: .*amount.*The default stands"
            ),
            "def brighter(value, amount=0.2):\n    return value + amount": (
                "expected 1., got 1.4"
            ),
            "def brighter(value, amount=0.2):\n    return max(value + amount, 1)": (
                "expected 0.75, got 1"
            ),
        },
    ),
    ("00b", 3): (
        "",
        [],
        {
            "def gains(losses):\n"
            "    return [b - a for a, b in zip(losses, losses[1:])]": (
                r"expected \[0.18 0.04\], got \[-0.18 -0.04\]"
            ),
            "def gains(losses):\n    return losses - losses[1:]": (
                "your code stops: TypeError: .*zip.losses, losses.1:.. gives pairs"
            ),
            "def gains(losses):\n    return [loss for loss in losses]": (
                r"the shape should be \(2,\), yours is \(3,\)"
            ),
        },
    ),
    ("00b", 4): (
        "",
        [],
        {
            "def left_mirrored(rgb):\n    return rgb[:, : rgb.shape[1] // 2]": (
                "Two steps: the first half"
            ),
            "def left_mirrored(rgb):\n"
            "    return rgb[:, ::-1][:, : rgb.shape[1] // 2]": "Two steps",
            "def left_mirrored(rgb):\n    return rgb[:, : rgb.shape[1] / 2]": (
                "your code stops: TypeError"
            ),
        },
    ),
    ("00b", 5): (
        "",
        [],
        {
            "def paint(grey, colour):\n    return grey * colour": (
                "your code stops: ValueError: .*Grey needs a third axis"
            ),
            "def paint(grey, colour):\n    return grey[..., None] + colour": "expected",
            "def paint(grey, colour):\n    return grey": (
                r"the shape should be \(2, 2, 3\), yours is \(2, 2\)"
            ),
        },
    ),
    ("00b", 6): (
        "",
        [],
        {
            "def mean_colours(pictures):\n    return pictures.mean()": (
                r"the shape should be \(2, 3\), yours is \(\)\. N and 3 stay"
            ),
            "def mean_colours(pictures):\n    return pictures.mean(axis=(0, 1))": (
                r"yours is \(3, 3\)"
            ),
            "def mean_colours(pictures):\n    return pictures.mean(axis=4)": (
                "your code stops: AxisError"
            ),
        },
    ),
    ("00b", 7): (
        "",
        [],
        {
            "def size_of(picture):\n    return picture.shape": (
                r"the shape should be \(3,\), yours is \(2,\)"
            ),
            "def size_of(picture):\n    height, width, channels = picture.shape\n"
            "    return height, width, channels": "your code stops: ValueError",
            "def size_of(picture):\n"
            "    return picture.shape[1], picture.shape[0], 3": r"got \[5 2 3\]",
        },
    ),
    ("00b", 8): (
        "import tempfile\nfrom pathlib import Path\nlosses = [0.3, 0.12]",
        ["with open(folder"],
        {
            "def read_losses(path):\n    return open(path).read()": (
                "Numbers are needed, got '0.3.*Open it with"
            ),
            "def read_losses(path):\n    return [float(line) for line in path]": (
                "Your code stops: TypeError"
            ),
            "def read_losses(path):\n    with open(path) as file:\n"
            "        return float(file.readline())": "The shape should be",
        },
    ),
    ("01", 1): (
        "",
        [],
        {
            "def chroma(ab):\n    return np.sqrt(ab[0] ** 2 + ab[1] ** 2)": (
                "For .* your code stops: IndexError: .*Square, add over the last axis"
            ),
            "def chroma(ab):\n    return (ab**2).sum(axis=-1)": "expected 5., got 25.",
            "def chroma(ab):\n    return ab[..., 0]": "expected 5., got 3.",
        },
    ),
    ("01", 2): (
        "from colorlib.data import load_pictures\n"
        "from colorlib.lab import unscale_L\n"
        "SIZE, show_row = 64, print\n"
        "find = lambda pictures, word: 0",
        [
            "OUTDOORS = [",
            "def scaled_channels",
            "def mse",
            "def make_features",
            "def texture(",
        ],
        {
            "def more_features(L):\n    t = make_features(L)\n"
            "    return np.column_stack([t, t**2])": (
                r"Not yet: 0\.0168, that is 4% below L, x, y\. Smooth areas"
            ),
            "def more_features(L):\n    return make_features(L)": "that is 0% below",
            "def more_features(L):\n"
            "    return np.column_stack([make_features(L), L**2])": (
                "Your code stops: ValueError: .*One row a pixel"
            ),
        },
    ),
    ("01", 3): (
        # 20 pixels of sky, of which 8 are hard to find, and 60 others.
        "P = np.repeat([0.5, 0.15, 0.05, 0.15, 0.05], [12, 7, 1, 30, 30])\n"
        "sky_features = lambda L: np.log(P / (1 - P))[:, None]\n"
        "sigmoid = lambda z: 1 / (1 + np.exp(-z))\n"
        "sky_weights, sky_bias, validation_L = np.ones(1), 0.0, None\n"
        "class validation:\n    rgb = None\n"
        "blue_sky = lambda rgb: np.arange(80) < 20",
        [],
        {
            "threshold = 0.2": r"recall 0\.600 of 0\.95, precision 1\.000 of 0\.3",
            "threshold = 0.01": r"recall 1\.000 of 0\.95, precision 0\.250 of 0\.3",
            "threshold = '0.1'": "Your code stops: .*a number between 0",
        },
    ),
    ("02", 1): (
        "",
        ["def numerical_gradient"],
        {
            "def leaky_relu_slope(z):\n    return 1 if z.all() > 0 else 0.2": (
                r"the shape should be \(1,\), yours is \(\)"
            ),
            "def leaky_relu_slope(z):\n    return np.where(z > 0, 1, 0)": "got .0",
            "def leaky_relu_slope(z):\n    return 1 if z > 0 else 0.2 * z": "shape",
        },
    ),
    ("02", 2): (
        "class keras_net:\n    count_params = lambda: 5506\n"
        "cup = {0: np.zeros(32), 1: np.zeros(16), 2: np.zeros(2)}",
        [],
        {
            "def count_weights(sizes):\n"
            "    return sum(n * m for n, m in zip(sizes, sizes[1:]))": "m biases",
            "def count_weights(sizes):\n    return sum(sizes)": "expected 50, got 19",
            "def count_weights(sizes):\n    return sizes[0] * sizes[3]": "IndexError",
        },
    ),
    ("02", 3): (
        "",
        [],
        {
            "def early_stop(losses, patience):\n"
            "    return int(np.argmin(losses)) + 1, len(losses)": r"got \[5 5\]",
            "def early_stop(losses, patience):\n"
            "    return int(np.argmin(losses)), len(losses) - 1": r"got \[3 3\]",
            "def early_stop(losses, patience):\n    return losses[patience]": (
                r"the shape should be \(2,\), yours is \(\)"
            ),
        },
    ),
    ("02b", 1): (
        "import keras\nfrom keras import layers\nNEURONS = 64",
        [],
        {
            "def build_with_skip(size, neurons):\n"
            "    return keras.Sequential([keras.Input((size,)),\n"
            "        layers.Dense(neurons), layers.Dense(2)])": (
                "5506 is too small. Input, Dense, Concatenate"
            ),
            "def build_with_skip(size, neurons):\n    inputs = keras.Input((size,))\n"
            "    both = layers.Add()([layers.Dense(neurons)(inputs), inputs])\n"
            "    return keras.Model(inputs, layers.Dense(2)(both))": "Your code stops",
            "def build_with_skip(size, neurons):\n"
            "    return layers.Dense(2)(keras.Input((size,)))": (
                "Your code stops: AttributeError: .*then keras.Model"
            ),
        },
    ),
    ("02b", 2): (
        "from keras import ops",
        [],
        {
            "def distance(real_ab, fake_ab):\n"
            "    return ops.mean(ops.sum((fake_ab - real_ab) ** 2, axis=-1))": (
                "expected 2.5, got 12.5. Square, sum over the last axis"
            ),
            "def distance(real_ab, fake_ab):\n"
            "    return ops.sqrt(ops.mean((fake_ab - real_ab) ** 2))": (
                "expected 1.4142, got 1."
            ),
            "def distance(real_ab, fake_ab):\n    return (fake_ab - real_ab) ** 2": (
                r"the shape should be \(\), yours is \(2, 2\)"
            ),
        },
    ),
    ("02b", 3): (
        "import keras\nimport tensorflow as tf\nfrom keras import layers, ops\n"
        "from colorlib.training import set_seed\n"
        "random = np.random.default_rng(0)\n"
        "train_x = random.normal(size=(32, 83)).astype('float32')\n"
        "train_ab = random.normal(size=(32, 2)).astype('float32')",
        [],
        {
            "def train_step(model, optimizer, x, real_ab):\n"
            "    return ops.mean((model(x) - real_ab) ** 2)": "Expected .*The loss in",
            "def train_step(model, optimizer, x, real_ab):\n"
            "    loss = ops.mean((model(x) - real_ab) ** 2)\n"
            "    with tf.GradientTape() as tape:\n        pass\n"
            "    slopes = tape.gradient(loss, model.trainable_variables)\n"
            "    optimizer.apply(slopes, model.trainable_variables)\n"
            "    return loss": "Your code stops: .*The loss in the block",
            "def train_step(model, optimizer, x, real_ab):\n"
            "    with tf.GradientTape() as tape:\n"
            "        loss = ops.mean((model(x) - real_ab) ** 2)\n"
            "    slopes = tape.gradient(loss, model.trainable_variables)\n"
            "    for variable, slope in zip(model.trainable_variables, slopes):\n"
            "        variable.assign_add(0.5 * slope)\n"
            "    return loss": "Expected",
        },
    ),
    ("03", 1): (
        "from keras import ops\n"
        "small = np.arange(48).reshape(4, 4, 3).astype('float32')\n"
        "weights = (np.arange(54) % 5 - 2).reshape(3, 3, 3, 2).astype('float32')",
        ["def convolve(plane"],
        {
            "def convolve_channels(x, kernels, bias):\n"
            "    return sum(convolve(x[..., c], kernels[..., c, 0])\n"
            "               for c in range(x.shape[-1])) + bias[0]": (
                r"shape is \(4, 4\) instead of \(4, 4, 1\)\. For each filter"
            ),
            "def convolve_channels(x, kernels, bias):\n"
            "    return np.stack([sum(convolve(x[..., c], kernels[..., c, f])\n"
            "        for c in range(x.shape[-1])) for f in range(len(bias))], -1)": (
                r"1 channels, wrong by up to 5\. .* \+ bias"
            ),
            "def convolve_channels(x, kernels, bias):\n"
            "    return np.stack([convolve(x[..., 0], kernels[..., 0, f]) + bias[f]\n"
            "                     for f in range(len(bias))], axis=-1)": (
                "3 channels, wrong by up to .* over the channels"
            ),
            "def convolve_channels(x, kernels, bias):\n"
            "    return convolve(x, kernels) + bias": "Your code stops: ValueError",
        },
    ),
    ("03", 2): (
        "import keras\nfrom keras import layers",
        [],
        {
            "def build_small():\n    L = keras.Input((None, None, 1))\n"
            "    x = layers.Conv2D(16, 3, padding='same', activation='relu')(L)\n"
            "    x = layers.Conv2D(32, 3, padding='same', activation='relu')(x)\n"
            "    x = layers.UpSampling2D()(layers.UpSampling2D()(x))\n"
            "    ab = layers.Conv2D(2, 3, padding='same', activation='tanh')(x)\n"
            "    return keras.Model(L, ab)": (
                r"output \(2, 64, 96, 2\), 5,378 weights, .*Strides of 2"
            ),
            "def build_small():\n    L = keras.Input((None, None, 1))\n"
            "    s = {'padding': 'same', 'activation': 'relu', 'strides': 2}\n"
            "    x = layers.Conv2D(32, 3, **s)(layers.Conv2D(16, 3, **s)(L))\n"
            "    x = layers.UpSampling2D()(layers.UpSampling2D()(x))\n"
            "    return keras.Model(L, layers.Conv2D(2, 3, padding='same')(x))": (
                r"\['relu', 'relu', 'linear'\]\. .* ReLU twice, tanh"
            ),
            "def build_small():\n    return keras.Sequential([layers.Conv2D(16, 3)])": (
                r"output \(2, 14, 22, 16\), 160 weights, 0 upsamplings"
            ),
            "def build_small():\n    return keras.Input((None, None, 1))": (
                "Your code stops: .*Is the result a keras.Model"
            ),
        },
    ),
    ("03", 3): (
        "",
        ["def receptive_field", "encoder = ["],
        {
            "my_encoder = [(5, 2), *encoder[1:]]": "8 layers, 8 times smaller, sees 77",
            "my_encoder = [(3, 2)] * 8": "8 layers, 256 times smaller, sees 511",
            "my_encoder = [(3, 2), (3, 2), (3, 2), (7, 1)]": "4 layers, 8 times",
            "my_encoder = [3, 2]": "Your code stops: TypeError: .*Pairs",
        },
    ),
    ("03b", 1): (
        "",
        [],
        {
            "def mirror(batch, chosen):\n    return batch[:, :, ::-1]": "Only",
            "def mirror(batch, chosen):\n    answer = batch.copy()\n"
            "    answer[chosen] = batch[chosen][:, ::-1]\n    return answer": "Axis 2",
            "def mirror(batch, chosen):\n    return batch[chosen][:, :, ::-1]": (
                r"shape should be \(2, 1, 3, 2\), yours is \(1, 1, 3, 2\)"
            ),
        },
    ),
    ("03b", 2): (
        "",
        [],
        {
            "def paired_interval(first, second):\n"
            "    return np.quantile(first - second, [0.025, 0.975])": (
                "quantiles of the means"
            ),
            "def paired_interval(first, second):\n"
            "    random, n = np.random.default_rng(0), len(first)\n"
            "    a, b = random.integers(n, size=(2, 1000, n))\n"
            "    means = (first[a] - second[b]).mean(axis=1)\n"
            "    return np.quantile(means, [0.025, 0.975])": (
                r"expected \[1\. 1\.\].*the same places for both"
            ),
            "def paired_interval(first, second):\n"
            "    return (first - second).mean()": r"should be \(2,\), yours is \(\)",
        },
    ),
    ("03b", 3): (
        "def best_absolute(values):\n    return np.median(values)",
        [],
        {
            "def best_squared(values):\n    return np.median(values)": "slope",
            "def best_squared(values):\n    return values.max()": "slope",
            "def best_squared(values):\n    return values": r"yours is \(5,\)",
        },
    ),
    ("04", 1): (
        "",
        [],
        {
            "def two_answers(share):\n    m = share * 60 - (1 - share) * 40\n"
            "    return m, m": r"expected \[50 60\]",
            "def two_answers(share):\n    return 60, 60": "L2 answers the mean",
            "def two_answers(share):\n    return 100 * share - 40": "the shape should",
        },
    ),
    ("04", 2): (
        "",
        [],
        {
            "def anneal(shares, temperature):\n    return shares / temperature": (
                "add up to 1"
            ),
            "def anneal(shares, temperature):\n"
            "    return shares ** (1 / temperature)": "add up to 1",
            "def anneal(shares, temperature):\n    p = shares**temperature\n"
            "    return p / p.sum()": "as a power of p",
        },
    ),
    ("04", 3): (
        "",
        [],
        {
            "def nearest_temperature(temperatures, colours, truth):\n"
            "    return colours[np.abs(colours - truth).argmin()]": "Return a temp",
            "def nearest_temperature(temperatures, colours, truth):\n"
            "    return temperatures[(colours >= truth).argmax()]": "expected 1., got",
            "def nearest_temperature(temperatures, colours, truth):\n"
            "    return np.abs(colours - truth).argmin()": "Return a temperature",
        },
    ),
    ("05", 1): (
        "",
        [],
        {
            "def best_verdict(p, q):\n    return q / (p + q)": "which share is real",
            "def best_verdict(p, q):\n    return p / q": "which share is real",
            "def best_verdict(p, q):\n    return p > q": "which share is real",
        },
    ),
    ("05", 2): (
        "",
        [],
        {
            "def perfect_loss(k):\n    return np.log(2)": "For .4. expected 0.4774",
            "def perfect_loss(k):\n    return k / 8 * np.log(2)": "expected 0.4774",
            "def perfect_loss(k):\n    return 2 * np.log(2)": "expected 0.6931",
        },
    ),
    ("05", 3): (
        "from colorlib.gan import adversarial_loss",
        [],
        {
            "def ls_losses(r, f):\n"
            "    return ((r - 1) ** 2).mean() + (f**2).mean(), ((f - 1) ** 2).mean()": (
                "the mean of both"
            ),
            "def ls_losses(r, f):\n    return (r**2).mean(), (f**2).mean()": "G: fake",
            "def ls_losses(r, f):\n    return ((r - 1) ** 2).mean()": "the shape",
        },
    ),
    ("06", 1): (
        "",
        [],
        {
            "def count_block(channels, filters, normalize=True):\n"
            "    return channels * filters * 16 + 2 * filters": "4 numbers a filter",
            "def count_block(channels, filters, normalize=True):\n"
            "    return channels * filters * 16 + 5 * filters": "no bias",
            "def count_block(channels, filters, normalize=True):\n"
            "    return channels * filters * 16 + 4 * filters": "1, 64, False",
        },
    ),
    ("06", 2): (
        "from colorlib.models import PATCHES",
        ["def receptive_field", "def stack_of"],
        {
            "def span(place, stack, padding=1):\n"
            "    for k, s in reversed(stack):\n        place = place * s - padding\n"
            "    return place, place + 3": r"For .0, .* expected \[-23 46\]",
            "def span(place, stack, padding=1):\n"
            "    return place * 2 - 1, place * 2 + 3": r"expected \[ 9 12\]",
            "def span(place, stack, padding=1):\n"
            "    return stack[place]": "your code stops: IndexError",
        },
    ),
    ("06", 3): (
        "import keras\nfrom keras import layers, ops",
        ["def small_weights"],
        {
            "def up_resized(x, filters):\n    x = layers.UpSampling2D(2)(x)\n"
            "    x = layers.Conv2D(filters, 3, padding='same')(x)\n"
            "    return layers.ReLU()(layers.BatchNormalization()(x))": (
                "246 weights instead of 240"
            ),
            "def up_resized(x, filters):\n"
            "    x = layers.Conv2DTranspose(filters, 3, 2, padding='same')(x)\n"
            "    return layers.BatchNormalization()(x)": "flat input varies by [0-9]",
            "def up_resized(x, filters):\n"
            "    return layers.Conv2D(x, 3)(filters)": "Your code stops",
        },
    ),
    ("13", 1): (
        "",
        [],
        {
            "def carry(squared, wrong, rest=0.05):\n"
            "    return np.exp(-squared) @ wrong": (
                "Weights first: exp of minus the squares"
            ),
            "def carry(squared, wrong, rest=0.05):\n"
            "    w = np.exp(-squared)\n"
            "    return w @ wrong / w.sum(axis=1, keepdims=True)": (
                "Weights first: exp of minus the squares"
            ),
            "def carry(squared, wrong, rest=0.05):\n"
            "    return squared * wrong / rest": (
                "Weights first: exp of minus the squares"
            ),
        },
    ),
    ("13", 2): (
        "",
        [],
        {
            "def worst_place(error):\n"
            "    return np.unravel_index(error.argmax(), error.shape)": (
                "Means of 9 x 9 windows"
            ),
            "def worst_place(error):\n    return error.argmax()": (
                "Means of 9 x 9 windows"
            ),
            "def worst_place(error):\n"
            "    v = np.lib.stride_tricks.sliding_window_view(error, (9, 9))\n"
            "    means = v.mean(axis=(2, 3))\n"
            "    return np.unravel_index(means.argmax(), means.shape)": (
                "Means of 9 x 9 windows.*Add 4"
            ),
        },
    ),
}


def lesson_cells(number):
    path = next((ROOT / "notebooks").glob(f"{number}_*.ipynb"))
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in found]


def exercise_cells(number, exercise):
    """The code of the stub and of its solution."""
    cells = lesson_cells(number)
    start = next(
        i
        for i, (kind, text) in enumerate(cells)
        if kind == "markdown" and f"### Exercise {exercise}:" in text
    )
    code = [text for kind, text in cells[start:] if kind == "code"]
    end = next(i for i, text in enumerate(code) if text.startswith("# @title Solution"))
    return code[: end - 1], code[end - 1], code[end]


def defined_names(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node


def without(source, names):
    """The cell less the learner's part, which defines these names."""
    tree = ast.parse(source)
    own = [node for name, node in defined_names(tree) if name in names]
    assert own, f"the stub defines none of {names}"
    tree.body = [node for node in tree.body if node not in own]
    return compile(tree, "exercise", "exec")


def namespace_of(number, exercise):
    before, needed, _ = EXERCISES[number, exercise]
    names = {}
    exec("\n".join([NUMPY, CHECKS, before]), names)
    code = [text for kind, text in lesson_cells(number) if kind == "code"]
    for piece in needed:
        exec(next(text for text in code if piece in text), names)
    preparation, *_ = exercise_cells(number, exercise)
    for text in preparation:
        if not any(piece in text for piece in needed):
            exec(text, names)
    return names


def test_the_table_holds_every_exercise():
    found = set()
    for number in ("00", "00b", "01", "02", "02b", "03", "03b", "04", "05", "06", "13"):
        for kind, text in lesson_cells(number):
            for line in text.splitlines() if kind == "markdown" else []:
                if line.startswith("### Exercise "):
                    found.add((number, int(line.split()[2].rstrip(":"))))
    assert found == set(EXERCISES)


@pytest.mark.parametrize("number, exercise", EXERCISES)
def test_wrong_answers_get_one_line_that_helps(number, exercise, capsys):
    _, stub, _ = exercise_cells(number, exercise)
    names = namespace_of(number, exercise)
    wrong = EXERCISES[number, exercise][2]
    assert len(wrong) >= 3
    capsys.readouterr()
    exec(stub, names)
    assert set(capsys.readouterr().out.splitlines()) == {"not attempted yet"}
    for answer, message in wrong.items():
        own = {name for name, _ in defined_names(ast.parse(answer))}
        exec(answer, names)
        with pytest.raises(NotYet, match=message) as caught:
            exec(without(stub, own), names)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 500, answer
    assert "passed" not in capsys.readouterr().out
