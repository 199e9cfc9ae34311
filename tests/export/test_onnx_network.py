"""The quick start: a network that was exported once runs without Keras."""

import os
import subprocess
import sys

import numpy as np
import pytest
from small import ROOT, photograph, write_model

from colorlib.ab_bins import AnnealedMean
from colorlib.cli.parser import main
from colorlib.colorize.colorizer import Colorizer, load_network
from colorlib.export.onnx_network import OnnxNetwork, keep_exported, open_exported
from colorlib.images.read import read_picture
from colorlib.models.cards import read_card
from colorlib.models.registry import build

pytest.importorskip("onnx", reason="no onnx: pip install onnx")
pytest.importorskip("onnxruntime", reason="no ONNX Runtime: pip install onnxruntime")
OLD = ROOT / "data" / "samples" / "old"
LOOK = """
import sys
from colorlib.cli.parser import main
code = main(sys.argv[1:])
print(sorted({"keras", "tensorflow", "jax", "onnx", "matplotlib"} & set(sys.modules)))
sys.exit(code)
"""


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache folder, and nobody who asks for a backend."""
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache" / "onnx"


def quickly(path, card):
    return keep_exported(load_network(path, card), card)


def only_exported(path, card):
    network = open_exported(card)
    assert network
    return network


def test_the_second_start_needs_no_keras_and_gives_the_same(cache, constant_model):
    photograph(cache.parents[1] / "a.png", size=(70, 50))
    command = ["colorize", "a.png", "--model", str(constant_model), "--output"]
    assert main([*command, "first"]) == 0
    (exported,) = cache.iterdir()
    written = exported.stat()
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *command, "second"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"  # nothing of it was imported
    assert exported.stat().st_mtime_ns == written.st_mtime_ns  # nor was it made again
    first, second = (read_picture(f"{run}/a.png").rgb for run in ("first", "second"))
    assert (first == second).all() and len(np.unique(first[..., 0] - first[..., 2])) > 1


def test_frames_of_films_get_what_keras_gives_them(cache, constant_model):
    plain, quick = Colorizer(constant_model), Colorizer(constant_model, load=quickly)
    plain.network.get_layer("ab").kernel.assign_add(np.full((3, 3, 2, 2), 0.5))
    quick.network = keep_exported(plain.network, read_card(constant_model)[1])
    L = np.random.default_rng(0).uniform(0, 100, (3, 64, 96)).astype("float32")
    pair = [each.predict_small(L, compiled=True) for each in (plain, quick)]
    assert pair[0].std() > 0.1 and np.abs(pair[0] - pair[1]).max() < 0.01  # CIE units


def test_classes_and_hints_give_what_keras_gives(cache, tmp_path):
    options = {"size": 16, "width": 4, "classes": 261}
    network = build("unet", **options)
    about = {"network": "unet", "options": options, "multiple": 16}
    classes = write_model(tmp_path / "classes.npz", network, **about)
    layers = load_network(*read_card(classes)).layers
    assert any(isinstance(layer, AnnealedMean) for layer in layers)
    options = {"widths": (8, 8, 8, 8, 8)}
    about = {"network": "hint_unet", "options": options, "multiple": 32}
    hinted = write_model(tmp_path / "h.npz", build("hint_unet", **options), **about)
    picture = read_picture(OLD / "red-panda.jpg")
    told = [(200, 300, (200, 40, 40))]
    for path, hints in ((classes, ()), (hinted, ()), (hinted, told)):
        plain = Colorizer(path)
        assert keep_exported(plain.network, read_card(path)[1]) is not plain.network
        quick = Colorizer(path, load=only_exported)
        assert quick.takes_hints == (path == hinted)
        wanted = plain.colorize(picture, hints=hints).rgb.astype(int)
        assert np.abs(quick.colorize(picture, hints=hints).rgb - wanted).max() <= 1


def test_other_weights_are_exported_for_themselves(cache, tmp_path):
    models = []
    for number in range(2):
        network = build("baseline_cnn", filters=2)
        network.get_layer("ab").bias.assign([0.1 * number, -0.2])
        models.append(write_model(tmp_path / str(number) / "same.npz", network))
    L = np.full((1, 32, 32), 50.0, "float32")
    for model in models:
        Colorizer(model, load=quickly)
    first, second = (Colorizer(m, load=only_exported).predict_small(L) for m in models)
    assert len(list(cache.iterdir())) == 2 and np.abs(first - second).max() > 1


def test_of_a_network_that_takes_hints_both_parts_are_needed(cache, hint_model):
    whole = Colorizer(hint_model, load=quickly)
    L = np.random.default_rng(0).uniform(0, 100, (1, 64, 96)).astype("float32")
    wanted = whole.predict_small(L)
    assert {type(whole.network), type(whole._alone)} == {OnnxNetwork}
    assert [len(each.inputs) for each in (whole.network, whole._alone)] == [2, 1]
    nothing = whole.predict_small(L, hints=np.zeros((1, 64, 96, 3), "float32"))
    np.testing.assert_allclose(wanted, nothing, atol=1e-3)
    for exported in cache.iterdir():
        kept = exported.read_bytes()
        exported.write_bytes(b"damaged")
        assert open_exported(read_card(hint_model)[1]) is None
        exported.write_bytes(kept)
    assert len(list(cache.iterdir())) == 2
    assert open_exported(read_card(hint_model)[1])


@pytest.mark.parametrize("damage", [b"", b"no network", None])
def test_a_damaged_file_is_made_again(cache, constant_model, damage):
    photograph(cache.parents[1] / "a.png")
    command = ["colorize", "a.png", "--model", str(constant_model), "--overwrite"]
    assert main(command) == 0
    (exported,) = cache.iterdir()
    whole = exported.read_bytes()
    exported.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert main(command) == 0
    assert exported.read_bytes() == whole


def test_without_a_place_or_a_package_the_network_itself_runs(
    cache, constant_model, monkeypatch
):
    card = read_card(constant_model)[1]
    network = load_network(constant_model, card)
    with monkeypatch.context() as changed:
        changed.setitem(sys.modules, "onnx", None)
        assert keep_exported(network, card) is network
    with monkeypatch.context() as changed:
        changed.setenv("KERAS_BACKEND", "tensorflow")
        assert keep_exported(network, card) is network
    with monkeypatch.context() as changed:
        changed.setattr("importlib.util.find_spec", lambda name: None)
        assert keep_exported(network, card) is network
    assert not cache.exists() and open_exported(card) is None
    cache.parent.write_bytes(b"a file where the folder would be")
    assert keep_exported(network, card) is network
    cache.parent.unlink()
    assert isinstance(keep_exported(network, card), OnnxNetwork)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert open_exported(card) is None  # Keras was asked for
