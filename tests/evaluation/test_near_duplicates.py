"""No test picture, and none like it, is ever trained on."""

import io

import numpy as np
import pytest
from PIL import Image
from small import ROOT

from colorlib.data import sets
from colorlib.data.catalog import KNOWN_DUPLICATES
from colorlib.data.sets import concatenate, load_pictures
from colorlib.evaluation.near_duplicates import (
    choose_apart,
    choose_kinds,
    find_near_duplicates,
    nearest_correlation,
)
from colorlib.images.resize import square_thumbnail
from colorlib.training.recipes import RECIPES

SIDE = 32


@pytest.fixture(scope="module")
def samples():
    files = sorted((ROOT / "data" / "samples").glob("t*/*.jpg"))[::3]
    return [Image.open(file).convert("RGB") for file in files]


def squares(images):
    pictures = []
    for image in images:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        pictures.append(square_thumbnail(buffer.getvalue(), SIDE))
    return np.stack(pictures)


def stored_again(image):
    buffer = io.BytesIO()
    image.resize((75, 75)).save(buffer, "JPEG", quality=60)
    return Image.open(buffer)


CHANGES = {
    "itself": lambda image: image,
    "smaller, JPEG": stored_again,
    "brighter": lambda image: image.point(lambda v: min(255, 8 + v)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(samples, change):
    side = min(min(image.size) for image in samples)
    images = [image.resize((side, side)) for image in samples]
    copies = squares([CHANGES[change](image) for image in images])
    found = find_near_duplicates(squares(images), copies)
    assert found == [(i, i) for i in range(len(images))]


def test_mirrored_copies_can_be_left_out(samples):
    mine = squares(samples)
    assert find_near_duplicates(mine, mine[:, :, ::-1], mirrored=False) == []


def test_smooth_pictures_and_horizons_are_not_all_the_same():
    random = np.random.default_rng(0)
    ramps = np.linspace(0, 255, SIDE)[None, :, None] * np.ones((SIDE, 1, 3))
    noise = random.normal(0, 20, (2, SIDE, SIDE, 3))
    smooth = np.stack([ramps, ramps**2 / 255])  # the same bits
    sky = np.where(np.arange(SIDE)[:, None, None] < 16, 200.0, 30.0)  # one correlation
    horizons = sky + noise
    for pictures, allowed in [(smooth, 1), (horizons, 0)]:
        rgb = np.clip(pictures, 0, 255).astype("uint8")
        found = find_near_duplicates(rgb[:1], rgb[1:], mirrored=False)
        assert len(found) <= allowed


def test_upside_down_is_another_picture(photos):
    assert find_near_duplicates(photos[:, ::-1], photos) == []


def test_the_likeness_to_the_nearest_sees_mirrored_copies(photos):
    mine, others = photos[:4], photos[3:]
    likeness = nearest_correlation(mine, others[:, :, ::-1])
    assert likeness[3] == pytest.approx(1, abs=1e-5) and (likeness[:3] < 0.95).all()
    order = nearest_correlation(mine, others)
    np.testing.assert_allclose(order, likeness, atol=1e-5)


def icons(count, seed):
    """Small dark shapes in the middle of plain white, `(count, 32, 32, 3)`."""
    random = np.random.default_rng(seed)
    rgb = np.full((count, SIDE, SIDE, 3), 255, "uint8")
    rgb[:, 12:20, 12:20] = random.integers(0, 120, (count, 8, 8, 3), "uint8")
    return rgb


def frames(count, seed):
    """One view again and again, with a little noise."""
    random = np.random.default_rng(seed)
    view = (
        np.random.default_rng(0).integers(0, 256, (4, 4, 3)).repeat(8, 0).repeat(8, 1)
    )
    noise = random.normal(0, 4, (count, SIDE, SIDE, 3))
    return np.clip(view + noise, 0, 255).astype("uint8")


@pytest.mark.parametrize("make", [icons, frames])
@pytest.mark.parametrize("count", [1, 3, 40])
def test_no_set_is_so_uniform_that_nothing_can_be_chosen(make, count):
    test, train = make(count, 1), make(60, 2)
    chosen, near = choose_apart(test, train)
    assert len(chosen) == len(set(chosen)) == min(6, count)
    found = {i for i, _ in find_near_duplicates(test[chosen], train)}
    assert near == len(found) > 0


def test_where_near_duplicates_must_be_shown_it_takes_the_farthest(photos):
    train = frames(60, 2)
    test = frames(40, 1)
    test[37] = photos[0][::2, ::2]
    chosen, near = choose_apart(test, train)
    assert 37 in chosen and near == 5


def test_chosen_are_evenly_spread_ones_or_those_that_follow():
    random = np.random.default_rng(0)
    test = random.integers(0, 256, (60, 4, 4, 3), "uint8").repeat(8, 1).repeat(8, 2)
    train = random.integers(0, 256, (9, 4, 4, 3), "uint8").repeat(8, 1).repeat(8, 2)
    assert choose_apart(test, train) == ([0, 11, 23, 35, 47, 59], 0)
    train[:3] = test[[0, 11, 12]]
    train[3] = test[47, :, ::-1]
    assert choose_apart(test, train) == ([1, 13, 23, 35, 48, 59], 0)


def test_the_first_picture_of_each_kind_that_was_not_trained_on():
    test = np.random.default_rng(0).integers(0, 256, (6, SIDE, SIDE, 3), "uint8")
    kinds = ["sky", "animals", "sky", "water", "animals", "water"]
    train = np.random.default_rng(1).integers(0, 256, (4, SIDE, SIDE, 3), "uint8")
    assert choose_kinds(test, kinds, train) == [1, 0, 3]
    train[2] = test[0][:, ::-1]  # the first sky, mirrored
    assert choose_kinds(test, kinds, train) == [1, 2, 3]
    train[0], train[1] = test[3], test[5]  # all of the water
    assert choose_kinds(test, kinds, train) == [1, 2]


def test_pictures_that_are_too_small_are_refused():
    with pytest.raises(ValueError, match="at least 16 pixels are needed, got 8"):
        find_near_duplicates(np.zeros((1, 8, 8, 3), "uint8"), np.zeros((1, 8, 8, 3)))


def parts_of(sets, *parts):
    return concatenate(
        load_pictures(name, part, SIDE, min_chroma=0) for name in sets for part in parts
    )


def pairs_of(seen, unseen, max_bits=10):
    pairs = find_near_duplicates(seen.rgb, unseen.rgb, max_bits)
    return {(seen.names[i], unseen.names[j].split("/")[-1]) for i, j in pairs}


# Test pictures that are like one trained on (at most 10 bits), all looked at.
ALIKE = {  # other photographs: a hill, trousers, plain sky, another dress on one door
    "mountain__intel_11319.jpg",
    "clothes_pants__cloth_4feeec9c-a8ae-4f00-a37c-217cb8e8d5ef.jpg",
    "clothes__cloth__pants_040eb2b2c8.webp",
    "detail__ep07_cover_01_00.jpg",
    "0f3124c265648344.jpg",  # of `extra`, which not every mirror has
}


def trained_on(mirror):
    """The recipes' sets in the mirror; what CIFAR has is a test of its own."""
    recipes = [r for r in RECIPES.values() if r.task != "pairs"]
    used = {name for recipe in recipes for name in recipe.data}
    cifar = {"cifar10", "cifar100"}
    return sorted({n for n in used if (mirror / n).is_dir()} - cifar) + ["samples"]


def test_the_bundled_pictures_are_apart():
    parts = [parts_of(["samples"], part) for part in ("train", "validation", "test")]
    train, validation, test = parts
    for seen, unseen in [(train, validation), (train, test), (validation, test)]:
        assert pairs_of(seen, unseen) == set()


@pytest.mark.parametrize("name", ["landscapes", "comics"])
def test_the_strips_of_the_lessons_are_apart_and_evenly_spread(mirror, name):
    test, train = (load_pictures(name, part, 48).rgb for part in ("test", "train"))
    spread = np.linspace(0, len(test) - 1, 6).astype(int).tolist()
    assert choose_apart(test, train) == (spread, 0)


def test_no_test_picture_was_trained_on(mirror):
    sets = trained_on(mirror)
    assert {"photos", "landscapes", "flowers", "dogs"} <= set(sets)
    seen = parts_of(sets, "train", "validation")
    assert len(seen) > 13_000
    unseen = [parts_of(sets, "test")]
    for path in sorted((mirror / "eval").glob("*.tar")):
        if path.stem != "video_clips":
            unseen.append(load_pictures(path, "all", SIDE, min_chroma=0))
    unseen = concatenate(unseen)
    assert len([name for name in unseen.names if "kodim" in name]) == 24
    assert pairs_of(seen, unseen, max_bits=2) == set()
    there = {name.split("/")[-1] for name in unseen.names}
    assert len(ALIKE - there) <= 1
    assert {name for _, name in pairs_of(seen, unseen)} == ALIKE & there


def test_what_is_left_out_of_the_test_parts_is_twice(mirror, monkeypatch):
    seen = parts_of(["photos", "flowers"], "train", "validation")
    monkeypatch.setattr(sets, "KNOWN_DUPLICATES", ())
    unseen = parts_of(["photos", "flowers"], "test")
    found = {name for _, name in pairs_of(seen, unseen)}
    assert {name for name in found if name.endswith(KNOWN_DUPLICATES)} == found - ALIKE
    assert len(found - ALIKE) == len(KNOWN_DUPLICATES)


@pytest.mark.slow
@pytest.mark.parametrize("name, known", [("cifar10", [27, 214]), ("cifar100", [1, 20])])
def test_the_near_duplicates_of_cifar_are_these(mirror, name, known):
    seen = parts_of([name], "train", "validation")
    unseen = parts_of([name], "test")
    counts = [len({test for _, test in pairs_of(seen, unseen, b)}) for b in (2, 10)]
    assert counts == known  # of 9,500 and 1,500: the sets are known for them
