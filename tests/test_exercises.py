"""All exercises: stubs, solutions, wrong answers with hints; and the five milestones.

An exercise is run alone, in a namespace with the cells that it needs. A wrong answer,
or an exception of the learner, ends in one `NotYet` of one line, which helps. What
solves it is its own folded solution, written into the stub.
"""

import ast
import contextlib
import io
import json

import pytest
from small import ROOT

from colorlib.checks import course, milestone
from colorlib.checks.quizzes import QUIZZES
from colorlib.errors import NotYet
from colorlib.utils.progress import remember, solved

BOATS = ROOT / "data/samples/old/nagasaki-boats.jpg"
NUMPY = "import numpy as np"
CHECKS = "from colorlib.checks import *"

DEEP = """
def deep_gradients(net, x, real_ab):
    h1, h2, out = deep_forward(net, x)
    g3 = 2 * (out - real_ab) / out.size
    g2 = g3 @ net['weights3'].T * (h2 > 0)
    g1 = g2 @ net['weights2'].T * (h1 > 0)
    slopes = {'weights1': x.T @ g1, 'weights2': h1.T @ g2, 'weights3': h2.T @ g3}
    for i, g in enumerate((g1, g2, g3), start=1):
        slopes[f'bias{i}'] = g.sum(axis=0)
    return slopes
"""
RESIZED = """
def up_resized(x, filters):
    x = layers.UpSampling2D(2, interpolation='bilinear')(x)
    x = layers.Conv2D(filters, 3, padding='same', use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)
"""
# A game that is over at once, in the place of those of minutes.
NO_GAME = """
STEPS, NOISE, film = 1, 2, print
class Game:
    def __init__(self, generator, discriminator, g_rate, d_rate):
        self.frames = [(0, None, None)]
set_seed, build_network = print, lambda inputs, outputs: None
play = lambda game, steps, d_steps: game.frames.append((1, d_steps, None))
count_covered = lambda d_steps: (9 - d_steps, 0.8 - 0.05 * d_steps)
"""
SPREAD = """
def spread(ab):
    distances = np.linalg.norm(ab - ab.mean(axis=0), axis=-1)
    return {}
"""
CUT = """
def cut(one, two, top, left, side, mirror):
    a, b = (p[top : top + side, left : left + side] for p in (one, two))
    return np.stack([{}])
"""
KIND = """
def kind_of_print(rgb):
    ab = rgb8_to_lab(rgb)[..., 1:]
    if np.sqrt((ab**2).sum(axis=-1)).mean() < {}:
        return "{2}"
    return "toned" if ab.std(axis=(0, 1)).{1}() < 6 else "colour"
""".replace("{}", "{0}")
MEDIAN = """
def median_of_three(ab):
    smooth = {}
    smooth[1:-1] = np.median(np.stack([ab[:-2], ab[1:-1], ab[2:]]), {})
    return smooth
"""
LUCK = """
def by_luck(differences):
    signs = np.array(list(product((1, -1), repeat=len(differences))))
    means = (signs * differences).mean(axis=1)
    return ({}).mean()
"""
WILSON = """
def wilson(k, n, z=1.96):
    p, extra = k / n, {1}**2 / n
    half = z * np.sqrt(p * (1 - p) / n + extra / (4 * n))
    middle = (p + extra / 2) / (1 + extra)
    return middle - {0}, middle + {0}
"""
CONCLUSION = (
    "I changed d_steps to 3, as I thought that the discriminator would be stronger. "
    "With both seeds the share of good dots fell from 75 % to 65 %. I had expected "
    "that it would rise. Two seeds are few, and one length of the game is one length, "
    "so ten seeds and longer games have to show whether it holds."
)


def experiment(change="{'d_steps': 3}", text=CONCLUSION, why=CONCLUSION):
    return f"my_change = {change}\nexpectation = {why!r}\nconclusion = {text!r}"


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
            "def more_features(L):\n    return make_features(L)[:, 2:] ** 2": (
                "that is 11% above L, x, y"
            ),
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
            "threshold = 10": "Not yet. The threshold is a number between 0 and 1.",
            "threshold = tenth": "Your code stops: NameError: .*'tenth'",
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
        "relu = lambda z: np.maximum(z, 0)\n"
        "mse = lambda fake, real: np.mean((fake - real) ** 2)\n"
        "random = np.random.default_rng(2)\n"
        "data, data_ab = random.normal(size=(7, 5)), random.normal(size=(7, 2))",
        ["def numerical_gradient"],
        {
            # the bend of the second layer forgotten
            DEEP.replace(" * (h2 > 0)", ""): r"Not yet: bias2 is off by \d+%\. Back",
            DEEP.replace("2 * (out", "(out"): "Not yet: bias3 is off by 50%",
            DEEP.replace("sum(axis=0)", "sum()"): (
                r"the shape of bias3 is \(\), it should be \(2,\)"
            ),
            DEEP.replace("h1.T @ g2", "h2.T @ g2"): "the shape of weights2 is .3, 3.",
            DEEP.replace("['weights3'].T", "['weights3']"): (
                "Your code stops: ValueError: .*Back through a layer"
            ),
            "def deep_gradients(network, x, real_ab):\n"
            "    return {'weights1': 0}": r"Not yet: bias3 is not in the dict\. Back",
            # right so far, from the loss backwards
            DEEP.replace("(g1, g2, g3), start=1", "(g2, g3), start=2"): (
                "Not yet: bias1 is not in the dict"
            ),
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
            # an equal loss is no new lowest one
            "def early_stop(losses, patience):\n    best = 1\n"
            "    for epoch, loss in enumerate(losses, start=1):\n"
            "        best = epoch if loss <= losses[best - 1] else best\n"
            "        if epoch - best == patience:\n            break\n"
            "    return best, epoch": r"expected \[2 4\], got \[4 4\]",
            "def early_stop(losses, patience):\n    return losses[patience]": (
                r"the shape should be \(2,\), yours is \(\)"
            ),
        },
    ),
    ("02b", 1): (
        "import keras\nfrom keras import layers\nNEURONS = 64\n"
        "test_x = np.random.default_rng(0).normal(size=(9, 83)).astype('float32')",
        [],
        {
            "def build_with_skip(size, neurons):\n"
            "    return keras.Sequential([keras.Input((size,)),\n"
            "        layers.Dense(neurons), layers.Dense(2)])": (
                "5506 is too small. Input, Dense with ReLU"
            ),
            # the right number of weights, and no bend
            "def build_with_skip(size, neurons):\n    inputs = keras.Input((size,))\n"
            "    hidden = layers.Dense(neurons)(inputs)\n"
            "    both = layers.Concatenate()([hidden, inputs])\n"
            "    return keras.Model(inputs, layers.Dense(2)(both))": (
                "Not yet: the weights fit, the rest not. Input, Dense with ReLU"
            ),
            "def build_with_skip(size, neurons):\n    inputs = keras.Input((size,))\n"
            "    both = layers.Add()([layers.Dense(neurons)(inputs), inputs])\n"
            "    return keras.Model(inputs, layers.Dense(2)(both))": "Your code stops",
            "def build_with_skip(size, neurons):\n"
            "    return layers.Dense(2)(keras.Input((size,)))": (
                "Not yet: a KerasTensor, no keras.Model. .*then keras.Model"
            ),
        },
    ),
    ("02b", 2): (
        "import keras\nfrom keras import layers, ops",
        [],
        {
            # right numbers, and no way back for the gradient
            "def distance(real_ab, fake_ab):\n"
            "    squares = np.sum((fake_ab - real_ab) ** 2, axis=-1)\n"
            "    return np.mean(np.sqrt(squares))": (
                "Your code stops: NotImplementedError: .*Take ops, not np"
            ),
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
                r"output \(2, 64, 96, 2\), 5,378 weights, 0 bilinear, .*Strides"
            ),
            "def build_small():\n    L = keras.Input((None, None, 1))\n"
            "    s = {'padding': 'same', 'activation': 'relu', 'strides': 2}\n"
            "    x = layers.Conv2D(32, 3, **s)(layers.Conv2D(16, 3, **s)(L))\n"
            "    x = layers.UpSampling2D()(layers.UpSampling2D()(x))\n"
            "    return keras.Model(L, layers.Conv2D(2, 3, padding='same')(x))": (
                r"\['relu', 'relu', 'linear'\]\. .* ReLU twice, tanh"
            ),
            # the right sizes by another way: pooling, the last convolution too early
            "def build_small():\n"
            "    s = {'padding': 'same', 'activation': 'relu'}\n"
            "    up = {'interpolation': 'bilinear'}\n"
            "    return keras.Sequential([keras.Input((None, None, 1)),\n"
            "        layers.Conv2D(16, 3, **s), layers.MaxPooling2D(),\n"
            "        layers.Conv2D(32, 3, **s), layers.MaxPooling2D(),\n"
            "        layers.UpSampling2D(**up), layers.UpSampling2D(**up),\n"
            "        layers.Conv2D(2, 3, padding='same', activation='tanh')])": (
                "Not yet: output .* Five layers, in the order of the text"
            ),
            "def build_small():\n"
            "    s = {'padding': 'same', 'activation': 'relu', 'strides': 2}\n"
            "    up = {'interpolation': 'bilinear'}\n"
            "    return keras.Sequential([keras.Input((None, None, 1)),\n"
            "        layers.Conv2D(16, 3, **s), layers.Conv2D(32, 3, **s),\n"
            "        layers.Conv2D(2, 3, padding='same', activation='tanh'),\n"
            "        layers.UpSampling2D(**up), layers.UpSampling2D(**up)])": (
                "Not yet: output .* Five layers, in the order of the text"
            ),
            "def build_small():\n    return keras.Sequential([layers.Conv2D(16, 3)])": (
                r"output \(2, 14, 22, 16\), 160 weights, 0 bilinear"
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
            "my_encoder = [(3, 8)] + 7 * [(3, 1)]": (
                "8 times smaller, sees 115 pixels. Kernels of 3 or 5, three strides"
            ),
            "my_encoder = [*encoder[:-1], (9, 1)]": "sees 123 pixels. Kernels of 3 or",
            "my_encoder = [(3, 2)] * 8": "8 layers, 256 times smaller, sees 511",
            "my_encoder = [(3, 2), (3, 2), (3, 2), (7, 1)]": "8 pairs, as `encoder`",
            "my_encoder = [3] * 8": "Your code stops: TypeError: .*Pairs",
            "my_encoder = 8": "Your code stops: TypeError: .*Write a list of 8 pairs",
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
        "same_L = np.array([[10.0, 20.0], [3.0, -8.0], [-5.0, 1.0]])",
        [],
        {
            "def kept(ab, shares):\n    return np.linalg.norm(shares @ ab)": (
                "expected 0.7143, got 25"
            ),
            # the shares forgotten above or below
            "def kept(ab, shares):\n    return np.linalg.norm(ab.mean(axis=0))"
            " / (shares @ np.linalg.norm(ab, axis=1))": "expected 0.8621, got 0.1724",
            "def kept(ab, shares):\n    return np.linalg.norm(shares @ ab)"
            " / np.linalg.norm(ab, axis=1).mean()": "expected 0.8621, got 1",
            "def kept(ab, shares):\n    return np.linalg.norm(shares @ ab)"
            " / (shares @ np.linalg.norm(ab, axis=0))": "expected",
            "def kept(ab, shares):\n    return np.linalg.norm(ab @ shares, axis=1)": (
                "your code stops: AxisError"
            ),
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
    ("05", 4): (
        NO_GAME,
        [],
        {
            experiment("{}"): "Not yet. One change at a time",
            experiment("{'g_rate': 1e-4, 'd_rate': 1e-2}"): "One change at a time",
            experiment("{'d_rate': 1e-3}"): "Not yet. Another value",
            experiment("{'momentum': 0}"): "the text does not name `momentum`",
            experiment("{'rate': 0}", why="A rate " * 3 + CONCLUSION): (
                "TypeError: .*unexpected keyword argument 'rate'.*my_change is a dict"
            ),
            experiment("3e-3"): "Your code stops: TypeError: .*my_change is a dict",
            experiment(why="d_steps helps."): "2 words, at least 10 are needed. What",
            experiment(text="It was better."): "3 words, at least 40 are needed",
            experiment(text="d_steps of 3 was good and bad. " * 9): (
                "only 6 of .* words are different"
            ),
            experiment(text=CONCLUSION.replace("65", "60")): (
                "how large this was: good dots, changed, seed 1. What you changed"
            ),
            experiment(text=CONCLUSION.replace("d_steps", "it")): "not name `d_steps`",
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
            # ReLU forgotten; pixels doubled and not blended
            RESIZED.replace("layers.ReLU()(x)", "x"): "the lowest value is -",
            RESIZED.replace("'bilinear'", "'nearest'"): "nearest.*Four layers",
            "def up_resized(x, filters):\n"
            "    return layers.Conv2D(x, 3)(filters)": "Your code stops",
        },
    ),
    ("07", 1): (
        "",
        [],
        {
            # by the mean of both, by the last epoch, by one of the two
            "def who_wins(d_real, d_fake):\n"
            "    loss = (d_real.mean() + d_fake.mean()) / 2\n"
            "    near = abs(loss - np.log(2)) < 0.05\n"
            "    return 1 if near else -1 if loss < 0.1 else 0": (
                r"For \(\[0.02 0.01\], .*expected 0, got 1. No means"
            ),
            "def who_wins(d_real, d_fake):\n"
            "    last = np.array([d_real[-1], d_fake[-1]])\n"
            "    near = (abs(last - np.log(2)) < 0.05).all()\n"
            "    return 1 if near else -1 if (last < 0.1).all() else 0": (
                r"For \(\[0.69 0.04\], .*expected 0, got -1"
            ),
            "def who_wins(d_real, d_fake):\n"
            "    near = (abs(d_real - np.log(2)) < 0.05).all()\n"
            "    return 1 if near else -1 if (d_fake < 0.1).all() else 0": (
                r"For \(\[0.5 +0.52\], .*expected 0, got -1"
            ),
            "def who_wins(d_real, d_fake):\n    return -1 if d_real < 0.1 else 0": (
                "your code stops: ValueError: .*ambiguous"
            ),
            "def who_wins(d_real, d_fake):\n    return 'generator'": (
                "Numbers are needed, got 'generator'"
            ),
        },
    ),
    ("07", 2): (
        "",
        [],
        {
            "def adversarial_share(g_adv, g_l1, l1_weight):\n"
            "    return g_adv / (l1_weight * g_l1)": "expected 0.5, got 1. A share",
            "def adversarial_share(g_adv, g_l1, l1_weight):\n"
            "    return g_adv / (g_adv + g_l1)": "expected 0.5, got 0.9901",
            "def adversarial_share(g_adv, g_l1, l1_weight):\n"
            "    return 100 * g_adv / (g_adv + l1_weight * g_l1)": "got 50",
            "def adversarial_share(g_adv, g_l1, l1_weight):\n"
            "    return l1_weight * g_l1 / (g_adv + l1_weight * g_l1)": (
                "expected 0.6667, got 0.3333"
            ),
        },
    ),
    ("07", 3): (
        "from dataclasses import replace\n"
        "from colorlib.training.recipes import RECIPES\n"
        "recipe = RECIPES['ladder_gan']\ngame = recipe.adversarial",
        [],
        {
            "my_recipe = replace(game, kind='lsgan', l1_weight=10.0)": (
                "Not yet. A whole recipe, please"
            ),
            "my_recipe = replace(recipe, kind='lsgan')": (
                "Your code stops: TypeError: .*'kind'"
            ),
            "my_recipe = replace(recipe, adversarial='lsgan')": (
                "`adversarial` is replaced in `game`"
            ),
            "my_recipe = replace(recipe, adversarial=replace(game, l1_weight=10.0))": (
                r"Expected \[ 1. 10.\], got \[ 0. 10.\]. lsgan, and 10"
            ),
            "my_recipe = replace(recipe, adversarial=replace(game, kind='lsgan',\n"
            "    l1_weight=10.0, d_steps=5))": "Leave the other settings of the game",
            "my_recipe = replace(recipe, epochs=1, adversarial=replace(game,\n"
            "    kind='lsgan', l1_weight=10.0))": "And the recipe's",
        },
    ),
    ("08", 1): (
        "",
        [],
        {
            "def episode_of(name):\n    return name.split('__ep')[1][:2]": (
                "Numbers are needed, got '14'"
            ),
            "def episode_of(name):\n    return int(name[9:11])": (
                "For ..test/detail.* your code stops: ValueError: .*two digits"
            ),
            "def episode_of(name):\n    return int(name.split('_')[3][1:])": (
                "expected 14, got 3. The two digits"
            ),
        },
    ),
    ("08", 2): (
        "",
        [],
        {
            SPREAD.format("distances.mean()"): "expected 1.7321, got 1.5",
            SPREAD.format("distances.max()"): "expected 1.7321, got 3",
            SPREAD.format("(distances**2).mean()"): "expected 10., got 100",
            SPREAD.format("ab.std()"): "First the distances, then their squares",
            SPREAD.format("distances"): r"the shape should be \(\), yours is \(2,\)",
        },
    ),
    ("09", 1): (
        "import shutil, tempfile\nfrom pathlib import Path\n"
        "from colorlib.colorize import Colorizer\n"
        "from colorlib.models import read_card\npath, card = read_card('dog')",
        [],
        {
            "def opens(path):\n    return Path(path).exists()": (
                "byte.npz.. expected False, got True. try: Colorizer"
            ),
            "def opens(path):\n    Colorizer(path)\n    return True": (
                "your code stops: WeightsError: "
            ),
            "def opens(path):\n    try:\n        Colorizer(path)\n"
            "    except ValueError:\n        return False\n    return True": (
                "lost.npz.. your code stops: FileNotFoundError"
            ),
        },
    ),
    ("09", 2): (
        "",
        [],
        {
            "def white_rows(L):\n    return (L > 95).all(axis=1)": (
                r"expected \[ True False True True .*, got \[ True False True False"
            ),
            "def white_rows(L):\n    return L.mean(axis=1) > 95": "expected",
            "def white_rows(L):\n    return (L > 95).mean(axis=1) > 0.6": "expected",
            "def white_rows(L):\n    return (L > 95).mean(axis=0) >= 0.98": (
                r"the shape should be \(8,\), yours is \(100,\). .L > 95. has the shape"
            ),
        },
    ),
    ("09b", 1): (
        "",
        [],
        {
            "def best_epoch(history):\n"
            "    i = np.argmin(history['val_loss'])\n"
            "    return i, history['val_loss'][i] / history['loss'][i]": (
                r"expected \[2\. +0\.9375\], got \[1\. +0\.9375\]\. .*from 0"
            ),
            "def best_epoch(history):\n"
            "    i, val = np.argmin(history['loss']), history['val_loss']\n"
            "    return history['epoch'][i], val[i] / history['loss'][i]": (
                r"got \[4\. +2\.375\]\. Which of the losses was not trained on"
            ),
            "def best_epoch(history):\n"
            "    return history['epoch'][np.argmin(history['val_loss'])]": (
                r"the shape should be \(2,\), yours is \(\)"
            ),
            "def best_epoch(history):\n    return history['val_loss'].argmin(), 1": (
                "your code stops: AttributeError"
            ),
        },
    ),
    ("09b", 2): (
        "from colorlib.metrics import BASELINES",
        [],
        {
            "def removed(figures, name):\n"
            "    return 1 - figures[name]['ab_mse'] / figures['grey']['ab_mse']": (
                r"expected 0\.2, got 0\.6\. best = the smallest"
            ),
            "def removed(figures, name):\n"
            "    best = min(figures[f]['ab_mse'] for f in BASELINES)\n"
            "    return figures[name]['ab_mse'] / best": r"expected 0\.2, got 0\.8",
            "def removed(figures, name):\n"
            "    best = min(row['ab_mse'] for row in figures.values())\n"
            "    return 1 - figures[name]['ab_mse'] / best": r"expected 0\.2, got 0",
            "def removed(figures, name):\n"
            "    return 1 - figures[name] / min(figures.values())": (
                "your code stops: TypeError"
            ),
        },
    ),
    ("10", 1): (
        "",
        [],
        {
            CUT.format(
                "a, b[:, ::-1] if mirror else b"
            ): "For .1, 0, 3, True. expected",
            CUT.format("a[::-1] if mirror else a, b"): "Both get the same rows",
            "def cut(one, two, top, left, side, mirror):\n"
            "    both = np.stack([one, two])\n"
            "    both = both[:, :, ::-1] if mirror else both\n"
            "    return both[:, top : top + side, left : left + side]": (
                "For .1, 0, 3, True. expected .* the same mirror"
            ),
            "def cut(one, two, top, left, side, mirror):\n"
            "    return np.stack([one, two])[:, top:side, left:side]": (
                r"the shape should be \(2, 2, 2\), yours is \(2, 1, 0\)"
            ),
            "def cut(one, two, top, left, side, mirror):\n"
            "    return one[top : top + side], two[top : top + side, left, side]": (
                "your code stops: IndexError"
            ),
        },
    ),
    ("10", 2): (
        "class test:\n    targets = np.zeros((2, 1, 1, 2))\nparts = {'train': test}",
        [],
        {
            "def best_constant(targets):\n    return targets.mean(axis=0)": (
                "Not the mean: one far value"
            ),
            "def best_constant(targets):\n    return np.median(targets)": (
                r"the shape should be \(1, 1, 2\), yours is \(\)"
            ),
            "def best_constant(targets):\n    return targets[1]": "expected",
            "def best_constant(targets):\n"
            "    return np.sort(targets)[len(targets) // 2]": "expected",
        },
    ),
    ("10", 3): (
        "from dataclasses import replace\n"
        "from colorlib.training.recipes import RECIPES\n"
        "recipe = RECIPES['aerial_to_map']\nclass test:\n    inputs = targets = 0\n"
        "load_part = lambda recipe, part: test",
        [],
        {
            "back = replace(recipe, reverse=True)": "is too small. Twice the epochs",
            "back = replace(recipe, epochs=2 * recipe.epochs)": (
                "Expected True, got False. There is an argument `reverse`"
            ),
            "back = replace(recipe, reverse=True, epochs=2 * recipe.epochs, crop=8)": (
                "Leave the other settings"
            ),
            "back = dict(reverse=True)": "Not yet. replace.recipe, .... is one",
            "back = replace(recipe, backwards=True)": "Your code stops: TypeError",
        },
    ),
    ("11", 1): (
        "from colorlib.data import load_pictures\n"
        "from colorlib.lab import lab_to_rgb8, rgb8_to_lab\n"
        "rgb = load_pictures('samples', 'test', 192, ['animals']).rgb[0]\n"
        "example = rgb",
        ["def sepia"],
        {
            KIND.format("4", "max", "gray"): "Expected 'grey', got 'gray'. The chroma",
            KIND.format("4", "min", "grey"): "Expected 'colour', got 'toned'. Here",
            KIND.format(
                "-1", "max", "grey"
            ): "Expected 'grey', got 'toned'. The chroma",
            KIND.format(
                "40", "max", "grey"
            ): "Expected 'toned', got 'grey'. One colour",
            # the mean first, then its chroma
            KIND.format("4", "max", "grey").replace("ab**2", "ab.mean((0, 1))**2"): (
                "Expected 'colour', got 'grey'. First each chroma, then their mean"
            ),
            KIND.format("4", "max", "grey").replace("(0, 1)).max()", "(0, 1, 2))"): (
                "Expected 'toned', got 'colour'. One colour everywhere"
            ),
            "def kind_of_print(rgb):\n    return rgb.kind": (
                "Your code stops: AttributeError"
            ),
        },
    ),
    ("11", 2): (
        "flicker, L, ab_mae = (lambda *a: 0.0), 0, (lambda *a: np.zeros(1))\n"
        "ab = small_ab = np.zeros((5, 1, 2, 1))",
        [],
        {
            # one median over all pixels, and one written into the film itself
            MEDIAN.format("ab.copy()", "axis=None"): r"expected \[\[\[0. 5.\]",
            MEDIAN.format("ab", "axis=0"): "into a copy of the film",
            MEDIAN.format("ab.copy()", "axis=0").replace(
                "np.median", "np.mean"
            ): "expected",
            "def median_of_three(ab):\n"
            "    return np.median(np.stack([ab[:-2], ab[1:-1], ab[2:]]), axis=0)": (
                "np.median over a stack of 3"
            ),
            "def median_of_three(ab):\n    return np.median(ab[:3], 4)": (
                "your code stops: AxisError"
            ),
        },
    ),
    ("12", 1): (
        "from itertools import product",
        [],
        {
            # on one side only; equally far left out; a mean; patterns at random
            LUCK.format("means >= differences.mean()"): "expected 0.25, got 0.125",
            LUCK.format("abs(means) > abs(differences.mean())"): "expected 0.25, got 0",
            LUCK.format("abs(means)"): "expected 0.25, got 0.3125. Each pattern once",
            "def by_luck(differences):\n    random = np.random.default_rng(0)\n"
            "    signs = random.choice([1, -1], (500, len(differences)))\n"
            "    means = (signs * differences).mean(axis=1)\n"
            "    return (abs(means) >= abs(differences.mean())).mean()": (
                "expected 0.25, got 0.2.*Each pattern once"
            ),
            "def by_luck(differences):\n"
            "    return product((1, -1), len(differences))": (
                "your code stops: TypeError"
            ),
        },
    ),
    ("12", 2): (
        "",
        [],
        {
            "def honest(validation, test):\n    return test.mean(axis=1).min()": (
                "expected 7., got 2.*no say in the choice"
            ),
            "def honest(validation, test):\n    return validation.mean(axis=1).min()": (
                "expected 7., got 3"
            ),
            "def honest(validation, test):\n"
            "    return validation.mean(axis=1).argmin()": "expected 7., got 1",
            # the lowest single error in the place of the lowest mean
            "def honest(validation, test):\n"
            "    return test[validation.min(axis=1).argmin()].mean()": (
                "expected 7., got 2"
            ),
        },
    ),
    ("12", 3): (
        "from scipy.stats import binomtest, norm",
        [],
        {
            WILSON.format("half", "1.0"): "The denominator divides both parts",
            WILSON.format("half / (1 + extra)", "1.96"): "For .9, 40, 1.0?. expected",
            "def wilson(k, n, z=1.96):\n"
            "    half = z * (k / n * (1 - k / n) / n) ** 0.5\n"
            "    return k / n - half, k / n + half": (
                r"expected \[0. +0.0876.*got \[0. 0"
            ),
            "def wilson(k, n, z=1.96):\n    return z / n * k": "the shape should be",
            "def wilson(k, n, z=1.96):\n    return k / n / 0": (
                "your code stops: ZeroDivisionError"
            ),
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


def parts_of(tree):
    """The lists of statements in which a learner writes: of the cell, of a `with`."""
    return [tree.body, *(node.body for node in tree.body if isinstance(node, ast.With))]


def name_of(node):
    """What a statement defines, or None."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def written_into(stub, answer):
    """The cell with an answer in the place of the learner's part."""
    tree, own = ast.parse(stub), ast.parse(answer).body
    names = {name_of(node) for node in own} - {None}
    for statements in parts_of(tree):
        places = [i for i, node in enumerate(statements) if name_of(node) in names]
        if places:
            kept = [node for node in statements if name_of(node) not in names]
            statements[:] = [*kept[: places[0]], *own, *kept[places[0] :]]
            return ast.unparse(tree)
    raise AssertionError(f"the stub defines none of {names}")


def solution_of(number, exercise):
    """The solution's functions and values, without its checks and what it prints."""
    _, _, solution = exercise_cells(number, exercise)
    kinds = ast.FunctionDef, ast.Assign
    own = [node for node in ast.parse(solution).body if isinstance(node, kinds)]
    return "\n".join(map(ast.unparse, own))


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


def solve(number, exercise, answer=None):
    """Runs the stub with an answer in it, its solution if none is given."""
    _, stub, _ = exercise_cells(number, exercise)
    answer = answer or solution_of(number, exercise)
    exec(written_into(stub, answer), namespace_of(number, exercise))


def solved_lesson(number):
    """A lesson as somebody leaves it who solved it all, as `nbformat` reads it."""
    import nbformat

    path = next((ROOT / "notebooks").glob(f"{number}_*.ipynb"))
    notebook = nbformat.read(path, as_version=4)
    answers = {}
    for exercise in range(1, 1 + course.EXERCISES[number]):
        _, stub, _ = exercise_cells(number, exercise)
        answers[stub] = written_into(stub, solution_of(number, exercise))
    for milestone_number, quiz in QUIZZES.items():
        right = {i: q.right for i, q in enumerate(quiz, start=1)}
        places = ", ".join(f"{i}: None" for i in right)
        asks = f"my_answers = {{{places}}}\nmilestone({milestone_number}, my_answers)"
        answers[asks] = f"milestone({milestone_number}, {right})"
    for cell in notebook.cells:
        cell.source = answers.get(cell.source, cell.source)
    return notebook


def test_the_table_holds_every_exercise():
    found = {}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        number = path.stem.split("_")[0]
        for kind, text in lesson_cells(number):
            for line in text.splitlines() if kind == "markdown" else []:
                if line.startswith("### Exercise "):
                    found.setdefault(number, []).append(int(line.split()[2][:-1]))
    assert {k: len(v) for k, v in found.items()} == course.EXERCISES
    assert {(k, i) for k, v in found.items() for i in v} == set(EXERCISES)


@pytest.mark.parametrize(
    "lesson, exercise, own",
    [
        ("02", 2, "deep_gradients"),  # a backward pass
        ("02b", 3, "train_step"),  # a training step
        ("03", 2, "build_small"),  # a Keras model
        ("05", 4, "conclusion"),  # an experiment, and what came out, in words
    ],
)
def test_four_things_are_the_learners_own(lesson, exercise, own):
    """And a milestone asks for them."""
    _, stub, _ = exercise_cells(lesson, exercise)
    nodes = [n for part in parts_of(ast.parse(stub)) for n in part]
    (node,) = [n for n in nodes if name_of(n) == own]
    assert ast.unparse(node).endswith(("return None", "= None"))
    assert any(lesson in lessons for _, _, lessons in course.MILESTONES.values())


@pytest.mark.parametrize("number, exercise", EXERCISES)
def test_wrong_answers_get_one_line_that_helps(number, exercise, capsys):
    _, stub, _ = exercise_cells(number, exercise)
    names = namespace_of(number, exercise)
    wrong = EXERCISES[number, exercise][2]
    assert len(wrong) >= 3
    capsys.readouterr()
    exec(stub, names)
    nothing = ("not attempted yet\n", "not attempted yet: it returns None\n")
    assert capsys.readouterr().out in nothing
    for answer, message in wrong.items():
        with pytest.raises(NotYet, match=message) as caught:
            exec(written_into(stub, answer), names)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 500, answer
    assert "passed" not in capsys.readouterr().out and solved() == set()


@pytest.mark.parametrize("number", [k for k in course.EXERCISES if k > "07"])
def test_the_solutions_solve_a_lesson_of_the_last_week(number, capsys):
    for exercise in range(1, 1 + course.EXERCISES[number]):
        solve(number, exercise)
    assert course.unsolved([number]) == {}
    assert f"All of lesson {number} is solved." in capsys.readouterr().out


@pytest.mark.parametrize("number", course.MILESTONES)
def test_the_solutions_pass_a_milestone(number, capsys):
    """Not with the last exercise wrong, nor with an answer wrong; with all right."""
    lessons = course.MILESTONES[number][2]
    exercises = [(k, i) for k in lessons for i in range(1, 1 + course.EXERCISES[k])]
    answers = {i: q.right for i, q in enumerate(QUIZZES[number], start=1)}
    for lesson, exercise in exercises[:-1]:
        solve(lesson, exercise)
        assert f"{lesson}.{exercise}" in solved()
    lesson, exercise = exercises[-1]
    wrong = next(iter(EXERCISES[lesson, exercise][2]))
    with pytest.raises(NotYet):
        solve(lesson, exercise, wrong)
    capsys.readouterr()
    milestone(number, answers)
    out = " ".join(capsys.readouterr().out.split())
    assert (
        f"not passed yet. Exercises to solve: lesson {lesson}: {exercise}. Each" in out
    )
    solve(lesson, exercise)
    capsys.readouterr()
    milestone(number, {**answers, 1: "nothing"})
    out = " ".join(capsys.readouterr().out.split())
    assert "not passed yet. Quiz, not right yet: 1. Change" in out
    milestone(number, answers)
    assert f"Checkpoint {number} of 5 passed: " in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [k for k in course.EXERCISES if k <= "07"])
def test_a_lesson_that_is_solved_runs_and_passes(lesson, monkeypatch):
    """In FAST, in a kernel of its own, which has the other lessons' progress."""
    from nbclient import NotebookClient

    monkeypatch.setenv("COLORLIB_FAST", "1")
    (number, (name, _, lessons)) = next(
        (k, m) for k, m in course.MILESTONES.items() if lesson in m[2]
    )
    for other in set(lessons) - {lesson}:
        count = course.EXERCISES[other]
        remember(*(f"{other}.{i}" for i in range(1, 1 + count)))
    where = {"metadata": {"path": str(ROOT / "notebooks")}}
    notebook = solved_lesson(lesson)
    NotebookClient(notebook, resources=where, timeout=1800).execute()
    assert course.unsolved(lessons) == {}
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    said = "".join(o.get("text", "") for o in outputs)
    if lesson == lessons[-1]:
        assert f"Checkpoint {number} of 5 passed: {name}." in said


@pytest.mark.parametrize("number", course.MILESTONES)
def test_a_lesson_ends_in_its_milestone(number):
    """The quiz as it is printed, a place for each answer, and the untouched verdict."""
    lesson = course.MILESTONES[number][2][-1]
    path = next((ROOT / "notebooks").glob(f"{lesson}_*.ipynb"))
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = {"".join(c["source"]): c for c in cells if c["cell_type"] == "code"}
    places = ", ".join(f"{i}: None" for i in range(1, 1 + len(QUIZZES[number])))
    asks = f"my_answers = {{{places}}}\nmilestone({number}, my_answers)"
    for source in (f"show_quiz({number})", asks):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(f"{CHECKS}\n{source}", {})
        (stored,) = code[source]["outputs"]
        assert "".join(stored["text"]) == said.getvalue(), "run the cell again"
