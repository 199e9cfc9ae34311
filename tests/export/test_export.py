"""Exported networks against Keras' own: ONNX Runtime and LiteRT run them."""

import json
import sys

import keras
import numpy as np
import pytest
from small import ROOT, write_model

from colorlib.ab_bins import as_colorizer
from colorlib.cli.parser import main
from colorlib.colorize.colorizer import Colorizer
from colorlib.export.litert import export_litert
from colorlib.export.onnx import describe, export_onnx, load_colorizer
from colorlib.images.read import read_picture
from colorlib.models.cards import read_card
from colorlib.models.hint_unet import without_hints
from colorlib.models.registry import build

onnx = pytest.importorskip("onnx", reason="no onnx: pip install onnx")
onnxruntime = pytest.importorskip(
    "onnxruntime", reason="no ONNX Runtime: pip install onnxruntime"
)
OLD, PHOTOS = ROOT / "data" / "samples" / "old", ROOT / "data" / "samples" / "test"
NETWORKS = {
    "baseline_cnn": (dict(network="baseline_cnn", filters=2), 8),
    "encoder_unet": (dict(network="encoder_unet", context=True), 32),
    "mobilenet_unet": (dict(network="mobilenet_unet"), 32),
    "unet": (dict(network="unet", size=16, width=4), 16),
    "classes": (dict(network="unet", size=16, width=4, classes=261), 16),
}


def lively(network, seed=1):
    """Gives every weight, those of BatchNorm too, a value that shows in the output."""
    random = np.random.default_rng(seed)
    for variable in network.weights:
        spread = 1 / np.sqrt(max(1, np.prod(variable.shape[:-1])))
        value = random.normal(0, 2 * spread, variable.shape)
        if variable.path.endswith(("gamma", "moving_variance")):
            value = random.uniform(0.5, 1.5, variable.shape)
        elif len(variable.shape) == 1:
            value = random.normal(0, 0.1, variable.shape)
        variable.assign(value.astype("float16"))
    return network


def onnx_runner(path):
    session = onnxruntime.InferenceSession(path)
    return lambda L, training=False: session.run(["ab"], {"L": np.asarray(L)})[0]


def litert_runner(path):
    litert = pytest.importorskip(
        "ai_edge_litert.interpreter", reason="no LiteRT: pip install ai-edge-litert"
    )
    interpreter = litert.Interpreter(str(path))
    interpreter.allocate_tensors()
    (given,), (said,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )

    def run(L, training=False):
        interpreter.set_tensor(given["index"], np.asarray(L))
        interpreter.invoke()
        return interpreter.get_tensor(said["index"])

    return run


def inputs(height, width):
    return np.random.default_rng(0).uniform(-1, 1, (2, height, width, 1)).astype("f")


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_says_what_keras_says_at_every_size(tmp_path, name):
    options, multiple = NETWORKS[name]
    network = as_colorizer(lively(build(**options)))
    export_onnx(network, tmp_path / "x.onnx")
    run = onnx_runner(tmp_path / "x.onnx")
    for height, width in ((2, 3), (1, 1), (4, 2)):
        L = inputs(height * multiple, width * multiple)
        wanted = np.asarray(network(L, training=False))
        assert wanted.std() > 0.01
        assert np.abs(run(L) - wanted).max() < 2e-5  # 0.003 CIE units


def test_a_network_with_hints_as_onnx_says_what_keras_says(tmp_path):
    network = lively(build("hint_unet", widths=(8, 8, 8, 8, 8)))
    export_onnx(network, tmp_path / "x.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "x.onnx")
    assert [given.name for given in session.get_inputs()] == ["L", "hints"]
    for height, width in ((64, 96), (32, 32)):
        L, hints = inputs(height, width), np.zeros((2, height, width, 3), "float32")
        given = hints.copy()
        given[0, 5:8, 3:9] = 0.3, -0.2, 1.0
        for told in (hints, given):
            wanted = np.asarray(network([L, told], training=False))
            (found,) = session.run(["ab"], {"L": L, "hints": told})
            assert wanted.std() > 0.01
            assert np.abs(found - wanted).max() < 2e-5


def differences(run, path):
    """Largest difference in levels of 255, and of ab in CIE units."""
    colorizer, seen = Colorizer("flagship"), []
    picture, keras_network = read_picture(path), without_hints(colorizer.network)

    def watched(L, training=False):
        ab = run(L)
        seen.append(np.abs(ab - np.asarray(keras_network(L, training=False))).max())
        return ab

    wanted = colorizer.colorize(picture).rgb
    exported = Colorizer("flagship", load=lambda path, card: watched)
    found = exported.colorize(picture).rgb
    levels = np.abs(found.astype(int) - wanted).max()
    return levels, max(seen) * 128 * colorizer.gain


@pytest.fixture(scope="module")
def flagship(tmp_path_factory):
    """The shipped network as ONNX: (path, metadata)."""
    path = tmp_path_factory.mktemp("flagship") / "flagship.onnx"
    network, about = load_colorizer("flagship")
    export_onnx(network, path, about)
    return path, about


def test_the_flagship_as_onnx_colours_photographs_like_keras(flagship):
    path = flagship[0]
    count = read_card("flagship")[1]["parameters"]
    assert path.stat().st_size < 2.05 * count  # 16 bits a weight, and little else
    colorizer, run = Colorizer("flagship"), onnx_runner(path)
    pictures = [*sorted(OLD.glob("*.jpg"))[:2], *sorted(PHOTOS.glob("*.jpg"))[::10]]
    sizes = {
        colorizer._network_size(*read_picture(p).rgb.shape[:2])[0] for p in pictures
    }
    assert len(sizes) > 1  # not only squares
    found = [differences(run, path) for path in pictures]
    assert max(levels for levels, _ in found) <= 1
    assert max(ab for _, ab in found) < 0.01


def test_the_file_says_what_a_program_must_know(flagship):
    card = json.loads((ROOT / "data" / "weights" / "flagship.json").read_text())
    path, about = flagship
    model = onnx.load(path)
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert found == about == describe(card)
    assert found["name"] == "flagship" and found["weights_sha256"] == card["sha256"]
    assert float(found["gain"]) == card["gain"]
    assert int(found["size"]) == card["inference_size"]
    assert int(found["multiple"]) == 32
    assert found["licence"].startswith("MIT; its encoder began with MobileNetV2's")
    (given,) = model.graph.input
    sides = [
        side.dim_param or side.dim_value for side in given.type.tensor_type.shape.dim
    ]
    assert sides == ["batch", "height", "width", 1]


def test_the_hash_of_the_figures_follows_the_figures():
    card = json.loads((ROOT / "data" / "weights" / "flagship.json").read_text())
    other = {**card, "table": card["table"].replace("1", "2")}
    keys = {k for k, v in describe(card).items() if v != describe(other)[k]}
    assert keys == {"figures_sha256"}
    assert describe({**card, "network": "unet"})["licence"] == "MIT"


def test_weights_of_16_bits_lose_nothing(tmp_path):
    network = lively(build("baseline_cnn", filters=2))
    bias = network.get_layer("ab").bias
    bias.assign(np.array([1 / 3, 1e6], "float32"))  # neither fits into 16 bits
    export_onnx(network, tmp_path / "x.onnx")
    stored = {
        array.name: onnx.numpy_helper.to_array(array)
        for array in onnx.load(tmp_path / "x.onnx").graph.initializer
    }
    assert stored["ab/bias"].dtype == np.float32
    assert (stored["ab/bias"] == np.asarray(bias)).all()
    assert stored["down_1/kernel/16"].dtype == np.float16
    kernel = np.asarray(network.get_layer("down_1").kernel).transpose(3, 2, 0, 1)
    assert (stored["down_1/kernel/16"] == kernel).all()


def test_other_layers_are_refused_by_name(tmp_path):
    L = keras.Input((None, None, 1))
    pooled = keras.Model(L, keras.layers.MaxPooling2D(name="shrink")(L))
    with pytest.raises(ValueError, match="'shrink' is a MaxPooling2D.*Conv2D"):
        export_onnx(pooled, tmp_path / "x.onnx")
    curved = keras.layers.Conv2D(2, 3, activation="softplus", name="curved")
    with pytest.raises(ValueError, match="'curved' has the activation softplus"):
        export_onnx(keras.Model(L, curved(L)), tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_hints_are_kept_where_they_are_asked_for(tmp_path, capsys, hint_model):
    for more, names in (([], ["L"]), (["--hints"], ["L", "hints"])):
        path = tmp_path / f"{len(names)}.onnx"
        command = ["export", str(hint_model), "--output", str(path), *more]
        assert main(command) == 0
        session = onnxruntime.InferenceSession(path)
        assert [given.name for given in session.get_inputs()] == names
        told = session.get_modelmeta().custom_metadata_map
        assert ("hints" in told) == bool(more)


def test_a_missing_package_is_named(tmp_path, monkeypatch, capsys, constant_model):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(constant_model)]) == 1
    assert "pip install -r requirements.txt onnx" in capsys.readouterr().err


def test_a_translation_is_refused(tmp_path):
    network = build("baseline_cnn", filters=2)
    path = write_model(tmp_path / "maps.npz", network, kind="translation")
    with pytest.raises(ValueError, match="maps translates pictures"):
        load_colorizer(path)


@pytest.mark.parametrize("side", [(16, 16), (16, 24)])
def test_litert_says_what_keras_says(tmp_path, side):
    network = lively(build("baseline_cnn", filters=2))
    path = tmp_path / "x.tflite"
    export_litert(network, path, *side, {"name": "x"})
    L = inputs(*side)[:1]
    wanted = np.asarray(network(L, training=False))
    assert np.abs(litert_runner(path)(L) - wanted).max() < 2e-5
    about = json.loads((tmp_path / "x.tflite.json").read_text())
    assert about == {"name": "x", "height": str(side[0]), "width": str(side[1])}


@pytest.mark.slow
def test_the_flagship_as_litert_colours_photographs_like_keras(tmp_path):
    pictures = sorted(OLD.glob("*.jpg"))[:3]
    colorizer = Colorizer("flagship")
    for picture in pictures:
        size = colorizer._network_size(*read_picture(picture).rgb.shape[:2])
        path = tmp_path / f"{picture.stem}.tflite"
        export_litert(colorizer.network, path, *size)
        levels, ab = differences(litert_runner(path), picture)
        assert levels <= 1 and ab < 0.01


def test_an_export_beside_the_weights_leaves_their_card(tmp_path, constant_model):
    for ending in (".npz", ".json"):
        copy = tmp_path / f"mine{ending}"
        copy.write_bytes(constant_model.with_suffix(ending).read_bytes())
    card = copy.read_bytes()
    export = ["export", str(tmp_path / "mine.npz"), "--format", "litert"]
    assert main([*export, "--output", str(tmp_path / "mine.tflite")]) == 0
    assert copy.read_bytes() == card
    assert Colorizer(tmp_path / "mine.npz").size


def test_litert_needs_tensorflow(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="LiteRT needs .* it runs on jax"):
        export_litert(None, tmp_path / "x.tflite", 8, 8)


def test_the_command_writes_both_kinds(tmp_path, capsys, constant_model):
    for more, name in (
        ([], "a.onnx"),
        (["--format", "litert"], "b.tflite"),
        (["--format", "litert", "--size", "16", "24"], "c.tflite"),
    ):
        path = tmp_path / name
        assert main(["export", str(constant_model), "--output", str(path), *more]) == 0
        assert capsys.readouterr().out.startswith(f"{path}: 0.")
    about = {p.stem: json.loads(p.read_text()) for p in tmp_path.glob("*.json")}
    assert {k: (v["height"], v["width"]) for k, v in about.items()} == {
        "b.tflite": ("32", "32"),
        "c.tflite": ("16", "24"),
    }
    assert onnx_runner(tmp_path / "a.onnx")(inputs(8, 8)).shape == (2, 8, 8, 2)


@pytest.mark.parametrize(
    "options, message",
    [
        (["--size", "8", "8"], "ONNX takes any size"),
        (["--format", "litert", "--size", "8", "9"], "multiples of 8, got 8 9"),
        (["--format", "litert", "--size", "8", "12"], "multiples of 8, got 8 12"),
        (["--output", "x.tflite"], "must end in .onnx, got x.tflite"),
        (["--hints"], "takes no hints"),
        (["--format", "litert", "--hints"], "--hints goes with --format onnx"),
        (["--format", "litert", "--output", "x.onnx"], "must end in .tflite, got"),
    ],
)
def test_mistakes_are_said(
    tmp_path, monkeypatch, capsys, constant_model, options, message
):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(constant_model), *options]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_size_out_of_range_is_refused_before_anything_starts(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["export", "--format", "litert", "--size", "0", "8"])
    assert "from 8 to 4,096, got '0'" in capsys.readouterr().err
