import importlib.util
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from skimage import color
from small import ROOT

from colorlib import lab as lab_module
from colorlib.lab import (
    AB_SCALE,
    in_gamut,
    lab_to_rgb,
    lab_to_rgb8,
    lab_to_rgb_ops,
    replace_ab,
    rgb8_to_lab,
    rgb_to_lab,
    rgb_to_lab_ops,
    scale_ab,
    scale_L,
    unscale_ab,
    unscale_L,
)

STEPS = np.arange(0, 256, 15, dtype="uint8")  # 0, 15, ..., 255
GRID = np.stack(np.meshgrid(STEPS, STEPS, STEPS), axis=-1).reshape(-1, 3)
# L*, a*, b* of the corners of sRGB (D65): Lindbloom's calculator, two digits.
KNOWN = {
    (255, 255, 255): (100.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
    (119, 119, 119): (50.03, 0.0, 0.0),
    (255, 0, 0): (53.24, 80.09, 67.20),
    (0, 255, 0): (87.73, -86.18, 83.18),
    (0, 0, 255): (32.30, 79.19, -107.86),
    (255, 255, 0): (97.14, -21.55, 94.48),
}


def agrees(forward, backward):
    """Whether a pair of conversions agrees with scikit-image; the oracle below."""
    oracle = color.rgb2lab(GRID)
    lab_is_right = np.abs(forward(GRID / 255.0) - oracle).max() < 1e-4
    rgb_is_right = np.abs(backward(oracle) - GRID / 255.0).max() < 1e-4
    return bool(lab_is_right and rgb_is_right)


def test_agrees_with_scikit_image_in_both_directions():
    assert agrees(rgb_to_lab, lab_to_rgb)
    assert agrees(rgb_to_lab, lambda lab: lab_to_rgb(lab, gamut="clip"))


def test_agrees_with_scikit_image_on_random_floats():
    rgb = np.random.default_rng(0).random((20_000, 3))
    assert np.abs(rgb_to_lab(rgb) - color.rgb2lab(rgb)).max() < 1e-4
    assert np.abs(lab_to_rgb(color.rgb2lab(rgb)) - rgb).max() < 1e-4


@pytest.mark.parametrize("rgb, expected", KNOWN.items())
def test_known_colours(rgb, expected):
    lab = rgb_to_lab(np.array(rgb) / 255.0)
    np.testing.assert_allclose(lab, expected, atol=0.011)
    assert np.abs(lab_to_rgb(lab) * 255 - rgb).max() < 0.01


def test_ranges_are_those_of_the_docstring():
    lab = rgb8_to_lab(GRID)
    low, high = lab.min(axis=0), lab.max(axis=0)
    np.testing.assert_allclose(low, [0, -86.18, -107.86], atol=0.02)
    np.testing.assert_allclose(high, [100, 98.24, 94.48], atol=0.02)


def test_greys_have_no_colour():
    greys = np.repeat(np.arange(256, dtype="uint8")[:, None], 3, axis=1)
    assert np.abs(rgb8_to_lab(greys)[:, 1:]).max() < 0.02
    np.testing.assert_array_less(0, np.diff(rgb8_to_lab(greys)[:, 0]))


def test_8_bit_entry_gives_the_same():
    np.testing.assert_allclose(rgb8_to_lab(GRID), rgb_to_lab(GRID / 255.0), atol=1e-4)


def test_8_bit_round_trip_of_a_coarse_grid():
    back = np.rint(lab_to_rgb(rgb8_to_lab(GRID)) * 255).astype("uint8")
    np.testing.assert_array_equal(back, GRID)


@pytest.mark.slow
def test_8_bit_round_trip_of_the_whole_cube():
    levels = np.arange(256, dtype="uint8")
    green, blue = np.meshgrid(levels, levels)
    mismatches = 0
    for red in levels:
        rgb = np.stack([np.full_like(green, red), green, blue], axis=-1)
        lab = rgb8_to_lab(rgb)
        back = np.rint(lab_to_rgb(lab) * 255).astype("uint8")
        for back in (back, lab_to_rgb8(lab), replace_ab(rgb, lab[..., 1:])):
            mismatches += int((back != rgb).any(axis=-1).sum())
    assert mismatches == 0


def test_tables_give_8_bits_within_one_level_of_the_formulas():
    greys = np.repeat(np.arange(256, dtype="uint8"), 100)
    greys = np.repeat(greys[:, None], 3, axis=1)
    for rgb in (GRID, greys):
        ab = np.random.default_rng(2).normal(0, 30, (len(rgb), 2)).astype("float32")
        lab = np.concatenate([rgb_to_lab(rgb / 255.0)[:, :1], ab], axis=1)
        exact = 255 * lab_to_rgb(lab)
        for made in (replace_ab(rgb, ab), lab_to_rgb8(lab)):
            assert made.dtype == np.uint8
            off = np.abs(made - exact)
            assert off[in_gamut(lab)].max() < 0.6
            assert off.max() < 2.5  # where the bisection takes another last step
            assert (made != np.rint(exact)).mean() < 0.005
        own = replace_ab(rgb, rgb8_to_lab(rgb)[:, 1:])
        np.testing.assert_array_equal(own, rgb)


def test_replacing_ab_takes_pictures_of_any_shape():
    for shape in ((3,), (0, 3), (5, 4, 3), (2, 5, 4, 3)):
        rgb = np.full(shape, 119, "uint8")
        red = replace_ab(rgb, np.broadcast_to([40.0, 20.0], (*shape[:-1], 2)))
        assert red.shape == shape
        np.testing.assert_array_equal(red, np.broadcast_to([188, 88, 87], shape))
        assert (rgb == 119).all()
    rgb = np.zeros((4, 5, 3), "uint8")
    with pytest.raises(ValueError, match=r"ab of shape \(4, 5, 2\).*got \(4, 5, 3\)"):
        replace_ab(rgb, np.zeros((4, 5, 3)))
    with pytest.raises(ValueError, match="replace_ab needs a uint8 array"):
        replace_ab(rgb / 255, np.zeros((4, 5, 2)))


@pytest.mark.parametrize("shape", [(3,), (1, 3), (0, 3), (4, 5, 3), (2, 4, 5, 3)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_shape_is_kept_and_the_result_is_float32(shape, dtype):
    rgb = np.full(shape, 0.5, dtype)
    for result in (
        rgb_to_lab(rgb),
        lab_to_rgb(rgb_to_lab(rgb)),
        rgb8_to_lab(rgb.astype("uint8")),
    ):
        assert result.shape == shape and result.dtype == np.float32
    assert in_gamut(rgb_to_lab(rgb)).shape == shape[:-1]


def test_arguments_are_left_alone():
    rgb = np.random.default_rng(0).random((5, 3)).astype("float32")
    lab = np.array([[50, 120, 0], [100.005, 0, 0]], "float32")
    kept = rgb.copy(), lab.copy()
    rgb_to_lab(rgb), lab_to_rgb(lab), lab_to_rgb(lab, gamut="clip")
    np.testing.assert_array_equal(rgb, kept[0])
    np.testing.assert_array_equal(lab, kept[1])


# Wrong input. Each message says what came and what to do.


@pytest.mark.parametrize(
    "rgb, message",
    [
        (np.zeros((4, 4)), "last axis is 3"),
        (np.zeros((4, 4, 4)), "alpha"),
        (np.float32(0.5), "last axis is 3"),
        (np.zeros((4, 4, 3), "uint8"), "Divide an 8-bit picture by 255"),
        (np.zeros((4, 4, 3), int), "needs floats, got int64"),
        (np.full((4, 4, 3), 200.0), r"got 200 to 200.*255"),
        (np.full((4, 4, 3), -1.0), r"\(rgb \+ 1\) / 2"),
        (np.full((4, 4, 3), np.nan), "not finite"),
        (np.full((4, 4, 3), np.inf), "not finite"),
    ],
)
def test_wrong_rgb_raises(rgb, message):
    with pytest.raises(ValueError, match=message):
        rgb_to_lab(rgb)


@pytest.mark.parametrize(
    "lab, message",
    [
        (np.zeros((4, 4, 2)), "last axis is 3"),
        (np.zeros((4, 4, 3), "int32"), "needs floats"),
        (np.full((4, 4, 3), np.nan), "not finite"),
        (np.full((4, 4, 3), -0.7), "unscale_L"),
        (np.full((4, 4, 3), 128.0), r"L\* in \[0, 100\], got 128"),
        (np.full((4, 4, 3), 1e30), r"L\* in \[0, 100\]"),
    ],
)
def test_wrong_lab_raises(lab, message):
    for gamut in ("keep_lightness", "clip"):
        with pytest.raises(ValueError, match=message):
            lab_to_rgb(lab, gamut)


def test_wrong_gamut_and_wrong_8_bit_raise():
    with pytest.raises(ValueError, match="keep_lightness.*'shrink'"):
        lab_to_rgb(np.zeros((1, 3)), gamut="shrink")
    for wrong in (np.zeros((2, 3)), np.zeros((2, 4), "uint8"), np.uint8(3)):
        with pytest.raises(ValueError, match="uint8 array whose last axis is 3"):
            rgb8_to_lab(wrong)


# The gamut.


def box(count=20_000):
    random = np.random.default_rng(1)
    low, high = (0, -110, -110), (100, 110, 110)
    return random.uniform(low, high, (count, 3)).astype("float32")


def test_about_a_sixth_of_the_box_is_inside_srgb():
    assert 0.15 < in_gamut(box()).mean() < 0.19
    assert in_gamut(rgb8_to_lab(GRID)).all()


def test_colours_outside_keep_lightness_and_hue():
    lab = box()
    lab = lab[~in_gamut(lab)]
    shown = rgb_to_lab(lab_to_rgb(lab))
    assert np.abs(shown[:, 0] - lab[:, 0]).max() < 0.05
    chroma, wanted = np.hypot(*shown[:, 1:].T), np.hypot(*lab[:, 1:].T)
    assert (chroma < wanted + 0.1).all()
    # Across the wanted direction nothing but the tolerance of the edge is left.
    across = np.abs(shown[:, 1] * lab[:, 2] - shown[:, 2] * lab[:, 1]) / wanted
    assert across.max() < 0.1


def test_chroma_is_shrunk_no_more_than_needed():
    lab = box()
    lab = lab[~in_gamut(lab)]
    shown = rgb_to_lab(lab_to_rgb(lab))
    vivid = np.hypot(*shown[:, 1:].T) > 5
    more = np.concatenate([lab[:, :1], shown[:, 1:] * 1.03], axis=1)[vivid]
    assert in_gamut(more).mean() < 0.02


def test_clipping_moves_lightness_as_the_docstring_warns():
    lab = box()
    clipped = rgb_to_lab(lab_to_rgb(lab, gamut="clip"))
    moved = np.abs(clipped[:, 0] - lab[:, 0])[~in_gamut(lab)]
    assert moved.mean() > 3
    inside = lab[in_gamut(lab)]
    np.testing.assert_array_equal(lab_to_rgb(inside), lab_to_rgb(inside, "clip"))


@pytest.mark.parametrize("L, grey", [(0.0, 0.0), (100.0, 1.0)])
def test_black_and_white_have_no_room_for_colour(L, grey):
    rgb = lab_to_rgb(np.array([[L, 40.0, -70.0], [L, -90.0, 90.0]]))
    np.testing.assert_allclose(rgb, grey, atol=3e-3)


# Scaling for the networks.


def test_scaling_has_the_numbers_of_the_course_and_comes_back():
    assert AB_SCALE == 128
    np.testing.assert_allclose(scale_L(np.array([0.0, 50.0, 100.0])), [-1, 0, 1])
    np.testing.assert_allclose(scale_ab(np.array([-128.0, 64.0])), [-1, 0.5])
    values = np.random.default_rng(0).random((3, 4, 2)).astype("float32")
    np.testing.assert_allclose(
        unscale_L(scale_L(values * 100)), values * 100, atol=1e-4
    )
    np.testing.assert_allclose(unscale_ab(scale_ab(values)), values, atol=1e-6)
    assert scale_ab(values).dtype == scale_L(values).dtype == np.float32


def test_scaled_pictures_lie_in_minus_one_to_one():
    lab = rgb8_to_lab(GRID)
    assert np.abs(scale_L(lab[:, :1])).max() <= 1.0 + 1e-6
    ab = scale_ab(lab[:, 1:])
    assert -0.85 < ab.min() < -0.84 and 0.76 < ab.max() < 0.77


# In a Keras graph, on the backend at hand and, in a process of its own, the others.


def gradient(function, values):
    """Gradient of the sum of `function(values)`, on the current backend."""
    from keras import backend, ops

    if backend.backend() == "tensorflow":
        import tensorflow

        variable = tensorflow.Variable(values)
        with tensorflow.GradientTape() as tape:
            total = ops.sum(function(variable))
        return np.asarray(tape.gradient(total, variable))
    if backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(lambda x: ops.sum(function(x)))(values))
    import torch

    variable = torch.tensor(values, requires_grad=True)
    ops.sum(function(variable)).backward()
    return variable.grad.numpy()


def check_in_graph():
    """All that the in-graph conversions promise."""
    import keras
    from keras import ops

    def forward(rgb):
        rgb = ops.convert_to_tensor(rgb.astype("float32"))
        return ops.convert_to_numpy(rgb_to_lab_ops(rgb))

    def backward(lab):
        lab = ops.convert_to_tensor(lab.astype("float32"))
        return ops.convert_to_numpy(lab_to_rgb_ops(lab))

    assert agrees(forward, backward)
    rgb = GRID / 255.0
    np.testing.assert_allclose(forward(rgb), rgb_to_lab(rgb), atol=1e-4)
    anywhere = box(5000)
    np.testing.assert_allclose(
        backward(anywhere), lab_to_rgb(anywhere, gamut="clip"), atol=1e-4
    )

    edges = [0, 1, 0.5, 0.04045, 1e-7, -1e-7, -0.3, 1.4]
    rgb = np.stack(np.meshgrid(edges, edges, edges), axis=-1).astype("float32")
    slopes = gradient(rgb_to_lab_ops, rgb)
    assert np.isfinite(slopes).all() and np.abs(slopes).max() < 1e4
    L, ab = [0, 100, 8, 7.9996, 50, -20, 130, 1e-7], [0, -128, 128, -300, 300, 1e-7]
    lab = np.stack(np.meshgrid(L, ab, ab), axis=-1).astype("float32")
    slopes = gradient(lab_to_rgb_ops, lab)
    assert np.isfinite(slopes).all() and np.abs(slopes).max() < 10
    both = gradient(lambda x: lab_to_rgb_ops(rgb_to_lab_ops(x)), rgb[1:2, 1:3])
    assert np.isfinite(both).all()
    # Numbers, so that a gradient of 0 does not pass for a finite one.
    inside = np.array([[0.3, 0.5, 0.7]], "float32")
    by_hand = [
        (rgb_to_lab(inside + step).sum() - rgb_to_lab(inside - step).sum()) / 2e-3
        for step in 1e-3 * np.eye(3, dtype="float32")
    ]
    np.testing.assert_allclose(
        gradient(rgb_to_lab_ops, inside)[0], by_hand, rtol=0.01, atol=0.5
    )

    picture = keras.Input((4, 4, 3))
    model = keras.Model(picture, lab_to_rgb_ops(rgb_to_lab_ops(picture)))
    values = np.random.default_rng(0).random((2, 4, 4, 3)).astype("float32")
    result = ops.convert_to_numpy(model(values))
    np.testing.assert_allclose(result, values, atol=1e-4)

    half = ops.cast(ops.convert_to_tensor(values), "float16")
    assert keras.backend.standardize_dtype(rgb_to_lab_ops(half).dtype) == "float32"
    assert keras.backend.standardize_dtype(lab_to_rgb_ops(half).dtype) == "float32"


def test_in_graph_equals_numpy_with_finite_gradients():
    check_in_graph()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_in_graph_on_another_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    paths = [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(paths),
    }
    code = (
        "import keras, test_lab; test_lab.check_in_graph(); "
        "print('checked on', keras.backend.backend())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == f"checked on {backend}"


# Break it to trust it: each of these mistakes must make the comparison fail.


def test_swapped_a_and_b_would_be_noticed():
    def swapped(rgb):
        return rgb_to_lab(rgb)[..., [0, 2, 1]]

    assert not agrees(swapped, lab_to_rgb)
    assert not agrees(rgb_to_lab, lambda lab: lab_to_rgb(lab[..., [0, 2, 1]]))


@pytest.mark.parametrize(
    "name, value",
    [
        ("_WHITE", np.array([0.9642, 1.0, 0.8251])),  # D50
        ("_SLOPE", 7.0),
        ("_LINEAR_BELOW", 0.02),
        ("_OFFSET", 0.1),
    ],
)
def test_a_wrong_constant_would_be_noticed(monkeypatch, name, value):
    monkeypatch.setattr(lab_module, name, value)
    if name == "_WHITE":
        matrix = lab_module._XYZ_FROM_RGB / value[:, None]
        monkeypatch.setattr(lab_module, "_TO_XYZ", matrix)
    assert not agrees(rgb_to_lab, lab_to_rgb)


def test_a_dropped_scale_would_be_noticed(monkeypatch):
    lab = rgb8_to_lab(GRID)
    assert np.abs(scale_ab(lab[:, 1:])).max() < 1
    monkeypatch.setattr(lab_module, "AB_SCALE", 1.0)
    assert np.abs(scale_ab(lab[:, 1:])).max() > 1  # fails "in minus one to one"
    # ... and the other way: scaled L* handed to lab_to_rgb raises.
    monkeypatch.undo()
    scaled = np.concatenate([scale_L(lab[:, :1]), scale_ab(lab[:, 1:])], axis=1)
    with pytest.raises(ValueError, match="unscale_L"):
        lab_to_rgb(scaled)


def test_8_bit_numbers_as_floats_would_be_noticed():
    with pytest.raises(ValueError, match="255"):
        rgb_to_lab(GRID.astype("float32"))
    with pytest.raises(ValueError, match="255"):
        rgb_to_lab(GRID)


# Starting up.


def test_import_is_quick_and_pulls_in_neither_keras_nor_tensorflow():
    code = (
        "import sys, time; import numpy; began = time.perf_counter(); "
        "import colorlib.lab; took = time.perf_counter() - began; "
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'skimage', 'matplotlib'}; "
        "print(sorted(heavy & set(sys.modules)), took)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    whole = time.perf_counter() - began
    found, took = done.stdout.rsplit(maxsplit=1)
    assert found == "[]", found
    assert float(took) < 0.5, f"{took} s, {whole:.2f} s with Python and NumPy"
