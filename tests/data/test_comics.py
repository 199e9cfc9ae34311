"""The comic's panels, cut from pages of a local server."""

import hashlib
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from colorlib.data import comics
from colorlib.data.catalog import DATA_SETS
from colorlib.data.comics import cut_page, panels_of, read_page_list
from colorlib.data.sets import load_pictures
from colorlib.data.sources import SAMPLES, locate, present
from colorlib.errors import DataError
from tests.loopback import Page

COMMIT = "0123456789abcdef" * 2 + "01234567"
BOXES = [(40, 440, 40, 470), (40, 440, 510, 960), (480, 900, 40, 960)]


@pytest.fixture(autouse=True)
def cache(own_cache, monkeypatch, server):
    monkeypatch.setattr(comics, "HOST", server.url)
    return own_cache / "comics"


def page_with(boxes, seed=0):
    """A white page of 1000 x 940 pixels with noise of a strong colour in boxes."""
    rng = np.random.default_rng(seed)
    rgb = np.full((940, 1000, 3), 255, "uint8")
    for top, bottom, left, right in boxes:
        shape = (bottom - top, right - left, 3)
        rgb[top:bottom, left:right] = rng.integers(0, 160, shape) * (1, 0.8, 0.2)
    return rgb


def as_png(rgb):
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "PNG", compress_level=1)
    return data.getvalue()


@pytest.fixture
def three_pages(server, tmp_path, monkeypatch):
    """A list of three pages, two of a training episode, on the server."""
    files = {
        ("ep01", "p02"): "E01P02",
        ("ep01", "cover"): "E01",
        ("ep07", "p01"): "E07P01",
    }
    lines, last = [], None
    for seed, ((episode, page), number) in enumerate(files.items()):
        data = as_png(page_with(BOXES, seed))
        server.pages[
            f"/Deevad/peppercarrot_{episode}_translation/{COMMIT}/"
            f"gfx_Pepper-and-Carrot_by-David-Revoy_{number}.png"
        ] = Page(data)
        if episode != last:
            lines += [f"# {episode} {COMMIT}"]
        lines += [f"{page} {hashlib.sha256(data).hexdigest()}"]
        last = episode
    path = tmp_path / "comics.txt"
    path.write_text("\n".join(lines) + "\n")
    spec = DATA_SETS["comics"]
    changed = type(spec)(spec.title, ("comics", str(path)), spec.group)
    monkeypatch.setitem(DATA_SETS, "comics", changed)
    return changed.source


def names_in(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_panels_come_once_and_whole_episodes_are_held_out(three_pages, cache, server):
    assert present("comics", three_pages) == ""
    train = names_in(locate("comics", "train", three_pages).paths[0])
    test = names_in(locate("comics", "test", three_pages).paths[0])
    pages = locate("comics", "test_pages", three_pages).paths[0]
    assert present("comics", three_pages) == "cache"
    assert {name.split("__")[1][:4] for name in train} == {"ep01"}
    assert {name.split("__")[1][:4] for name in test} == {"ep07"}
    assert [n for n in test if n.startswith("panel")] == [
        f"panel__ep07_p01_{i:02}_00.jpg" for i in range(3)
    ]
    assert any(name.startswith("detail__ep01_cover_") for name in train)
    assert names_in(pages) == ["page__ep07_p01.jpg"]
    with zipfile.ZipFile(pages) as archive:
        image = Image.open(io.BytesIO(archive.read("page__ep07_p01.jpg")))
    assert image.size == (496, 466)
    assert not [*(cache / "pages").glob("*.png*")]
    asked = len(server.requests)
    assert asked == 3 and locate("comics", "test", three_pages)
    assert len(server.requests) == asked  # nothing is fetched again


def test_a_page_is_in_one_part_alone(three_pages):
    parts = {p: load_pictures("comics", p, 64) for p in ("train", "validation", "test")}
    pages = {
        part: {name.split("__")[1][:8] for name in found.names}
        for part, found in parts.items()
    }
    assert all(pages.values())
    assert not pages["train"] & pages["validation"] and pages["test"] == {"ep07_p01"}


def test_another_file_than_the_list_says_is_refused(three_pages, server, cache):
    address = next(a for a in server.pages if a.endswith("E01P02.png"))
    server.pages[address] = Page(as_png(page_with(BOXES[:1], 9)))
    with pytest.raises(DataError, match="comics, train: the data cannot be had"):
        locate("comics", "train", three_pages)
    assert not [*cache.glob("*.zip")]


def test_panels_are_cut_at_white_gutters_alone():
    assert cut_page(page_with(BOXES)) == BOXES
    assert cut_page(page_with([])) == []
    slanted = page_with([(40, 900, 40, 960)])
    for row in range(40, 900):  # a white gutter that no straight cut can follow
        slanted[row, 400 + row // 8 : 420 + row // 8] = 255
    assert cut_page(slanted) == [(40, 900, 40, 960)]


def test_long_panels_come_in_pieces_and_large_ones_in_details():
    long = panels_of("ep01_p01", page_with([(40, 140, 40, 960)]))
    assert [*long] == [f"panel__ep01_p01_00_{i:02}.jpg" for i in range(4)]
    large = panels_of("ep01_p01", page_with([(40, 900, 40, 960)]))
    assert sum(name.startswith("detail") for name in large) == 9
    for name, data in (long | large).items():
        width, height = Image.open(io.BytesIO(data)).size
        assert min(width, height) in (100, 160), name
    flat = page_with([])
    flat[100:400, 100:400] = (90, 120, 60)
    assert panels_of("ep01_p01", flat) == {}


def test_the_list_that_comes_along_can_be_read():
    found = read_page_list(SAMPLES.parent / DATA_SETS["comics"].source[1])
    assert len(found) == 152
    assert {name[:4] for name in found} > {"ep01", *comics.TEST_EPISODES}
    for address, sha256 in found.values():
        assert address.endswith(".png") and len(sha256) == 64


@pytest.mark.parametrize("text", ["p01 abc", "# ep01", "# ep01 abc\np01\n"])
def test_a_damaged_list_is_named(tmp_path, text):
    path = tmp_path / "comics.txt"
    path.write_text(text)
    with pytest.raises(DataError, match="is damaged or missing"):
        read_page_list(path)
    with pytest.raises(DataError, match="is damaged or missing"):
        read_page_list(tmp_path / "none.txt")
