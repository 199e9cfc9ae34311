"""Training on one's own pictures, however few, however alike."""

import zipfile
from dataclasses import replace

import keras
import numpy as np
import pytest
from small import encode

from colorlib.cli.parser import main
from colorlib.colorize.colorizer import Colorizer
from colorlib.errors import DataError, WeightsError
from colorlib.models import cards
from colorlib.models.cards import read_card
from colorlib.models.cnn import build_baseline_cnn
from colorlib.models.weights import read_arrays
from colorlib.training.parts import check_enough, load_part
from colorlib.training.recipes import RECIPES
from colorlib.training.settings import recipe_from, with_data
from colorlib.training.trainer import store


def icons(count):
    """Small coloured shapes in the middle of plain white: all of them look alike."""
    random = np.random.default_rng(0)
    rgb = np.full((count, 32, 32, 3), 255, "uint8")
    rgb[:, 8:24, 8:24] = random.integers(0, 256, (count, 1, 1, 3))
    return rgb


def write(folder, rgb):
    folder.mkdir(parents=True)
    for i, picture in enumerate(rgb):
        (folder / f"{i}.png").write_bytes(encode(picture))
    return folder


def test_ones_own_zip_trains_and_the_model_is_used_by_its_name(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(cards, "RUNS_FOLDER", tmp_path / "runs")
    (tmp_path / "a").mkdir()
    places = [tmp_path / "my icons.zip", tmp_path / "a" / "my icons.zip"]
    for place in places:
        with zipfile.ZipFile(place, "w") as archive:
            for i, picture in enumerate(icons(60)):
                archive.writestr(f"{i}.png", encode(picture))
    monkeypatch.chdir(tmp_path)
    assert main(["train", "tiny", "--data", "my icons.zip", "--epochs", "1"]) == 0
    out = capsys.readouterr().out
    assert "preview pictures are near-duplicates of training pictures" in out
    assert "test pictures: they prove little" in out
    (folder,) = (tmp_path / "runs").iterdir()
    path, card = read_card(folder.name)  # found by its name
    assert path.stem == folder.name and folder.name.startswith("tiny-my_icons-")
    assert card["data"].startswith("my icons.zip: ") and card["epochs"] == 1
    recipe = recipe_from(card["recipe"])
    assert recipe == with_data(RECIPES["tiny"], places[0], 1)
    assert card["command"] == (
        f"python -m colorlib train tiny --data '{places[0]}' --epochs 1"
    )
    assert list(card["history"]) == ["epoch", "loss", "val_loss", "seconds"]
    assert card["history"]["loss"] == [pytest.approx(card["training_loss"], rel=1e-4)]
    assert main(["evaluate", folder.name]) == 0  # on the data of its card
    assert card["table"] in capsys.readouterr().out
    assert Colorizer(folder.name).network.count_params() == card["parameters"]
    # Another archive of that name has another run; the recipe's own stays its own.
    started = []
    monkeypatch.setattr(
        "colorlib.training.trainer.train",
        lambda name, folder, **_: started.append(folder.name) or (None, card),
    )
    for place in places:
        assert main(["train", "tiny", "--data", str(place), "--epochs", "1"]) == 0
    assert main(["train", "tiny", "--data", str(place)]) == 0
    assert main(["train", "tiny"]) == 0
    assert started[0] == folder.name and len(set(started)) == 4
    assert started[-1] == "tiny"


@pytest.mark.parametrize("count", [1, 2, 7, 18])
def test_too_few_pictures_are_said_with_the_number_needed(tmp_path, count, capsys):
    folder = write(tmp_path / "few", icons(count))
    arguments = ["train", "tiny", "--data", str(folder)]
    assert main([*arguments, "--output", str(tmp_path / "run")]) == 1
    said = capsys.readouterr().err
    assert "few: too few pictures" in said and "at least 16 for train" in said
    assert "about 25 in all" in said
    assert not list((tmp_path / "run").glob("*"))


def test_an_epoch_that_is_longer_than_the_data_is_said_too(tmp_path):
    recipe = with_data(RECIPES["tiny"], write(tmp_path / "some", icons(40)))
    parts = {p: load_part(recipe, p) for p in ("train", "validation", "test")}
    check_enough(recipe, parts)

    with pytest.raises(DataError, match="at least 1600 for train"):
        check_enough(replace(recipe, steps_per_epoch=100), parts)
    with pytest.raises(DataError, match="too few pictures.* 0 for test"):
        check_enough(recipe, {**parts, "test": []})


def test_a_recipe_for_other_data_keeps_all_but_what_belongs_to_the_old_ones():
    recipe = with_data(RECIPES["ladder_gan"], "mine.zip", 4)
    assert recipe.data == ("mine.zip",) and recipe.epochs == 4
    assert recipe.steps_per_epoch is recipe.limit is recipe.categories is None
    assert recipe.adversarial.pretrain_epochs == 1  # of 5 in 20
    assert recipe.options == RECIPES["ladder_gan"].options
    assert with_data(RECIPES["dog"], "mine").categories is None
    assert with_data(RECIPES["dog"], None, 3).data == ("cifar10",)
    for epochs in (0, -1):
        with pytest.raises(
            ValueError, match=f"epochs must be at least 1, got {epochs}"
        ):
            with_data(RECIPES["dog"], "mine", epochs)


def test_what_is_not_there_is_said(tmp_path, capsys):
    nowhere = str(tmp_path / "nowhere")
    out = ["--output", str(tmp_path / "run")]
    assert main(["train", "tiny", "--data", nowhere, *out]) == 1
    assert "nor an existing folder" in capsys.readouterr().err
    assert main(["train", "--data", nowhere]) == 1
    assert "name a recipe" in capsys.readouterr().err
    assert main(["train", "cat", "--data", nowhere, *out]) == 1
    assert "recipe must be one of" in capsys.readouterr().err


# What is stored when a training ends.


def spoiled(value):
    network = build_baseline_cnn(filters=2)
    bias = network.get_layer("ab").bias
    bias.assign(np.full(bias.shape, value))
    return network


def test_weights_too_large_for_float16_are_stored_as_float32(tmp_path, capsys):
    network = spoiled(7e4)
    store(network, tmp_path / "w.npz")
    assert "w.npz is stored as float32: " in capsys.readouterr().out
    stored = read_arrays(tmp_path / "w.npz").values()
    for array, weight in zip(stored, network.weights, strict=True):
        np.testing.assert_array_equal(array, keras.ops.convert_to_numpy(weight))
    store(spoiled(6e4), tmp_path / "w.npz")
    assert capsys.readouterr().out == ""
    assert {a.dtype.name for a in read_arrays(tmp_path / "w.npz").values()} == {
        "float16"
    }


def test_weights_that_are_no_numbers_are_stored_in_no_way(tmp_path):
    for value in (np.inf, np.nan):
        with pytest.raises(WeightsError, match="diverge"):
            store(spoiled(value), tmp_path / "w.npz")
    assert not list(tmp_path.iterdir())
