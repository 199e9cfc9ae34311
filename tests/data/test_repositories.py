"""The set that is chosen from public repositories, against a local server."""

import gzip
import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from colorlib.data import repositories
from colorlib.data.catalog import DATA_SETS
from colorlib.data.sources import SAMPLES, locate, present
from colorlib.errors import DataError
from tests.loopback import Page

COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture(autouse=True)
def cache(own_cache, monkeypatch, server):
    monkeypatch.setattr(repositories, "HOST", server.url)
    return own_cache / "extra"


def picture(seed, kind="JPEG"):
    rgb = np.random.default_rng(seed).integers(0, 256, (9, 14, 3), "uint8")
    data = io.BytesIO()
    Image.fromarray(rgb).resize((210, 180)).save(data, kind)
    return data.getvalue()


def tar_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"name-{COMMIT}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def two(server, tmp_path, monkeypatch):
    """A list of two repositories, on the server with other files among theirs."""
    taken = {
        "a": {f"x/{i}.jpg": picture(i) for i in range(70)},
        "b": {f"{i}.PNG": picture(100 + i, "PNG") for i in range(30)},
    }
    lines = []
    for tag, files in taken.items():
        more = {"read.me": b"text", "other.jpg": picture(f"{tag}".encode()[0])}
        server.pages[f"/owner/{tag}/tar.gz/{COMMIT}"] = Page(tar_of(files | more))
        digests = sorted(hashlib.sha256(d).hexdigest()[:16] for d in files.values())
        lines += [f"# {tag} owner/{tag} {COMMIT}", *digests]
    path = tmp_path / "list.txt.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    spec = DATA_SETS["extra"]
    changed = type(spec)(spec.title, ("repositories", str(path)))
    monkeypatch.setitem(DATA_SETS, "extra", changed)
    return taken, changed.source


def names_in(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_pictures_of_the_list_are_taken_once_and_split(two, cache, server):
    taken, source = two
    assert present("extra", source) == ""
    found = {part: locate("extra", part, source) for part in ("train", "test")}
    assert all(each.already_split for each in found.values())
    names = {part: names_in(each.paths[0]) for part, each in found.items()}
    assert len(names["train"]) + len(names["test"]) == 100 and names["test"]
    for tag, files in taken.items():
        for data in files.values():
            digest = hashlib.sha256(data).hexdigest()
            name = f"{tag}/{digest[:16]}.jpg"
            assert name in names[repositories.part_of(digest)]
    assert sorted(p.name for p in cache.glob("[!.]*")) >= ["test.zip", "train.zip"]
    assert not list(cache.glob("*.tar.gz")) and not list(cache.glob("[ab].zip"))
    asked = len(server.requests)
    locate("extra", "train", source)
    assert len(server.requests) == asked and present("extra", source) == "cache"


def test_what_is_cut_is_the_middle_at_160_pixels():
    rgb = np.full((200, 400, 3), (10, 200, 30), "uint8")
    rgb[:, 100:300] = (200, 40, 60)  # the middle square
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "PNG")
    found = repositories.square(data.getvalue())
    assert found.shape == (160, 160, 3)
    assert (found[:, 3:-3] == (200, 40, 60)).all()
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    data = io.BytesIO()
    clear.save(data, "PNG")
    assert (repositories.square(data.getvalue()) == 255).all()


def test_what_was_stopped_goes_on_with_the_next_repository(two, cache, server):
    _, source = two
    path = f"/owner/b/tar.gz/{COMMIT}"
    page = server.pages.pop(path)
    with pytest.raises(DataError, match="owner/b"):
        locate("extra", "train", source)
    assert (cache / "a.zip").is_file() and not (cache / "train.zip").exists()
    server.pages[path] = page
    del server.pages[f"/owner/a/tar.gz/{COMMIT}"]  # it is not asked for again
    locate("extra", "train", source)
    assert len(names_in(cache / "train.zip")) > 60


def test_a_repository_with_other_pictures_is_refused(two, cache, server):
    taken, source = two
    files = dict(list(taken["a"].items())[:60])
    server.pages[f"/owner/a/tar.gz/{COMMIT}"] = Page(tar_of(files))
    with pytest.raises(DataError, match="owner/a at 0123456789ab has 60 of the 70"):
        locate("extra", "train", source)
    assert not (cache / "a.zip").exists()


def test_a_mirror_comes_first(two, server, tmp_path, monkeypatch):
    _, source = two
    (tmp_path / "extra").mkdir()
    with zipfile.ZipFile(tmp_path / "extra" / "train.zip", "w") as archive:
        archive.writestr("a/1.jpg", picture(1))
    monkeypatch.setenv("COLORLIB_MIRROR", str(tmp_path))
    located = locate("extra", "train", source)
    assert located.paths == [tmp_path / "extra" / "train.zip"]
    assert not server.requests


def test_the_list_of_the_project_and_one_that_is_damaged(tmp_path):
    found = repositories.read_list(SAMPLES.parent / DATA_SETS["extra"].source[1])
    assert len(found) == 17 == len({tag for tag, *_ in found})
    assert sum(len(hashes) for *_, hashes in found) == 19_650
    for _, repository, commit, hashes in found:
        assert repository.count("/") == 1 and len(commit) == 40
        assert {len(digits) for digits in hashes} == {16}
    (tmp_path / "x.gz").write_bytes(b"no list")
    for name in ("x.gz", "none.gz"):
        with pytest.raises(DataError, match="damaged or missing"):
            repositories.read_list(tmp_path / name)
