"""No test picture, and none like it, is ever trained on."""

import io

import numpy as np
import pytest
from PIL import Image
from small import ROOT

from colorlib.data import sets
from colorlib.data.catalog import KNOWN_DUPLICATES
from colorlib.data.sets import concatenate, load_pictures
from colorlib.evaluation.near_duplicates import find_near_duplicates
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
ALIKE = {  # other photographs: a hill, trousers, plain sky
    "mountain__intel_11319.jpg",
    "clothes_pants__cloth_4feeec9c-a8ae-4f00-a37c-217cb8e8d5ef.jpg",
    "detail__ep07_cover_01_00.jpg",
}


def trained_on(mirror):
    """The recipes' sets in the mirror; what CIFAR-10 has is a test of its own."""
    used = {name for recipe in RECIPES.values() for name in recipe.data}
    return sorted({n for n in used if (mirror / n).is_dir()} - {"cifar10"}) + [
        "samples"
    ]


def test_the_bundled_pictures_are_apart():
    parts = [parts_of(["samples"], part) for part in ("train", "validation", "test")]
    train, validation, test = parts
    for seen, unseen in [(train, validation), (train, test), (validation, test)]:
        assert pairs_of(seen, unseen) == set()


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
    assert {name for _, name in pairs_of(seen, unseen)} == ALIKE


def test_what_is_left_out_of_the_test_parts_is_twice(mirror, monkeypatch):
    seen = parts_of(["photos", "flowers"], "train", "validation")
    monkeypatch.setattr(sets, "TWICE", ())
    unseen = parts_of(["photos", "flowers"], "test")
    found = {name for _, name in pairs_of(seen, unseen)}
    assert {name for name in found if name.endswith(KNOWN_DUPLICATES)} == found - ALIKE
    assert len(found - ALIKE) == len(KNOWN_DUPLICATES)


@pytest.mark.slow
def test_the_near_duplicates_of_cifar10_are_these(mirror):
    seen = parts_of(["cifar10"], "train", "validation")
    unseen = parts_of(["cifar10"], "test")
    counts = [len({test for _, test in pairs_of(seen, unseen, b)}) for b in (2, 10)]
    assert counts == [27, 214]  # of 9,500: the set is known for them
