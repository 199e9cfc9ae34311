"""Pairs: the authors' archives against a local server, mirrors, folders, edges."""

import io
import os
import tarfile

import numpy as np
import pytest
from PIL import Image

from colorlib.data import pairs
from colorlib.data.batches import PairBatches
from colorlib.data.ink import draw_ink
from colorlib.data.pairs import (
    Pairs,
    draw_edges,
    load_pairs,
    scale,
    unscale,
)
from colorlib.data.sets import PARTS, load_pictures
from colorlib.errors import DataError
from colorlib.lab import lab_to_rgb8, rgb8_to_lab
from tests.loopback import Page

LEFT, RIGHT = (200, 60, 40), (30, 80, 210)


@pytest.fixture(autouse=True)
def cache(own_cache):
    return own_cache


def wide(seed, height=256, width=512):
    """Two squares of unlike colours side by side, as the bytes of a JPEG file."""
    rgb = np.full((height, width, 3), LEFT, "uint8")
    rgb[:, width // 2 :] = RIGHT
    rgb[:20, : seed % 97 + 1] = 255  # so that no two are the same
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "JPEG", quality=95)
    return data.getvalue()


def make_tar(path, names, mode="w:gz", **size):
    with tarfile.open(path, mode) as archive:
        for seed, name in enumerate(names):
            contents = wide(seed, **size)
            member = tarfile.TarInfo(name)
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    return path.read_bytes()


def serve(server, monkeypatch, name, data):
    """Puts an archive where the authors' is, with its true number of bytes."""
    server.pages[f"/{name}.tar.gz"] = Page(data)
    source = ("url", f"{server.url}/{name}.tar.gz", None, len(data))
    left, right, (kind, address, digest, size) = pairs.PAIR_SETS[name]
    assert (kind, digest) == ("url", None) and size > 30_000_000
    assert address.endswith(
        f"//efrosgans.eecs.berkeley.edu/pix2pix/datasets/{name}.tar.gz"
    )
    monkeypatch.setitem(pairs.PAIR_SETS, name, (left, right, source))


def colour(pictures):
    return np.median(pictures[:, 4:-4, 4:-4], axis=(0, 1, 2))


# ---- The authors' archives


def facades(count=40):
    names = [f"facades/train/{i}.jpg" for i in range(1, count + 1)]
    names += [f"facades/val/{i}.jpg" for i in range(1, 7)]
    return [*names, *[f"facades/test/{i}.jpg" for i in range(1, 6)]]


def test_the_facades_of_the_authors(server, monkeypatch, tmp_path):
    serve(server, monkeypatch, "facades", make_tar(tmp_path / "f.tar.gz", facades()))
    parts = {part: load_pairs("facades", part, 32) for part in PARTS}
    train, validation, test = parts.values()
    assert len(train) + len(validation) == 40 and 1 <= len(validation) <= 12
    assert not set(train.names) & set(validation.names)
    assert set(test.names) == {f"test/{i}.jpg" for i in range(1, 6)}  # not `val`
    assert all(name.startswith("train/") for name in train.names + validation.names)
    for part in parts.values():
        assert part.inputs.shape == part.targets.shape == (len(part), 32, 32, 3)
        assert part.inputs.dtype == part.targets.dtype == np.uint8 and not part.bad
        np.testing.assert_allclose(colour(part.inputs), LEFT, atol=4)
        np.testing.assert_allclose(colour(part.targets), RIGHT, atol=4)
    assert len(server.requests) == 1  # the archive came once


def test_reversed_labels_become_photos(server, monkeypatch, tmp_path):
    serve(server, monkeypatch, "facades", make_tar(tmp_path / "f.tar.gz", facades(4)))
    there, back = (load_pairs("facades", "test", 16, reverse=r) for r in (False, True))
    np.testing.assert_array_equal(there.inputs, back.targets)
    np.testing.assert_array_equal(there.targets, back.inputs)
    assert there.names == back.names
    np.testing.assert_allclose(colour(back.inputs), RIGHT, atol=4)


def test_the_maps_of_the_authors_have_val_for_a_test(server, monkeypatch, tmp_path):
    names = [f"maps/train/{i}.jpg" for i in range(1, 13)]
    names += [f"maps/val/{i}.jpg" for i in range(1, 4)]
    data = make_tar(tmp_path / "m.tar.gz", names, height=120, width=240)
    serve(server, monkeypatch, "maps", data)
    test = load_pairs("maps", "test", 24)
    assert set(test.names) == {f"val/{i}.jpg" for i in range(1, 4)}
    both = [load_pairs("maps", part, 24).names for part in ("train", "validation")]
    assert sorted(sum(both, [])) == sorted(f"train/{i}.jpg" for i in range(1, 13))


def test_a_damaged_archive_is_refused(server, monkeypatch, tmp_path):
    data = make_tar(tmp_path / "f.tar.gz", facades(4))
    serve(server, monkeypatch, "facades", data)
    server.pages["/facades.tar.gz"] = Page(data[:-3])
    with pytest.raises(DataError, match="facades, train(.|\n)*instead of"):
        load_pairs("facades", "train", 16)
    server.pages["/facades.tar.gz"] = Page(data[:-900] + bytes(900))
    with pytest.raises(DataError, match="facades, train(.|\n)*damaged"):
        load_pairs("facades", "train", 16)


def test_a_folder_and_its_archive_are_split_alike(tmp_path):
    make_tar(tmp_path / "sketches.tar.gz", facades(30))
    with tarfile.open(tmp_path / "sketches.tar.gz") as archive:
        for member in archive:
            path = tmp_path / "sketches" / member.name.removeprefix("facades/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())
    for part in PARTS:
        names = [
            load_pairs(tmp_path / place, part, 16).names
            for place in ("sketches", "sketches.tar.gz")
        ]
        assert names[0] == names[1] and names[0]


# ---- Mirrors and one's own folders


def test_a_mirror_that_has_the_parts(tmp_path, monkeypatch):
    folder = tmp_path / "mirror" / "maps"
    folder.mkdir(parents=True)
    monkeypatch.setenv("COLORLIB_MIRROR", str(tmp_path / "mirror"))
    make_tar(folder / "train.tar", [f"train_{i}.jpg" for i in range(20)], "w")
    make_tar(folder / "test.tar", [f"val_{i}.jpg" for i in range(3)], "w")
    found = {part: load_pairs("maps", part, 16).names for part in PARTS}
    assert sorted(found["test"]) == ["val_0.jpg", "val_1.jpg", "val_2.jpg"]
    assert len(found["train"]) + len(found["validation"]) == 20 and found["validation"]
    few = {p: load_pairs("maps", p, 16, limit=10).names for p in PARTS}
    assert len(few["train"]) + len(few["validation"]) == 10
    assert set(few["train"]) < set(found["train"])
    os.remove(folder / "test.tar")
    with pytest.raises(DataError, match="no test part"):
        load_pairs("maps", "test", 16)


@pytest.mark.parametrize("train, test", [("train", "test"), ("Train", "Val")])
def test_the_parts_may_have_folders_in_them(tmp_path, train, test):
    """As those of Cityscapes, of which each has a folder for every town."""
    for i in range(40):
        place = f"{train}/{'aachen' if i % 2 else 'bremen'}/{i // 2}.jpg"
        if i >= 30:
            place = f"{test}/berlin/{i}.jpg"
        path = tmp_path / "cities" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wide(i, 32, 64))
    found = {part: load_pairs(tmp_path / "cities", part, 16).names for part in PARTS}
    assert len(found["test"]) == 10 and all("berlin" in n for n in found["test"])
    learned = {*found["train"], *found["validation"]}
    assert len(learned) == 30 and not any("berlin" in name for name in learned)


def test_equal_pairs_are_in_one_part(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for i in range(60):
        (folder / f"pair_{i}.jpg").write_bytes(wide(i, 32, 64))
        (folder / f"a copy of {i}.jpg").write_bytes(wide(i, 32, 64))
    numbers = [
        {name.rpartition("_")[2].rpartition(" ")[2] for name in names}
        for names in (load_pairs(folder, part, 16).names for part in PARTS)
    ]
    assert sum(map(len, numbers)) == len(set.union(*numbers)) == 60


def test_ones_own_folder_without_parts(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for i in range(60):
        (folder / f"pair_{i}.jpg").write_bytes(wide(i, 32, 64))
    found = {part: load_pairs(folder, part, 16) for part in PARTS}
    names = sum((part.names for part in found.values()), [])
    assert len(names) == len(set(names)) == 60
    assert all(0 < len(found[p]) < 20 for p in ("validation", "test"))
    np.testing.assert_allclose(colour(found["test"].targets), RIGHT, atol=6)


def test_pictures_that_are_no_pairs_are_left_out_and_named(tmp_path):
    folder = tmp_path / "mine" / "train"
    folder.mkdir(parents=True)
    for i in range(8):
        (folder / f"{i}.jpg").write_bytes(wide(i, 32, 64))
    (folder / "square.jpg").write_bytes(wide(1, 32, 32))
    (folder / "text.jpg").write_bytes(b"no picture")
    (folder / "odd.jpg").write_bytes(wide(2, 33, 65))  # the middle column is left out
    found = [load_pairs(tmp_path / "mine", p, 16) for p in ("train", "validation")]
    bad = sorted(found[0].bad + found[1].bad)
    assert len(bad) == 2 and "square.jpg: 32 x 32" in bad[0] and "text.jpg" in bad[1]
    assert len(found[0]) + len(found[1]) == 9
    for path in folder.glob("[0-9o]*.jpg"):
        path.unlink()
    with pytest.raises(DataError, match="none of"):
        for part in ("train", "validation"):
            load_pairs(tmp_path / "mine", part, 16)
    with pytest.raises(DataError, match="no picture found"):
        load_pairs(tmp_path / "mine", "test", 16)


def test_an_unknown_name_is_said():
    with pytest.raises(DataError, match="facades, edges, ink.*Did you mean 'maps'"):
        load_pairs("map")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"part": "all"}, "part must be.*'all'"),
        ({"size": 4}, "size must be 8 to 4096.*4"),
        ({"limit": 0}, "limit must be at least 1.*0"),
    ],
)
def test_impossible_arguments_are_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_pairs("edges", **arguments)


def test_the_maps_of_the_mirror(mirror):
    test = load_pairs("maps", "test", 32)
    assert len(test) == 20
    # The aerial photo is left and dark, the map right and light.
    assert test.inputs.mean() < 100 < 200 < test.targets.mean()


# ---- Edges


def test_edges_are_black_lines_where_the_picture_changes():
    rgb = np.full((2, 40, 40, 3), 50, "uint8")
    rgb[0, :, 20:] = 220
    lines = draw_edges(rgb)
    assert lines.shape == (2, 40, 40, 1) and lines.dtype == np.uint8
    assert set(np.unique(lines[0])) == {0, 255} and set(np.unique(lines[1])) == {255}
    rows, columns = np.nonzero(lines[0, 4:-4, :, 0] == 0)
    assert set(rows) == set(range(32)) and set(columns) <= {19, 20}
    assert draw_edges(rgb[:0]).shape == (0, 40, 40, 1)


def test_more_blur_means_fewer_lines():
    rgb = load_pictures("samples", "test", 64, limit=4).rgb
    counts = [(draw_edges(rgb, sigma) == 0).sum() for sigma in (1, 1.5, 3)]
    assert counts[0] > counts[1] > counts[2] > 0
    np.testing.assert_array_equal(draw_edges(rgb), draw_edges(rgb, 1.5))


def test_edges_go_with_the_photos_they_were_drawn_from():
    for part in PARTS:
        found = load_pairs("edges", part, 32)
        photos = load_pictures("samples", part, 32)
        np.testing.assert_array_equal(found.targets, photos.rgb)
        np.testing.assert_array_equal(found.inputs, draw_edges(photos.rgb))
        assert found.names == photos.names
    assert len(load_pairs("edges", "test", 32, limit=3)) == 3
    back = load_pairs("edges", "test", 32, reverse=True)
    np.testing.assert_array_equal(back.inputs, photos.rgb)
    inked = load_pairs("ink", "test", 32)
    np.testing.assert_array_equal(inked.inputs, draw_ink(photos.rgb))
    np.testing.assert_array_equal(inked.targets, photos.rgb)


def test_ink_is_lines_blacks_and_dots_and_tells_no_colour():
    rgb = np.full((4, 64, 64, 3), 240, "uint8")
    rgb[0, :, 31:33] = 60  # a line on light paper
    rgb[1] = 5  # night
    rgb[2] = [120, 120, 120]  # a middle tone, L* 50
    rgb[3] = [70, 70, 70]  # a darker one, L* 30
    ink = draw_ink(rgb)
    assert ink.shape == (4, 64, 64, 1) and ink.dtype == np.uint8
    black = (ink < 64).mean(axis=(1, 2, 3))
    assert (ink[0, :, 31:33] < 64).all() and (ink[0, :, :24] == 255).all()
    np.testing.assert_allclose(black[1:], [1, 0.25, 0.5], atol=0.01)
    grey = rgb8_to_lab(np.array([[[150, 90, 90]]], "uint8"))
    grey[..., 1:] = 0
    same = np.tile(lab_to_rgb8(grey.astype("float32")), (64, 64, 1))[None]
    red = np.full((1, 64, 64, 3), [150, 90, 90], "uint8")
    np.testing.assert_array_equal(draw_ink(red), draw_ink(same))
    assert draw_ink(rgb[:0]).shape == (0, 64, 64, 1)


def test_edges_of_ones_own_photos(tmp_path):
    for i in range(6):
        (tmp_path / f"{i}.jpg").write_bytes(wide(i))
    found = [load_pairs("edges", p, 16, photos=tmp_path) for p in PARTS]
    assert sum(len(part) for part in found) == 6


# ---- Batches


def numbered(count=11, side=10):
    """Pairs in which each pixel of both pictures knows its pair and its place."""
    place = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1)
    pictures = np.zeros((count, side, side, 3), "uint8")
    pictures[..., :2] = place
    pictures[..., 2] = np.arange(count)[:, None, None]
    return Pairs(pictures, 100 + pictures, [str(i) for i in range(count)])


def values(batches):
    return [tuple(unscale(a) for a in batches[i]) for i in range(len(batches))]


def test_input_and_target_are_cut_and_mirrored_together():
    batches = PairBatches(numbered(), 3, crop=7, seed=1)
    assert len(batches) == batches.steps == 3
    found = values(batches)
    for inputs, targets in found:
        assert inputs.shape == targets.shape == (3, 7, 7, 3)
        np.testing.assert_array_equal(inputs + 100, targets)
    inputs = np.concatenate([inputs for inputs, _ in found])
    assert len(set(inputs[:, 0, 0, 2])) == 9  # no pair twice
    steps = inputs[:, 0, 1, 0].astype(int) - inputs[:, 0, 0, 0]
    assert set(steps) == {-1, 1}  # some are mirrored
    tops = set(inputs[:, 0, 0, 1])
    assert len(tops) > 1 and tops <= {0, 1, 2, 3}


def test_every_epoch_is_another_and_can_be_had_again():
    one, two = PairBatches(numbered(), 3, crop=7), PairBatches(numbered(), 3, crop=7)
    first = values(one)
    one.on_epoch_end()
    second = values(one)
    assert np.abs(np.subtract(first, second)).max() > 0
    two.start_at(1, 2)
    assert len(two) == 1 and two.steps == 3
    np.testing.assert_array_equal(values(two)[0], second[2])
    other = values(PairBatches(numbered(), 3, crop=7, seed=5))
    assert np.abs(np.subtract(first, other)).max() > 0


def test_validation_is_whole_in_order_and_in_the_middle():
    batches = PairBatches(numbered(), 4, training=False, crop=6)
    found = np.concatenate([inputs for inputs, _ in values(batches)])
    assert len(batches) == 3 and len(found) == 11
    np.testing.assert_array_equal(found[:, 0, 0, 2], np.arange(11))
    assert (found[:, 0, 0, :2] == 2).all() and (found[:, 0, 1, 0] == 3).all()
    batches.on_epoch_end()
    again = np.concatenate([inputs for inputs, _ in values(batches)])
    np.testing.assert_array_equal(again, found)


def test_an_epoch_may_be_shorter():
    assert len(PairBatches(numbered(), 2, steps=4)) == 4
    for bad in ({"steps": 6}, {"steps": 0}, {"batch_size": 12}):
        with pytest.raises(ValueError, match="11 pictures|steps must be"):
            PairBatches(numbered(), **{"batch_size": 2, **bad})
    with pytest.raises(ValueError, match="a crop of 11"):
        PairBatches(numbered(), 2, crop=11)


def test_scaling_to_the_networks_and_back():
    levels = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
    scaled = scale(levels)
    assert scaled.dtype == np.float32 and (scaled.min(), scaled.max()) == (-1, 1)
    np.testing.assert_array_equal(unscale(scaled), levels)
    np.testing.assert_array_equal(unscale(np.array([-1.5, 1.5])), [0, 255])
