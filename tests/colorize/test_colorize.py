import keras
import numpy as np
import pytest
from small import CONSTANT_AB, ROOT, write_model

from colorlib.ab_bins import bin_centres
from colorlib.colorize import colorizer as colorize_module
from colorlib.colorize.colorizer import Colorizer
from colorlib.errors import WeightsError
from colorlib.images.picture import Picture
from colorlib.images.read import read_picture
from colorlib.images.resize import resize_rgb
from colorlib.lab import in_gamut, lab_to_rgb, lab_to_rgb8, rgb8_to_lab
from colorlib.metrics.scores import colourfulness
from colorlib.models.cards import available_models
from colorlib.models.cnn import build_baseline_cnn
from colorlib.models.unet import build_unet

OLD = ROOT / "data" / "samples" / "old"


@pytest.fixture(scope="module")
def colorizer(constant_model):
    return Colorizer(constant_model)


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    """A network whose colours depend on the picture."""
    keras.utils.set_random_seed(1)
    network = build_baseline_cnn(filters=2)
    return Colorizer(write_model(tmp_path_factory.mktemp("lively") / "x.npz", network))


def grey(height, width):
    y, x = np.mgrid[:height, :width]
    level = 128 + 90 * np.sin(y / 9.0) * np.cos(x / 13.0)
    return np.repeat(np.rint(level).astype("uint8")[..., None], 3, axis=2)


@pytest.mark.parametrize(
    "height, width", [(1, 1), (1, 500), (500, 1), (37, 53), (31, 600), (300, 260)]
)
def test_any_size_comes_back_at_its_size(colorizer, lively, height, width):
    for model in (colorizer, lively):
        colored = model.colorize(Picture(grey(height, width)))
        assert colored.rgb.shape == (height, width, 3)
        assert colored.rgb.dtype == np.uint8


def test_the_predicted_colour_arrives_and_lightness_stays(colorizer):
    picture = Picture(grey(300, 260))  # more than one strip of 256 rows
    before = rgb8_to_lab(picture.rgb)
    after = rgb8_to_lab(colorizer.colorize(picture).rgb)
    assert np.abs(after[..., 0] - before[..., 0]).max() < 0.6  # 8 bits, no more
    wanted = before.copy()
    wanted[..., 1:] = CONSTANT_AB
    fits = in_gamut(wanted)
    assert fits.mean() > 0.9
    assert np.abs(after[fits][:, 1:] - CONSTANT_AB).max() < 2  # 8 bits
    assert np.abs(after[fits][:, 1:].mean(axis=0) - CONSTANT_AB).max() < 0.3


def test_black_and_white_stay(colorizer):
    for level in (0, 255):
        colored = colorizer.colorize(Picture(np.full((40, 40, 3), level, "uint8"))).rgb
        assert np.abs(colored.astype(int) - level).max() <= 1


def test_strength_scales_the_colour(colorizer):
    picture = Picture(np.full((40, 40, 3), 128, "uint8"))
    for strength in (0.0, 0.5, 1.0, 2.0):
        ab = rgb8_to_lab(colorizer.colorize(picture, strength).rgb)[..., 1:]
        wanted = np.array(CONSTANT_AB) * strength
        assert np.abs(ab - wanted).max() < 1
    np.testing.assert_array_equal(colorizer.colorize(picture, 0.0).rgb, picture.rgb)


def test_own_colours_of_the_picture_do_not_matter(lively, photos):
    real = photos[0]
    lab = rgb8_to_lab(real)
    lab[..., 1:] = 0
    without = np.rint(lab_to_rgb(lab) * 255).astype("uint8")
    first = lively.colorize(Picture(real)).rgb
    second = lively.colorize(Picture(without)).rgb
    assert np.abs(first.astype(int) - second).mean() < 1.5


def test_alpha_and_metadata_are_kept_and_the_argument_left_alone(colorizer):
    rgb, alpha = grey(40, 50), np.arange(2000, dtype="uint8").reshape(40, 50)
    picture = Picture(rgb.copy(), alpha, "WEBP", {"dpi": (300.0, 300.0)})
    colored = colorizer.colorize(picture)
    np.testing.assert_array_equal(colored.alpha, alpha)
    assert colored.format == "WEBP" and colored.info == {"dpi": (300.0, 300.0)}
    np.testing.assert_array_equal(picture.rgb, rgb)
    assert np.abs(colored.rgb.astype(int) - rgb).max() > 5


def test_frames_are_coloured_one_by_one(lively):
    frames = [Picture(grey(30 + i, 40), info={"duration": 100 * i}) for i in (1, 2)]
    notes = ["16 bits a channel in, 8 bits out"]
    film = lively.colorize(Picture(grey(30, 40), frames=frames, notes=notes), 0.7)
    assert film.notes == notes and len(film.frames) == 2
    for frame, before in zip(film.frames, frames):
        alone = lively.colorize(before, 0.7)
        np.testing.assert_array_equal(frame.rgb, alone.rgb)
        assert frame.info == before.info


def test_the_strips_leave_no_seams(lively, monkeypatch):
    picture = Picture(grey(150, 60))
    whole = lively.colorize(picture).rgb.astype(int)
    monkeypatch.setattr(colorize_module, "STRIP", 32)
    assert np.abs(lively.colorize(picture).rgb - whole).max() <= 1


@pytest.mark.parametrize("ab", [(8.0, 30.0), (-10.0, -20.0)])
def test_the_tint_of_a_print_does_not_reach_the_result(lively, ab):
    lab = rgb8_to_lab(grey(60, 80))
    lab[..., 0] = 25 + lab[..., 0] / 2
    plain = lab_to_rgb(lab)
    lab[..., 1:] = ab
    toned = lab_to_rgb(lab)
    plain, toned = (np.rint(rgb * 255).astype("uint8") for rgb in (plain, toned))
    first, second = (lively.colorize(Picture(rgb)).rgb for rgb in (plain, toned))
    assert np.abs(first.astype(int) - second).max() <= 6  # 8 bits of L*, no more


@pytest.fixture(scope="module")
def flagship():
    return Colorizer("flagship")


@pytest.mark.parametrize("height, width", [(64, 96), (31, 600), (300, 260), (1, 500)])
def test_predict_ab_is_what_colorize_paints(lively, height, width):
    check_agreement(lively, noisy(height, width))


def test_on_a_photograph_predict_ab_is_what_colorize_paints(flagship):
    picture = read_picture(OLD / "nagasaki-boats.jpg")
    check_agreement(flagship, picture.rgb)
    tinted = picture.rgb * np.array([1, 0.8, 0.6])  # its own colours, replaced
    check_agreement(flagship, np.rint(tinted).astype("uint8"))


def noisy(height, width):
    """Detail and colour that a shrunk L* and a shrunk picture see differently."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (height, width, 3)).astype("uint8")


def check_agreement(colorizer, rgb):
    ab = colorizer.predict_ab(rgb)
    assert ab.shape == (*rgb.shape[:2], 2) and ab.dtype == np.float32
    painted = lab_to_rgb8(np.concatenate([rgb8_to_lab(rgb)[..., :1], ab], axis=-1))
    difference = painted.astype(int) - colorizer.colorize(Picture(rgb)).rgb
    assert np.abs(difference).max() <= 1 and np.abs(difference).mean() < 0.001


@pytest.mark.parametrize(
    "entry, value, changes",
    [
        *[("gain", 1.5, True), ("inference_size", 64, True), ("multiple", 32, True)],
        *[("title", "Another", False), ("notes", ["a word"], False)],
    ],
)
def test_the_key_tells_whether_the_colours_are_the_same(
    tmp_path, entry, value, changes
):
    network = build_baseline_cnn(filters=2)
    keys = []
    for folder, entries in (("a", {}), ("b", {entry: value})):
        (tmp_path / folder).mkdir()
        path = write_model(tmp_path / folder / "x.npz", network, **entries)
        keys.append(Colorizer(path).key)
    assert (keys[0] != keys[1]) == changes
    assert Colorizer(path).key == keys[1] != Colorizer(path, size=48).key


def test_the_same_picture_gets_the_same_colours(lively):
    picture = Picture(grey(64, 96))
    first, second = lively.colorize(picture).rgb, lively.colorize(picture).rgb
    np.testing.assert_array_equal(first, second)


def test_a_larger_scan_gets_about_the_same_colours(lively):
    small, large = grey(64, 64), resize_rgb(grey(64, 64), 256, 256)
    first = rgb8_to_lab(lively.colorize(Picture(small)).rgb).mean((0, 1))
    second = rgb8_to_lab(lively.colorize(Picture(large)).rgb).mean((0, 1))
    assert np.abs(first - second).max() < 1


def test_colour_is_enlarged_smoothly(lively):
    flat = np.repeat(grey(64, 64), 1, axis=0)
    ab = lively.predict_ab(resize_rgb(flat, 512, 512))
    steps = np.abs(np.diff(ab, axis=1)).max()
    assert 0 < steps < np.ptp(ab) / 8  # no blocks


@pytest.mark.parametrize(
    "height, width, size, seen",
    [
        (480, 640, 32, (24, 40)),
        (640, 480, 64, (72, 56)),
        (1, 500, 32, (8, 128)),
        (100, 1600, 64, (16, 256)),
        (10, 10, 32, (32, 32)),
        (100, 133, 100, (88, 112)),
    ],
)
def test_the_network_sees_multiples_of_its_stride(
    constant_model, height, width, size, seen
):
    colorizer = Colorizer(constant_model, size=size)
    assert tuple(colorizer._network_size(height, width)) == seen


@pytest.mark.parametrize("strength", [-0.1, 3.1, float("nan"), float("inf")])
def test_impossible_strengths_raise(colorizer, strength):
    with pytest.raises(ValueError, match=r"strength must be in \[0, 3\]"):
        colorizer.colorize(Picture(grey(8, 8)), strength)


@pytest.mark.parametrize("size", [0, 31, -64])
def test_impossible_sizes_raise(constant_model, size):
    with pytest.raises(ValueError, match=f"32 to 2048 pixels, got {size}"):
        Colorizer(constant_model, size=size)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nobody.*[Ss]hipped models"):
        Colorizer("nobody")
    with pytest.raises(FileNotFoundError, match="none.npz"):
        Colorizer(tmp_path / "none.npz")


def test_a_network_of_classes_colours_too(tmp_path):
    options = {"size": 32, "width": 2, "classes": len(bin_centres())}
    network = build_unet(**options)
    kernel, bias = network.get_layer("logits").weights
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(20.0 * np.all(bin_centres() == (20, -10), axis=1))  # sure of one bin
    card = {"network": "unet", "options": options, "multiple": 32}
    path = write_model(tmp_path / "classes.npz", network, **card)
    ab = Colorizer(path).predict_ab(grey(40, 50))
    assert ab.shape == (40, 50, 2)
    np.testing.assert_allclose(ab, np.broadcast_to([20, -10], ab.shape), atol=0.1)


def test_films_of_several_sizes_are_coloured_one_after_the_other(lively):
    planes = np.random.default_rng(0).uniform(0, 100, (4, 48, 64)).astype("float32")
    for L in (planes, planes[:1], planes[:, :32, :48], planes[:3, :32, :48], planes):
        wanted = lively.predict_small(L)
        found = lively.predict_small(L, compiled=True)
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_weights_that_do_not_fit_their_card_are_refused(tmp_path):
    network = build_baseline_cnn(filters=3)
    path = write_model(tmp_path / "x.npz", network, options={"filters": 2})
    with pytest.raises(WeightsError, match="does not fit"):
        Colorizer(path)


# The models that come with the course, on photographs that come with it.


@pytest.mark.parametrize("name", available_models())
def test_shipped_models_colour_old_photographs(name):
    colorizer = Colorizer(name)
    for path in sorted(OLD.glob("*.jpg"))[:2]:
        picture = read_picture(path)
        colored = colorizer.colorize(picture)
        assert colored.rgb.shape == picture.rgb.shape
        L = [rgb8_to_lab(p.rgb)[..., 0] for p in (picture, colored)]
        assert np.abs(L[0] - L[1]).max() < 1
        assert colourfulness(picture.rgb) < 1
        least = 5 if name in ("general", "flagship") else 2
        assert colourfulness(colored.rgb) > least
