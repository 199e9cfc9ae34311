import dataclasses
import json

import numpy as np
import pytest
from PIL import Image
from small import ROOT, write_model

from colorlib.colorize.colorizer import DEFAULT_MODEL, Colorizer
from colorlib.errors import WeightsError
from colorlib.evaluation.benchmark import TARGETS, is_reached
from colorlib.evaluation.card_tables import (
    LADDER,
    LADDER_FOLDER,
    benchmark_as_markdown,
    figures_as_markdown,
    ladder_as_markdown,
)
from colorlib.evaluation.network import colorize_batch, predict_ab
from colorlib.lab import rgb8_to_lab
from colorlib.metrics.scores import ab_mse, colourfulness
from colorlib.models.cards import (
    WEIGHTS_FOLDER,
    available_models,
    read_card,
    write_card,
)
from colorlib.models.cnn import build_baseline_cnn
from colorlib.models.registry import build, size_multiple
from colorlib.models.weights import load_weights
from colorlib.training.building import network_options
from colorlib.training.recipes import RECIPES
from colorlib.training.settings import recipe_from
from colorlib.utils.paths import DATA

GAN_FOLDER = DATA / "gan"  # what lesson 07 shows of trainings


@pytest.fixture
def folder(tmp_path):
    write_model(tmp_path / "one.npz", build_baseline_cnn(filters=2))
    write_model(tmp_path / "two.npz", build_baseline_cnn(filters=2))
    return tmp_path


def test_models_are_those_with_weights_and_card(folder):
    (folder / "three.npz").write_bytes(b"weights without a card")
    (folder / "four.json").write_text("{}")
    assert available_models(folder) == ["one", "two"]
    assert available_models(folder / "none") == []


def test_a_card_is_found_by_name_and_by_path(folder, tmp_path):
    by_name = read_card("one", folder)
    assert by_name[0] == folder / "one.npz" and by_name[1]["name"] == "one"
    assert (
        read_card(folder / "one.npz") == read_card(str(folder / "one.npz")) == by_name
    )


def test_a_card_states_size_and_hash(folder):
    card = read_card("one", folder)[1]
    assert card["bytes"] == (folder / "one.npz").stat().st_size
    assert len(card["sha256"]) == 64


def test_a_missing_model_lists_those_there(folder):
    with pytest.raises(FileNotFoundError, match="'three'.*one, two"):
        read_card("three", folder)
    (folder / "two.json").unlink()
    with pytest.raises(FileNotFoundError, match="with its card.*one;"):
        read_card("two", folder)
    with pytest.raises(FileNotFoundError, match="none;"):
        read_card("one", folder / "empty")


@pytest.mark.parametrize("change", ["truncated", "flipped", "replaced", "empty"])
def test_changed_weights_are_refused(folder, change):
    path = folder / "one.npz"
    data = path.read_bytes()
    half = len(data) // 2
    changed = {
        "truncated": data[:half],
        "flipped": data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :],
        "replaced": (folder / "two.npz").read_bytes(),
        "empty": b"",
    }[change]
    assert changed != data
    path.write_bytes(changed)
    with pytest.raises(WeightsError, match="one.npz is damaged.*colorlib train one"):
        read_card("one", folder)
    with pytest.raises(WeightsError, match="damaged"):
        Colorizer(path)
    with pytest.raises(WeightsError):
        figures_as_markdown(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"sha256": "12"}'])
def test_a_damaged_card_is_refused(folder, text):
    (folder / "one.json").write_text(text)
    with pytest.raises(WeightsError, match="one.json is damaged"):
        read_card("one", folder)


def test_a_card_comes_back_as_it_was_written(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"123")
    card = {"command": "c", "title": "Süßes für Große", "figures": {"grey": 0.5}}
    path = write_card(tmp_path / "x.npz", card)
    assert path == tmp_path / "x.json"
    stored = read_card(tmp_path / "x.npz")[1]
    assert {key: stored[key] for key in card} == card


# The models that come with the course.


def shipped():
    return [pytest.param(name, id=name) for name in available_models()]


def test_the_default_model_is_there():
    assert DEFAULT_MODEL in available_models()


def test_every_file_of_the_weights_folder_belongs_to_a_model():
    names = {path.name for path in WEIGHTS_FOLDER.iterdir()}
    wanted = {f"{n}.{end}" for n in available_models() for end in ("npz", "json")}
    assert names == {*wanted, "README.md"}


def test_a_table_has_a_row_a_model_with_its_baselines():
    assert len(figures_as_markdown(models=["dog", "ship"]).splitlines()) == 4
    lines = figures_as_markdown().splitlines()
    assert len(lines) == 2 + len(available_models())
    card = read_card("landscape")[1]
    line = next(line for line in lines if line.startswith("| landscape |"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1] == card["test"]
    for cell, row in zip(
        cells[2:6], ("landscape", "grey", "mean colour", "lightness table")
    ):
        assert cell.strip("*") == f"{card['figures'][row]['ab_mse']:.4f}"
    assert cells[6].endswith(f"({card['figures']['grey']['psnr']:.2f})")


def test_a_benchmark_is_a_table_with_a_column_a_set():
    lpips = {"value": 0.7, "interval": [0.6, 0.81], "target": "at most 0.65"}
    top1 = {"value": 0.5, "interval": [0, 1], "target": ""}
    metrics = {"LPIPS / grey's": lpips}
    sets = [
        {"data": "photos", "pictures": 40, "headline_metrics": metrics | {"t": top1}},
        {"data": "kodak", "pictures": 24, "headline_metrics": metrics},
    ]
    lines = benchmark_as_markdown({"name": "it", "benchmark": sets}).splitlines()
    assert lines[0] == "| it | target | photos (40) | kodak (24) |"
    assert lines[2].endswith("| at most 0.65 | 0.70 [0.60, 0.81] | 0.70 [0.60, 0.81] |")
    assert lines[3].endswith("| t |  | 0.50 [0.00, 1.00] |  |")


@pytest.mark.parametrize("name", available_models())
def test_a_stored_benchmark_is_what_the_command_would_say_today(name):
    for part in read_card(name)[1].get("benchmark", []):
        metrics = part["headline_metrics"]
        assert list(metrics) == list(TARGETS) and set(part) == {
            *("data", "pictures", "labelled", "headline_metrics"),
        }
        worth = metrics["truth's top-1 - grey's"]["value"]
        for title, metric in metrics.items():
            low, high = metric["interval"]
            assert low <= metric["value"] <= high
            scale = worth if title == "top-1 - grey's" else 1
            bounds = [b and b * scale for b in TARGETS[title]]
            known = is_reached(metric["value"], *bounds) if metric["target"] else None
            assert metric["reached"] == known


def test_the_ladder_is_one_table_with_its_floors_once(tmp_path):
    figures = {"psnr": 20, "ab_mse": 0.01, "ab_mae": 9, "ciede2000": 10}
    for name, colourful in [("ladder_l2", 15), ("ladder_gan", 31)]:
        rows = {"grey": figures | {"colourfulness": 0}}
        rows[name] = figures | {"colourfulness": colourful}
        card = {"name": name, "figures": rows, "true_colourfulness": 37.1}
        (tmp_path / f"{name}.json").write_text(json.dumps(card))
    lines = ladder_as_markdown(tmp_path).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "grey",
        LADDER["ladder_l2"],
        LADDER["ladder_gan"],
        "truth",
    ]
    assert lines[3].endswith("| 20.00 | 0.0100 | 9.00 | 10.00 | 15.0 |")
    with pytest.raises(FileNotFoundError, match="ladder_l2"):
        ladder_as_markdown(tmp_path / "empty")


def test_the_rungs_of_the_ladder_are_recipes_measured_on_the_same_pictures():
    cards = [json.loads(path.read_text()) for path in LADDER_FOLDER.glob("*.json")]
    assert {card["name"] for card in cards} <= set(LADDER) <= set(RECIPES)
    grey = {json.dumps(card["figures"]["grey"]) for card in cards}
    assert len(cards) >= 4 and len(grey) == 1
    for card in cards:
        assert card["command"] == f"python -m colorlib train {card['name']}"


@pytest.mark.parametrize(
    "path", sorted(GAN_FOLDER.glob("*.json")), ids=lambda p: p.stem
)
def test_a_run_of_lesson_07_is_its_recipe_with_its_strips(path):
    card = json.loads(path.read_text(encoding="utf-8"))
    assert card["name"] == path.stem
    assert recipe_from(card["recipe"]) == RECIPES[path.stem]
    assert card["history"]["epoch"] == [*range(1, card["epochs"] + 1)]
    assert {"grey", path.stem} <= set(card["lpips"]) <= set(card["figures"])
    assert 0 < card["lpips"][path.stem] < card["lpips"]["grey"]
    with Image.open(path.with_suffix(".jpg")) as strips:
        assert strips.size == (8 * 128, 3 * 128)


def test_the_three_seeds_are_of_recipes_that_differ_in_the_loss_alone():
    seeds = json.loads((DATA / "comics_seeds.json").read_text(encoding="utf-8"))
    names = ["comics_l2", "comics_l1", "comics_l1_gan"]
    runs = [(run["recipe"], run["seed"]) for run in seeds["runs"]]
    assert runs == [(name, seed) for seed in range(3) for name in names]
    first, *others = (RECIPES[name] for name in names)
    loss = dict(title="", loss="mse", adversarial=None)
    for recipe in others:
        assert dataclasses.replace(recipe, **loss) == dataclasses.replace(first, **loss)
    assert seeds["steps"] == first.epochs * first.steps_per_epoch
    assert seeds["epochs"] == first.epochs
    for run in seeds["runs"]:
        assert run["ab_mae"] < seeds["grey"]["ab_mae"]


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_card_is_complete_and_true(name):
    path, card = read_card(name)
    assert card["name"] == name and name in RECIPES
    recipe = RECIPES[name]
    assert card["network"] == recipe.network and card["title"] == recipe.title
    assert card["options"] == network_options(recipe)
    assert card["epochs"] == recipe.epochs
    assert card["command"] == f"python -m colorlib train {name}"
    assert card["multiple"] == size_multiple(recipe.network, **recipe.options)
    assert card["seed"] == recipe.seed and card["batch_size"] == recipe.batch_size
    for floor in ("grey", "mean colour", "lightness table", name):
        assert f"| {floor} |" in card["table"]
        mean = card["figures"][floor]["psnr"]
        assert f"| {floor} | {mean:.2f} [" in card["table"]
    floors = card["figures"]
    assert floors[name]["ab_mse"] < floors["grey"]["ab_mse"]
    assert floors[name]["colourfulness"] > floors["grey"]["colourfulness"] + 1
    assert 1 <= card["best_epoch"] <= card["epochs"]
    assert card["bytes"] < 30e6
    text = json.dumps(card)
    assert str(ROOT) not in text and "NaN" not in text and "Infinity" not in text


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_model_loads_and_colours_pictures_it_has_not_seen(name, photos):
    path, card = read_card(name)
    network = build(card["network"], **card["options"])
    assert network.count_params() == card["parameters"]
    load_weights(network, path)
    ab = predict_ab(network, photos)
    real_ab = rgb8_to_lab(photos)[..., 1:]
    if name in ("general", "flagship"):  # the others know one subject only
        grey = ab_mse(real_ab, np.zeros_like(real_ab)).mean()
        assert ab_mse(real_ab, ab).mean() < grey
    shown = np.rint(colorize_batch(network, photos) * 255).astype("uint8")
    assert colourfulness(shown).mean() > (10 if name in ("general", "flagship") else 3)
    assert np.ptp(ab, axis=(0, 1, 2)).min() > 10  # not one colour for all
