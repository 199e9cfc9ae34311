"""Translations: networks of other channels, scores, and a small training."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from colorlib.cli.parser import main
from colorlib.colorize.colorizer import Colorizer, load_network
from colorlib.data.pairs import (
    DRAWINGS,
    PAIR_SETS,
    Pairs,
    as_rgb,
    draw_edges,
    load_pairs,
    scale,
    unscale,
)
from colorlib.errors import DataError
from colorlib.evaluation.network import (
    evaluate_translation,
    mean_picture,
    score_translation,
    summarize,
    translate_batch,
)
from colorlib.models.cards import TRANSLATIONS_FOLDER, available_models, read_card
from colorlib.models.patch_discriminator import build_patch_discriminator
from colorlib.models.unet import build_unet
from colorlib.training import trainer
from colorlib.training.building import build_model, compile_model, network_options
from colorlib.training.callbacks import read_strips
from colorlib.training.parts import load_part, make_batches, whole_side
from colorlib.training.recipes import RECIPES
from colorlib.training.resume import read_history
from colorlib.training.settings import recipe_from, smoke_recipe
from colorlib.training.trainer import train

TRANSLATIONS = [name for name, r in RECIPES.items() if r.task != "colorize"]

# ---- Networks of other channels


def test_the_papers_networks_from_rgb_to_rgb():
    generator = build_unet(inputs=3, outputs=3)
    # One more channel less two in, three instead of two out: what the layers say.
    assert generator.count_params() == 54_419_714 + 2 * 16 * 64 + 16 * 128 + 1
    assert (generator.input_shape[-1], generator.output_shape[-1]) == (3, 3)
    discriminator = build_patch_discriminator(inputs=3, outputs=3)
    assert discriminator.count_params() == 2_767_361 + 3 * 16 * 64


def test_channels_change_neither_names_nor_the_usual_networks():
    for one, two in (
        (build_unet(32, 2), build_unet(32, 2, inputs=1, outputs=3)),
        (
            build_patch_discriminator(16, 2),
            build_patch_discriminator(16, 2, inputs=1, outputs=3),
        ),
    ):
        assert [a.name for a in one.layers] == [b.name for b in two.layers]
    assert build_unet(32, 2).output_shape[-1] == 2
    assert [i.shape[-1] for i in build_patch_discriminator(16, 2).inputs] == [1, 2]


@pytest.mark.parametrize("inputs, outputs", [(1, 3), (3, 1), (4, 5)])
def test_any_channels_go_through(inputs, outputs):
    generator = build_unet(16, 1, inputs=inputs, outputs=outputs)
    pictures = ops.zeros((2, 32, 16, inputs))
    answers = generator(pictures)
    assert answers.shape == (2, 32, 16, outputs)
    judge = build_patch_discriminator(16, 1, inputs=inputs, outputs=outputs)
    assert judge([pictures, answers]).shape[0] == 2
    for build in (build_unet, build_patch_discriminator):
        for bad in ({"inputs": 0}, {"outputs": -1}):
            with pytest.raises(ValueError, match="inputs and outputs must be"):
                build(**bad)


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_instance_norm_takes_each_picture_alone_in_training_too(norm):
    keras.utils.set_random_seed(0)
    options = {"inputs": 3, "outputs": 3, "norm": norm}
    pictures = np.random.default_rng(0).normal(0, 1, (3, 32, 32, 3)).astype("float32")
    pictures *= np.array([0.1, 1, 5], "float32")[:, None, None, None]
    generator = build_unet(16, 4, dropout=0, **options)
    kernel = generator.get_layer("ab_linear").kernel
    kernel.assign(np.random.default_rng(0).normal(0, 0.3, kernel.shape))
    judge = build_patch_discriminator(16, 4, **options)
    for network, given in ((generator, [pictures]), (judge, [pictures, pictures])):
        one = [part[:1] for part in given]
        call = lambda x, training: ops.convert_to_numpy(  # noqa: E731
            network(x if len(x) > 1 else x[0], training=training)
        )
        together, alone = call(given, True)[:1], call(one, True)
        alike = np.allclose(together, alone, atol=1e-4)
        assert alike == (norm == "instance"), np.abs(together - alone).max()
        if norm == "instance":
            np.testing.assert_allclose(call(one, False), alone, atol=1e-4)
        kinds = {type(layer).__name__ for layer in network.layers}
        assert ("GroupNormalization" in kinds) == (norm == "instance")
        assert ("BatchNormalization" in kinds) == (norm == "batch")
    with pytest.raises(ValueError, match="norm batch or instance.*'layer'"):
        build_unet(norm="layer")


def compiled(recipe, steps=10):
    """The compiled `gan.Pix2Pix` of a recipe."""
    return compile_model(build_model(recipe), recipe, steps)[0]


def test_each_picture_is_normalised_by_itself():
    model = compiled(smoke_recipe(RECIPES["aerial_to_map"]))
    for network in (model.generator, model.discriminator):
        kinds = {type(layer).__name__ for layer in network.layers}
        assert "GroupNormalization" in kinds and "BatchNormalization" not in kinds
    channels = model.generator.input_shape[-1]
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, channels))
    both = np.asarray(model.generator(inputs, training=True))
    alone = np.asarray(model.generator(inputs[:1], training=False))
    np.testing.assert_allclose(both[:1], alone, atol=1e-5)


@pytest.mark.parametrize(
    "task, reverse, channels",
    [
        ("pairs", False, [3, 3]),
        ("pairs", True, [3, 3]),
        ("edges", False, [1, 3]),
        ("edges", True, [3, 1]),
        ("ink", False, [1, 3]),
    ],
)
def test_both_networks_have_the_channels_of_the_task(task, reverse, channels):
    recipe = smoke_recipe(RECIPES["facades"])
    model = compiled(dataclasses.replace(recipe, task=task, reverse=reverse))
    shapes = [model.generator.input_shape, model.generator.output_shape]
    assert [shape[-1] for shape in shapes] == channels
    assert [i.shape[-1] for i in model.discriminator.inputs] == channels


# ---- Settings


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_every_translation_is_valid(name):
    recipe = RECIPES[name]
    assert recipe.task in DRAWINGS or set(recipe.data) <= set(PAIR_SETS)
    sides = (recipe.size, recipe.crop, recipe.inference_size)
    # Squares of pairs that are tested whole; of drawings the paper's 286 / 256.
    assert sides == ((143, 128, None) if recipe.task in DRAWINGS else (256, 128, 256))
    game = recipe.adversarial
    assert (game.l1_weight, game.kind, game.patch) == (100, "bce", 70)
    assert 1 <= recipe.batch_size <= 8 and recipe.learning_rate == 4e-4


def test_the_directions_are_those_of_the_names():
    def ends(name):
        *both, _ = PAIR_SETS[RECIPES[name].data[0]]
        return both[::-1] if RECIPES[name].reverse else both

    assert ends("aerial_to_map") == ["aerial photo", "map"]
    assert ends("map_to_aerial") == ["map", "aerial photo"]
    assert ends("facades") == ["labels", "photo"]
    edges = RECIPES["edges_to_flowers"]
    assert (edges.task, edges.data, edges.reverse) == ("edges", ("flowers",), False)
    manga = RECIPES["manga"]
    assert (manga.task, manga.data, manga.reverse) == ("ink", ("comics",), False)


@pytest.mark.parametrize(
    "changes", [{"task": "paint"}, {"task": "pairs", "data": ("maps", "facades")}]
)
def test_an_impossible_task_is_said(changes):
    recipe = dataclasses.replace(RECIPES["aerial_to_map"], **changes)
    with pytest.raises(ValueError, match="one set of pairs.*, got '(paint|pairs)'"):
        load_part(recipe, "test")


# ---- The weights that come with the course


def test_every_file_beside_the_shipped_translations_belongs_to_one():
    names = available_models(TRANSLATIONS_FOLDER)
    wanted = {f"{name}.{end}" for name in names for end in ("npz", "json")}
    found = {path.name for path in TRANSLATIONS_FOLDER.iterdir()}
    assert names and found == {*wanted, "README.md", "aerial_to_map.jpg"}
    sizes = [(TRANSLATIONS_FOLDER / f"{n}.npz").stat().st_size for n in names]
    assert sum(sizes) < 8e6  # small enough to come with the course


@pytest.mark.parametrize("name", available_models(TRANSLATIONS_FOLDER))
def test_a_shipped_translation_is_what_its_card_says(name):
    path, card = read_card(name, TRANSLATIONS_FOLDER)
    recipe = RECIPES[name]
    assert recipe_from(card["recipe"]) == recipe
    assert card["options"] == network_options(recipe)
    assert card["command"] == f"python -m colorlib train {name}"
    assert card["kind"] == "translation" and len(card["hardware"]) > 5
    network = load_network(path, card)
    assert network.count_params() == card["parameters"]
    side = recipe.inference_size or recipe.crop
    channels = card["options"]["inputs"]
    answer = translate_batch(network, np.zeros((1, side, side, channels), "uint8"))
    assert answer.shape == (1, side, side, card["options"]["outputs"])
    own, mean = card["figures"][name], card["figures"]["mean target"]
    assert own["lpips"] < mean["lpips"]
    for row, figures in card["figures"].items():
        assert f"| {row} | {figures['psnr']:.2f} [" in card["table"]


# ---- Scores


def test_scores_of_cases_worked_by_hand():
    targets = np.full((2, 8, 8, 3), 100, "uint8")
    answers = targets.copy()
    answers[1] = 110
    answers[1, :, 4:] = 80  # once 10, once 20 away
    scores = score_translation(targets, answers)
    assert scores["psnr"][0] == np.inf
    assert scores["psnr"][1] == pytest.approx(10 * np.log10(255**2 / 250))
    np.testing.assert_allclose(scores["l1"], [0, 15])
    assert set(scores) == {"psnr", "l1"}


def test_lpips_sees_the_pictures_in_0_to_1_as_rgb():
    seen = []

    def distance(one, two):
        seen.append((one.shape, float(one.max()), float(two.max())))
        return ops.mean(ops.abs(one - two), axis=(1, 2, 3))

    targets = np.full((3, 8, 8, 1), 255, "uint8")
    scores = score_translation(targets, targets - 51, distance)
    np.testing.assert_allclose(scores["lpips"], [0.2] * 3, atol=1e-6)
    assert seen[0] == ((1, 8, 8, 3), 1.0, pytest.approx(0.8))


class Says(keras.Model):
    """A generator that says one value everywhere, but only outside training."""

    def __init__(self, value, channels):
        super().__init__()
        self.value, self.channels = value, channels

    def call(self, x, training=False):
        assert not training
        return ops.ones((*x.shape[:3], self.channels)) * self.value


@pytest.mark.parametrize("inputs, targets", [(3, 3), (1, 3), (3, 1)])
def test_the_floors_are_the_mean_target_and_the_input(inputs, targets):
    random = np.random.default_rng(0)
    pair = Pairs(
        random.integers(0, 256, (9, 8, 8, inputs), "uint8"),
        random.integers(0, 256, (9, 8, 8, targets), "uint8"),
        [str(i) for i in range(9)],
    )
    mean = mean_picture(pair.targets)
    rows = evaluate_translation(Says(1.0, targets), pair, mean, name="white")
    assert list(rows) == ["mean target", "input", "white"]
    whole = pair.targets.astype(float)
    expected = {
        "mean target": np.abs(whole - np.rint(whole.mean(axis=0))).mean(axis=(1, 2, 3)),
        "white": (255 - whole).mean(axis=(1, 2, 3)),
    }
    if inputs == targets:
        difference = np.abs(whole - pair.inputs.astype(float))
        expected["input"] = difference.mean(axis=(1, 2, 3))
    for row, values in expected.items():
        np.testing.assert_allclose(rows[row]["l1"], values)
    assert rows["input"]["l1"].mean() > rows["mean target"]["l1"].mean()
    means, text = summarize(rows)
    assert means["white"]["l1"] == pytest.approx(expected["white"].mean(), abs=1e-6)
    lines = text.splitlines()
    assert lines[0] == "| | PSNR | L1 (of 255) |" and len(lines) == 5
    assert lines[4].startswith("| white | ") and lines[4].count("[") == 2


def test_as_rgb_and_mean_picture():
    one = np.arange(8, dtype="uint8").reshape(2, 2, 2, 1)
    assert as_rgb(one).shape == (2, 2, 2, 3) and as_rgb(as_rgb(one)).shape[-1] == 3
    np.testing.assert_array_equal(mean_picture(one)[..., 0], [[2, 3], [4, 5]])


def test_a_picture_is_translated_alone_as_in_a_batch():
    keras.utils.set_random_seed(0)
    generator = build_unet(16, 4, inputs=3, outputs=3)
    # Larger than at the start, so that answers differ.
    kernel = generator.get_layer("ab_linear").kernel
    kernel.assign(np.random.default_rng(0).normal(0, 0.3, kernel.shape))
    inputs = np.random.default_rng(1).integers(0, 256, (5, 16, 16, 3), "uint8")
    together = translate_batch(generator, inputs, batch_size=2)
    assert together.shape == inputs.shape and together.dtype == np.uint8
    assert np.abs(together[0].astype(int) - together[1]).max() > 3
    direct = unscale(ops.convert_to_numpy(generator(scale(inputs), training=False)))
    np.testing.assert_allclose(together.astype(int), direct.astype(int), atol=1)


# ---- A small training, end to end


SKETCH = dataclasses.replace(
    smoke_recipe(RECIPES["aerial_to_map"]), batch_size=4, limit=24
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(folder, generator, card) of edges of the samples at 32 px."""
    folder = tmp_path_factory.mktemp("edges")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLORLIB_MIRROR", raising=False)
        patch.setattr(trainer, "Lpips", no_lpips)
        generator, card = train("sketch", folder, 0, SKETCH)
    return folder, generator, card


def no_lpips():
    raise DataError("no weights of LPIPS here.")


def test_the_game_was_played_and_the_distance_fell(trained):
    history = read_history(trained[0] / "history.csv")
    assert history["epoch"] == [1, 2]
    assert history["g_l1"][1] < history["g_l1"][0]
    for loss in ("g_adv", "d_real", "d_fake"):
        assert history[loss][0] == 0 < history[loss][1]  # L1 alone, then the game


def test_everything_is_written(trained):
    folder, generator, card = trained
    path, stored = read_card(folder / "sketch.npz")  # checks the SHA-256
    assert {key: stored[key] for key in card} == json.loads(json.dumps(card))
    assert stored["parameters"] == generator.count_params()
    assert stored["steps"] == 2 * 4 and stored["minutes"] >= 0
    assert stored["command"] == "python -m colorlib train sketch"
    assert stored["data"].startswith("edges of samples: ")
    assert stored["kind"] == "translation" and "mean_ab" not in stored
    assert list(stored["figures"]) == ["mean target", "input", "sketch"]
    assert "no weights of LPIPS here" in stored["notes"]
    assert "lpips" not in stored["figures"]["sketch"]
    with Image.open(folder / "sketch.gif") as film:
        assert film.n_frames == 3
    assert Image.open(folder / "sketch.png").size[0] > 300


def test_the_strip_shows_input_target_and_translation(trained):
    folder, generator, card = trained
    strips = read_strips(folder)
    assert list(strips) == [0, 1, 2]
    test = load_pairs("edges", "test", 32, limit=24)
    last = strips[2]
    assert last.shape == (3 * 32, 6 * 32, 3)
    chosen = np.linspace(0, len(test) - 1, 6).astype(int)
    for column, i in enumerate(chosen):
        top, middle, bottom = np.split(last[:, 32 * column : 32 * column + 32], 3)
        np.testing.assert_array_equal(middle, test.targets[i])
        np.testing.assert_array_equal(top, as_rgb(draw_edges(test.targets[i][None]))[0])
        answer = translate_batch(generator, test.inputs[i][None])[0].astype(int)
        assert np.abs(bottom - answer).max() <= 2  # the weights are stored as float16
    assert not np.array_equal(strips[0][64:], last[64:])


def test_the_stored_weights_give_the_figures_of_the_card(trained, monkeypatch, capsys):
    folder, generator, card = trained
    monkeypatch.setattr(trainer, "Lpips", no_lpips)
    path, stored = read_card(folder / "sketch.npz")
    assert recipe_from(stored["recipe"]) == SKETCH
    inputs = load_pairs("edges", "test", 32, limit=3).inputs
    answers = [
        translate_batch(n, inputs) for n in (load_network(path, card), generator)
    ]
    np.testing.assert_array_equal(*answers)
    assert main(["evaluate", str(path)]) == 0
    out = capsys.readouterr().out
    assert card["table"] in out and "no weights of LPIPS here" in out
    count = len(load_pairs("edges", "test", 32, limit=24))
    assert f"test: {count} pairs" in out and f"the {count} test pairs" in card["test"]
    assert main(["evaluate", str(path), "--part", "validation"]) == 0
    assert card["table"] not in capsys.readouterr().out
    assert main(["evaluate", str(path), "--size", "64"]) == 1
    assert "its own pairs" in capsys.readouterr().err
    with pytest.raises(ValueError, match="sketch translates pictures"):
        Colorizer(path)


def test_the_floor_is_the_mean_of_the_training_targets(trained):
    _, _, card = trained
    training, test = (load_pairs("edges", p, 32, limit=24) for p in ("train", "test"))
    mean = np.rint(training.targets.astype(float).mean(axis=0))
    floor = np.abs(test.targets - mean).mean()
    assert card["figures"]["mean target"]["l1"] == pytest.approx(floor, abs=1e-5)
    lines = np.abs(test.targets - as_rgb(test.inputs).astype(float)).mean()
    assert card["figures"]["input"]["l1"] == pytest.approx(lines, abs=1e-5)


def test_training_pairs_are_larger_so_that_squares_can_be_cut():
    recipe = smoke_recipe(RECIPES["facades"])
    assert recipe.task == "edges" and not recipe.reverse
    larger = load_part(recipe, "train", jitter=True)
    whole = load_part(recipe, "train")
    assert larger.inputs.shape[1:] == (36, 36, 1)  # 286 / 256 of 32
    assert whole.inputs.shape[1:] == (32, 32, 1) and larger.names == whole.names
    back = load_part(dataclasses.replace(recipe, reverse=True), "test")
    assert back.inputs.shape[-1] == 3 and back.targets.shape[-1] == 1


def test_squares_are_trained_on_and_whole_pairs_are_held_out():
    recipe = smoke_recipe(RECIPES["facades"])
    recipe = dataclasses.replace(recipe, size=48, crop=32, inference_size=40)
    parts = {p: load_part(recipe, p, p == "train") for p in ("train", "validation")}
    sides = {}
    for part, pairs in parts.items():
        inputs, targets = make_batches(recipe, pairs, part == "train")[0]
        assert inputs.shape[:3] == targets.shape[:3]
        sides[part] = (pairs.inputs.shape[1], inputs.shape[1], inputs.shape[2])
    assert sides == {"train": (48, 32, 32), "validation": (40, 40, 40)}
    assert load_part(recipe, "test").targets.shape[1:] == (40, 40, 3)
    colours = dataclasses.replace(RECIPES["general"], size=40, crop=32)
    assert (whole_side(recipe), whole_side(colours)) == (40, 32)
    assert whole_side(dataclasses.replace(recipe, inference_size=None)) == 32


def test_a_finished_training_is_only_loaded(trained, monkeypatch):
    folder, generator, card = trained
    before = (folder / "last.npz").read_bytes()
    monkeypatch.setattr(trainer, "Lpips", no_lpips)
    again = train("sketch", folder, 0, dataclasses.replace(SKETCH, title="Another"))[1]
    assert (folder / "last.npz").read_bytes() == before
    assert again["table"] == card["table"]
    with pytest.raises(ValueError, match="other settings"):
        train("sketch", folder, 0, dataclasses.replace(SKETCH, seed=1))


def test_ones_own_pairs_train_by_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(trainer, "Lpips", no_lpips)
    random = np.random.default_rng(0)
    (tmp_path / "mine").mkdir()
    for i in range(20):
        wide = random.integers(0, 256, (8, 16, 3), "uint8").repeat(4, 0).repeat(4, 1)
        Image.fromarray(wide).save(tmp_path / "mine" / f"{i}.png")
    small = dataclasses.replace(SKETCH, task="pairs", data=("maps",))
    monkeypatch.setitem(RECIPES, "facades", small)
    out = tmp_path / "run"
    arguments = ["--data", str(tmp_path / "mine"), "--epochs", "1"]
    assert main(["train", "facades", *arguments, "--output", str(out)]) == 0
    (path,) = out.glob("facades-mine-*.npz")
    card = read_card(path)[1]
    assert card["data"].startswith("mine: ") and card["options"]["inputs"] == 3
    assert card["table"] in capsys.readouterr().out


def test_the_game_begins_after_the_epochs_of_pretraining():
    translation = smoke_recipe(RECIPES["aerial_to_map"])
    model = compiled(translation)
    game = dataclasses.replace(translation.adversarial, pretrain_epochs=0)
    at_once = dataclasses.replace(translation, adversarial=game)
    assert (
        list(model.phases(at_once.adversarial.pretrain_epochs)) == [0]
        and model.adversarial
    )
    assert translation.adversarial.pretrain_epochs == 1 and translation.epochs == 2
    phases = model.phases(translation.adversarial.pretrain_epochs)
    phases[0]()
    assert not model.adversarial
    phases[1]()
    assert model.adversarial and sorted(phases) == [0, 1]
    rates = []
    for step in (0, 5, 8, 10):
        model.optimizer.g_optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    np.testing.assert_allclose(rates, [4e-4, 4e-4, 1.6e-4, 0], rtol=1e-5)
    rates = []
    for step in (0, 3, 5):  # the discriminator misses the first epoch, 5 steps of 10
        model.optimizer.d_optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.d_optimizer.learning_rate))
    np.testing.assert_allclose(rates, [4e-4, 1.6e-4, 0], rtol=1e-5)
    for optimizer in (model.optimizer.g_optimizer, model.optimizer.d_optimizer):
        assert float(optimizer.beta_1) == 0.5
