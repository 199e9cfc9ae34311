import dataclasses
import hashlib
import json

import keras
import numpy as np
import pytest
from PIL import Image
from small import ROOT

from colorlib.cli.parser import main
from colorlib.colorize.colorizer import Colorizer
from colorlib.data.catalog import DATA_SETS
from colorlib.data.pairs import PAIR_SETS
from colorlib.evaluation.likely_colors import make_likely_colors
from colorlib.evaluation.network import center_crop, predict_ab
from colorlib.images import Picture, write_picture
from colorlib.lab import rgb8_to_lab
from colorlib.models.cards import available_models, read_card
from colorlib.models.hint_unet import start_from_unet
from colorlib.models.inverted_residuals import encoder_layers
from colorlib.models.registry import BUILDERS, build, size_multiple
from colorlib.models.weights import load_weights
from colorlib.optimizers import make_optimizer
from colorlib.training import trainer as train_module
from colorlib.training.building import (
    build_model,
    check_recipe,
    compile_model,
    network_options,
)
from colorlib.training.callbacks import read_strips
from colorlib.training.parts import make_batches
from colorlib.training.recipes import RECIPES
from colorlib.training.resume import read_history
from colorlib.training.settings import recipe_from, smoke_recipe
from colorlib.training.trainer import load_part, settings_of, train

# Recipes.


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_valid(name):
    recipe = RECIPES[name]
    assert recipe.data and set(recipe.data) <= {*DATA_SETS, *PAIR_SETS}
    assert recipe.network in BUILDERS
    assert recipe.loss in ("mse", "mae", "classes")
    assert recipe.optimizer in ("adam", "adamw", "pix2pix")
    assert recipe.schedule in ("constant", "cosine", "linear")
    assert recipe.epochs >= 1 and recipe.batch_size >= 1
    assert 0 < recipe.learning_rate <= 1e-2
    stride = size_multiple(recipe.network, **recipe.options)
    assert (recipe.crop or recipe.size) % stride == 0
    assert recipe.crop is None or recipe.crop <= recipe.size
    seen = recipe.inference_size or recipe.crop or recipe.size
    assert seen % stride == 0 and seen >= 32
    assert recipe_from(json.loads(json.dumps(dataclasses.asdict(recipe)))) == recipe
    check_recipe(recipe)
    build(recipe.network, **network_options(recipe))
    game = recipe.adversarial
    if game:
        assert 0 <= game.pretrain_epochs < recipe.epochs
    before = {recipe.title}
    while recipe.start_from and recipe.start_from not in available_models():
        first = RECIPES[recipe.start_from]
        assert first.title not in before  # the way begins somewhere
        before.add(first.title)
        assert first.network == recipe.network or (first.network, recipe.network) in (
            ("mobilenet_unet", "encoder_unet"),
            ("encoder_unet", "hint_unet"),
        )
        recipe = first
    if recipe.start_from:
        given = read_card(recipe.start_from)[1]["network"]
        assert recipe.network == given or (given, recipe.network) == (
            "hint_unet",
            "encoder_unet",
        )


@pytest.mark.parametrize("setting", ["start_from", "encoder_from"])
def test_missing_weights_to_start_from_are_said_before_data_are_loaded(
    setting, tmp_path, monkeypatch
):
    monkeypatch.setattr(train_module, "load_part", pytest.fail)
    recipe = dataclasses.replace(RECIPES["quality_l1"], encoder_from=None)
    recipe = dataclasses.replace(recipe, **{setting: "nowhere"})
    with pytest.raises(FileNotFoundError, match="'nowhere'.* train NAME"):
        train("mine", tmp_path, recipe=recipe)


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"schedule": "exponential"}, "schedule must be one of constant, cosine, "),
        ({"optimizer": "sgd"}, "optimizer must be one of adam, adamw, pix2pix, got 's"),
        ({"network": "resnet"}, "network must be one of baseline_cnn, "),
        ({"size": 50}, "needs pictures of a multiple of 8 pixels, got 50: .* size"),
        ({"size": 64, "crop": 50}, "multiple of 8 pixels, got 50: .* another crop"),
    ],
)
def test_settings_that_are_wrong_are_said_before_data_are_loaded(
    setting, message, tmp_path, monkeypatch
):
    monkeypatch.setattr(train_module, "load_part", pytest.fail)
    recipe = dataclasses.replace(RECIPES["tiny"], **setting)
    with pytest.raises(ValueError, match=message):
        train("mine", tmp_path, recipe=recipe)


def test_a_card_says_what_was_trained_and_not_what_was_asked_for_last(tmp_path):
    """In a folder of more epochs than are wanted now; and the data may be a `Path`."""
    recipe = dataclasses.replace(
        RECIPES["tiny"],
        data=(ROOT / "data" / "samples",),
        steps_per_epoch=2,
        batch_size=8,
    )
    run = tmp_path / "run"
    card = train("mine", run, 0, dataclasses.replace(recipe, epochs=3))[1]
    assert (card["epochs"], card["steps"]) == (3, 6)
    again = train("mine", run, 0, dataclasses.replace(recipe, epochs=1))[1]
    assert (again["epochs"], again["steps"]) == (3, 6)
    assert again["best_epoch"] == card["best_epoch"]


def test_a_single_step_has_a_schedule():
    recipe = dataclasses.replace(RECIPES["tiny"], schedule="cosine")
    rate = make_optimizer(recipe, 1).learning_rate
    assert float(keras.ops.convert_to_numpy(rate)) >= 0


@pytest.mark.parametrize("before", ["flagship", "general"])
def test_an_encoder_alone_is_taken_from_trained_weights(before):
    recipe = dataclasses.replace(RECIPES["quality_gan"], encoder_from=before)
    network = build_model(recipe, pretrained=True)
    first = build("encoder_unet", **network_options(recipe))
    start_from_unet(first, Colorizer(before).network)
    encoder = {layer.name for layer in encoder_layers(network)}
    assert len(encoder) > 50
    for layer in network.layers:
        if layer.weights and layer.name != "context_2":  # which begins with zeros
            kernel, trained = (n.get_layer(layer.name).kernel for n in (network, first))
            same = np.array_equal(*map(keras.ops.convert_to_numpy, (kernel, trained)))
            assert same == (layer.name in encoder), layer.name
            assert layer.trainable


@pytest.mark.parametrize("name", ["tiny", "landscape2"])
def test_an_encoder_that_would_not_be_taken_is_refused(name):
    recipe = dataclasses.replace(RECIPES[name], encoder_from="general")
    with pytest.raises(ValueError, match="encoder_from='general' needs a network of"):
        build_model(recipe, pretrained=True)


@pytest.mark.parametrize("before", ["general", "flagship"])
def test_another_encoder_is_refused(before):
    options = RECIPES["quality_gan"].options | {"encoder": "lite0"}
    recipe = dataclasses.replace(
        RECIPES["quality_gan"], options=options, encoder_from=before
    )
    with pytest.raises(ValueError, match=f"encoder of '{before}' is not that of this"):
        build_model(recipe, pretrained=True)


def test_the_recipes_of_week_3_are_those_of_the_course():
    for name in ("dog", "landscape"):
        recipe = RECIPES[name]
        assert (recipe.network, recipe.loss) == ("baseline_cnn", "mse")
        assert (recipe.optimizer, recipe.learning_rate) == ("adam", 3e-4)
        assert recipe.schedule == "constant"
    assert RECIPES["dog"].categories == ("dog",) and RECIPES["dog"].size == 32
    assert RECIPES["landscape"].size == 64


def test_new_settings_without_effect_leave_begun_runs_alone():
    recipe = RECIPES["tiny"]
    assert {"weights", "encoder_from"}.isdisjoint(settings_of(recipe))
    changed = dataclasses.replace(recipe, encoder_from="flagship")
    assert settings_of(changed)["encoder_from"] == "flagship"


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_the_stated_optimizer_and_loss_are_really_compiled(optimizer, schedule, loss):
    recipe = dataclasses.replace(
        RECIPES["tiny"],
        optimizer=optimizer,
        schedule=schedule,
        loss=loss,
        learning_rate=2e-3,
    )
    model = build_model(recipe)
    assert compile_model(model, recipe, 1000, None) == (model, {})
    # By name: PyTorch's backend has subclasses of its own, under the same names.
    kinds = {"adam": "Adam", "adamw": "AdamW"}
    assert type(model.optimizer).__name__ == kinds[optimizer]
    assert model.loss == loss
    rates = []
    for step in (0, 10, 50, 525, 999):
        model.optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    if schedule == "constant":
        np.testing.assert_allclose(rates, 2e-3, rtol=1e-6)
    else:  # from 0 over a twentieth of the steps to the highest, and down to 0
        np.testing.assert_allclose(rates, [0, 4e-4, 2e-3, 1e-3, 0], atol=1e-6)


# The tiny recipe, end to end.


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(folder, model, card, what was passed to compile) of the tiny recipe."""
    folder = tmp_path_factory.mktemp("tiny")
    compiled = []
    real = keras.Model.compile

    def watched(self, *arguments, **named):
        compiled.append(named)
        return real(self, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLORLIB_MIRROR", raising=False)
        patch.setattr(keras.Model, "compile", watched)
        model, card = train("tiny", folder, verbose=0)
    return folder, model, card, compiled


def test_adam_with_3e_4_is_what_trains(trained):
    compiled = trained[3]
    assert len(compiled) == 1
    optimizer = compiled[0]["optimizer"]
    assert type(optimizer).__name__ == "Adam"
    assert float(optimizer.learning_rate) == pytest.approx(3e-4)
    assert trained[1].optimizer is optimizer
    steps = trained[2]["steps"]
    assert int(optimizer.iterations) == steps > 0  # and it did take the steps
    assert compiled[0]["loss"] == "mse"


def test_weights_card_and_history_are_written(trained):
    folder, model, card, _ = trained
    history = read_history(folder / "history.csv")
    assert history["epoch"] == [1, 2]
    assert np.isfinite(history["loss"] + history["val_loss"]).all()
    assert history["loss"][1] < history["loss"][0]
    path, stored = read_card(folder / "tiny.npz")  # checks the SHA-256
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert stored == {**card, "bytes": path.stat().st_size, "sha256": digest}
    assert stored["parameters"] == model.count_params() == 131_882
    assert stored["steps"] == 2 * (len(load_part(RECIPES["tiny"], "train")) // 16)
    best = int(np.argmin(history["val_loss"]))
    assert stored["best_epoch"] == best + 1
    assert stored["validation_loss"] == history["val_loss"][best]
    assert stored["training_loss"] == history["loss"][best]
    assert stored["command"] == "python -m colorlib train tiny"
    assert len(stored["lightness_table"]) == 101
    for floor in ("grey", "mean colour", "lightness table", "tiny"):
        assert f"| {floor} |" in stored["table"] and floor in stored["figures"]
    assert stored["figures"]["grey"]["colourfulness"] < 0.6


def test_the_stored_weights_are_the_evaluated_ones(trained):
    folder, model, card, _ = trained
    other = build("baseline_cnn", **RECIPES["tiny"].options)
    load_weights(other, folder / "tiny.npz")
    test = load_part(RECIPES["tiny"], "test")
    np.testing.assert_allclose(
        predict_ab(model, test.rgb), predict_ab(other, test.rgb), atol=1e-4
    )
    ab = rgb8_to_lab(test.rgb)[..., 1:]
    mse = (((predict_ab(other, test.rgb) - ab) / 128) ** 2).mean()
    assert card["figures"]["tiny"]["ab_mse"] == pytest.approx(mse, abs=2e-6)
    assert card["test"].startswith(f"the {len(test)} test pictures of samples, 32 x 32")


def test_again_it_only_loads(trained, monkeypatch):
    folder, _, card, _ = trained
    weights = (folder / "tiny.npz").read_bytes()

    def fit(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(keras.Model, "fit", fit)
    again = train("tiny", folder, verbose=0)[1]
    assert again == card
    assert (folder / "tiny.npz").read_bytes() == weights


def test_evaluate_prints_the_table_of_the_card(trained, capsys):
    folder, _, card, _ = trained
    assert main(["evaluate", str(folder / "tiny.npz")]) == 0
    assert card["table"] in capsys.readouterr().out


def test_other_settings_in_the_same_folder_are_refused(trained, monkeypatch):
    other = dataclasses.replace(RECIPES["tiny"], learning_rate=1e-3)
    monkeypatch.setitem(RECIPES, "tiny", other)
    with pytest.raises(ValueError, match="other settings"):
        train("tiny", trained[0], verbose=0)


def test_more_epochs_go_on_only_where_the_rate_stays(trained, tmp_path):
    whole, history = trained[0] / "tiny.npz", read_history(trained[0] / "history.csv")
    one = dataclasses.replace(RECIPES["tiny"], epochs=1)
    train("tiny", tmp_path, verbose=0, recipe=one)
    train("tiny", tmp_path, verbose=0)
    later = read_history(tmp_path / "history.csv")
    assert later["val_loss"] == history["val_loss"] and len(later["loss"]) == 2
    assert (tmp_path / "tiny.npz").read_bytes() == whole.read_bytes()
    falling = dataclasses.replace(one, schedule="cosine")
    train("tiny", tmp_path / "falling", verbose=0, recipe=falling)
    longer = dataclasses.replace(falling, epochs=2)
    with pytest.raises(ValueError, match="other settings"):
        train("tiny", tmp_path / "falling", verbose=0, recipe=longer)


def test_a_recipe_with_crops_is_evaluated_on_their_middle(trained, monkeypatch, capsys):
    folder, model, *_ = trained
    recipe = dataclasses.replace(RECIPES["tiny"], size=48, crop=32, inference_size=64)
    monkeypatch.setitem(RECIPES, "tiny", recipe)
    parts = {part: load_part(recipe, part) for part in ("train", "validation", "test")}
    history = {"loss": [2.0, 1.0], "val_loss": [1.0, 2.0], "seconds": [1, 1]}
    card = train_module.make_card("tiny", recipe, model, parts, history)
    steps = 2 * (len(parts["train"]) // 16)
    assert card["best_epoch"] == 1 and card["steps"] == steps
    assert card["inference_size"] == 64 and "32 x 32 pixels" in card["test"]
    assert "likely_colors" not in card
    train_module.write_card(folder / "tiny.npz", card)
    assert main(["evaluate", str(folder / "tiny.npz")]) == 0
    assert card["table"] in capsys.readouterr().out


def test_the_card_of_a_network_with_hints_says_what_is_likely():
    recipe = dataclasses.replace(
        RECIPES["tiny"],
        network="hint_unet",
        options={"encoder": "mobilenet_v2", "widths": [8] * 5},
        size=48,
        crop=32,
        gain=1.5,
    )
    parts = {part: load_part(recipe, part) for part in ("train", "validation", "test")}
    history = {"loss": [1.0], "val_loss": [1.0], "seconds": [1]}
    network = build_model(recipe)
    card = train_module.make_card("told", recipe, network, parts, history)
    cropped = center_crop(parts["validation"].rgb, 32)
    made = make_likely_colors(network, cropped, 1.5)
    assert card["likely_colors"] == json.loads(json.dumps(made)) == made
    assert card["likely_colors"]["levels"][-1]["cells"]


def test_a_recipe_starts_from_stored_weights_in_its_precision(trained, tmp_path):
    folder, network, *_ = trained
    recipe = dataclasses.replace(
        RECIPES["tiny"],
        epochs=1,
        steps_per_epoch=1,
        learning_rate=1e-9,
        start_from=str(folder / "tiny.npz"),
        precision="mixed_bfloat16",
        size=40,
        crop=32,
        zoom=True,
    )
    assert build_model(recipe, pretrained=True).dtype_policy.name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    further, card = train("further", tmp_path, verbose=0, recipe=recipe)
    assert further.dtype_policy.name == "float32"
    for old, new in zip(network.get_weights(), further.get_weights()):
        np.testing.assert_allclose(old, new, atol=1e-5)
    assert card["start_from"] == recipe.start_from
    first = read_card(folder / "tiny.npz")[1]  # not shipped, so its way is told
    assert card["before"]["name"] == "tiny" and "before" not in card["before"]
    assert card["before"]["history"] == first["history"]


# The ladder, in miniature.

RUNGS = ("ladder_classes", "ladder_gan")


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    """{name: (folder, network, card)} of small rungs, trained by the command line."""
    rungs = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLORLIB_MIRROR", raising=False)
        for name in RUNGS:
            patch.setitem(RECIPES, name, smoke_recipe(RECIPES[name]))
            folder = tmp_path_factory.mktemp(name)
            assert main(["train", name, "--output", str(folder), "--tensorboard"]) == 0
            rungs[name] = folder, *train(name, folder, verbose=0)
    return rungs


@pytest.mark.parametrize("name", RUNGS)
def test_a_rung_leaves_weights_card_history_curves_and_film(ladder, name):
    folder, network, card = ladder[name]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["best.npz", "history.csv", "last.npz", "strip", "tensorboard"]
        + [f"{name}.{ending}" for ending in ("gif", "json", "npz", "png")]
    )
    assert list(read_strips(folder)) == [0, 1, 2]
    with Image.open(folder / f"{name}.gif") as film:
        assert film.n_frames == 3
    with Image.open(folder / f"{name}.png") as curves:
        assert curves.size == (600, 350)
    for part in ("train", "validation"):
        assert list((folder / "tensorboard" / part).glob("events*"))
    history = read_history(folder / "history.csv")
    assert history["epoch"] == [1, 2]
    assert np.isfinite(history["loss"] + history["val_loss"]).all()
    assert card["steps"] == 8 and card["multiple"] == 32
    assert card["parameters"] == network.count_params()


def test_a_gan_begins_with_l1_alone_and_keeps_its_last_epoch(ladder):
    folder, network, card = ladder["ladder_gan"]
    history = read_history(folder / "history.csv")
    assert history["d_real"][0] == history["g_adv"][0] == 0
    assert history["d_real"][1] > 0 and history["g_adv"][1] > 0
    assert card["best_epoch"] == 2 and card["validation_loss"] == history["val_loss"][1]
    with np.load(folder / "last.npz") as last:
        stored = [last[key] for key in sorted(last.files) if "ab_linear/bias" in key]
    bias = keras.ops.convert_to_numpy(network.get_layer("ab_linear").bias)
    np.testing.assert_array_equal(bias, stored[0].astype("float16"))


@pytest.mark.parametrize("name", RUNGS)
def test_evaluate_and_colorize_take_the_weights_of_a_rung(
    ladder, name, monkeypatch, capsys
):
    monkeypatch.setitem(RECIPES, name, smoke_recipe(RECIPES[name]))
    folder, _, card = ladder[name]
    assert main(["evaluate", str(folder / f"{name}.npz")]) == 0
    assert card["table"] in capsys.readouterr().out
    colorizer = Colorizer(folder / f"{name}.npz", size=64)
    ab = colorizer.predict_ab(np.full((50, 70, 3), 144, "uint8"))
    assert ab.shape == (50, 70, 2) and 0 < np.abs(ab).max() < 110


def test_the_strip_shows_the_first_of_each_kind_of_another_set(tmp_path):
    recipe = smoke_recipe(RECIPES["ladder_l1"])
    other = dataclasses.replace(recipe, strip="samples")
    parts = {part: load_part(recipe, part) for part in ("train", "test")}
    strip = train_module.make_strip(build_model(other), other, parts, tmp_path)
    samples = train_module.load_pictures("samples", "test", recipe.crop)
    kinds = sorted(set(samples.categories))
    assert len(kinds) == 8
    for rgb, kind in zip(strip.rgb, kinds, strict=True):
        first = samples.categories.index(kind)
        np.testing.assert_array_equal(rgb, samples.rgb[first])
    # What is shown is no part of the training: the run goes on with another strip.
    assert train_module.settings_of(recipe) == train_module.settings_of(other)


def test_the_strip_takes_pictures_that_are_not_for_training(tmp_path, capsys):
    recipe = smoke_recipe(RECIPES["ladder_l1"])
    parts = {part: load_part(recipe, part) for part in ("train", "test")}
    network = build_model(recipe)
    plain = train_module.make_strip(network, recipe, parts, tmp_path)
    known = parts["test"].rgb[:1, :, ::-1]  # the first one, mirrored
    rgb = np.concatenate([parts["train"].rgb, known])
    parts["train"] = dataclasses.replace(parts["train"], rgb=rgb)
    other = train_module.make_strip(network, recipe, parts, tmp_path)
    assert plain.rgb.shape == other.rgb.shape == (6, 32, 32, 3)
    test = center_crop(parts["test"].rgb, 32)
    spread = np.linspace(0, len(test) - 1, 6).astype(int)
    np.testing.assert_array_equal(plain.rgb, test[spread])
    np.testing.assert_array_equal(other.rgb[1:], plain.rgb[1:])
    np.testing.assert_array_equal(other.rgb[0], test[1])
    assert capsys.readouterr().out == ""


def test_tensorboard_that_is_missing_is_said_before_the_data_are_read(
    monkeypatch, tmp_path, capsys
):
    def missing(folder):
        raise ImportError("pip install tensorboard")

    monkeypatch.setattr(train_module, "make_tensorboard", missing)
    monkeypatch.setattr(train_module, "load_part", pytest.fail)
    assert main(["train", "tiny", "--output", str(tmp_path), "--tensorboard"]) == 1
    assert "pip install tensorboard" in capsys.readouterr().err


def test_the_middle():
    rgb = np.arange(2 * 6 * 8 * 3).reshape(2, 6, 8, 3)
    np.testing.assert_array_equal(center_crop(rgb, 4), rgb[:, 1:5, 2:6])
    assert center_crop(rgb, None) is rgb


# What cannot be trained says so before it costs time.


def test_unknown_recipes_raise(tmp_path):
    with pytest.raises(ValueError, match="dog.*'cat'"):
        train("cat", tmp_path)


def test_an_unwritable_folder_is_found_before_the_data_are_read(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file")

    def load(*_):
        raise AssertionError("data were read first")

    monkeypatch.setattr(train_module, "load_part", load)
    with pytest.raises(OSError, match="cannot be written"):
        train("tiny", tmp_path / "file" / "run")


def test_without_its_data_a_recipe_names_the_set(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match="photos"):
        train("general", tmp_path / "run")


def test_sets_of_more_weight_are_drawn_more_often(tmp_path):
    folder = tmp_path / "bright"
    folder.mkdir()
    for i in range(40):
        rgb = np.full((32, 32, 3), (250, 180 + i, 200), "uint8")
        write_picture(folder / f"{i}.png", Picture(rgb))
    tiny = RECIPES["tiny"]
    recipe = dataclasses.replace(tiny, data=("samples", str(folder)), weights=(1, 50))
    pictures = load_part(recipe, "train")
    own = sum(pictures.joined[1:])
    assert len(pictures.joined) == 2 and 20 < own < 40 < sum(pictures.joined)

    def share(recipe, training=True):
        batches = make_batches(recipe, pictures, training)
        L = np.concatenate([batches[i][0] for i in range(len(batches))])
        return (L.std(axis=(1, 2, 3)) < 1e-3).mean()

    expected = 50 * own / (50 * own + pictures.joined[0])
    assert abs(share(recipe) - expected) < 0.15
    unweighted = own / sum(pictures.joined)
    assert abs(share(dataclasses.replace(recipe, weights=None)) - unweighted) < 0.1
    assert abs(share(recipe, training=False) - unweighted) < 1e-6
    with pytest.raises(ValueError, match="weights must be one number for each of"):
        load_part(dataclasses.replace(recipe, weights=(1, 2, 3)), "train")


def test_a_run_from_before_there_were_weights_goes_on():
    assert "weights" not in settings_of(RECIPES["tiny"])
    assert settings_of(RECIPES["base2"])["weights"] == (4, 2, 1, 1, 1, 1)
