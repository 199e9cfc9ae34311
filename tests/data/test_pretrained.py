"""Files of pretrained weights: found, checked, or fetched from a local server."""

import hashlib

import pytest

from colorlib.data import download, pretrained
from colorlib.data.pretrained import FILES, fetch_pretrained
from colorlib.errors import DataError
from tests.loopback import Loopback, Page

DATA = b"weights" * 1000
NAME = "small.tar.gz"


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "BACKOFF", 0)
    with Loopback() as running:
        running.pages[f"/{NAME}"] = Page(DATA)
        known = (f"{running.url}/{NAME}", hashlib.sha256(DATA).hexdigest(), len(DATA))
        monkeypatch.setitem(pretrained.FILES, NAME, known)
        yield running


def test_it_is_fetched_once_into_the_cache(server, tmp_path):
    path = fetch_pretrained(NAME)
    assert path == tmp_path / "cache" / "pretrained" / NAME
    assert path.read_bytes() == DATA
    assert fetch_pretrained(NAME) == path
    assert len(server.requests) == 1


def test_it_goes_on_where_it_stopped(server):
    server.pages[f"/{NAME}"].drops = [3000]
    assert fetch_pretrained(NAME).read_bytes() == DATA
    assert server.sent(f"/{NAME}") == [3000, len(DATA) - 3000]


def test_another_file_at_the_address_is_refused(server, tmp_path):
    server.pages[f"/{NAME}"].data = DATA[:-1] + b"x"
    with pytest.raises(DataError, match="SHA-256 expected"):
        fetch_pretrained(NAME)
    assert not (tmp_path / "cache" / "pretrained" / NAME).exists()
    server.pages[f"/{NAME}"].data = DATA[:-1]
    with pytest.raises(DataError, match="6999 bytes instead of 7000"):
        fetch_pretrained(NAME)


def test_the_given_folder_comes_first(server, tmp_path, monkeypatch):
    given = tmp_path / "backbones"
    given.mkdir()
    monkeypatch.setenv("COLORLIB_BACKBONES", str(given))
    cached = fetch_pretrained(NAME)  # it is not there
    assert cached.parent.name == "pretrained"
    (given / NAME).write_bytes(DATA)
    assert fetch_pretrained(NAME) == given / NAME
    assert len(server.requests) == 1


@pytest.mark.parametrize("where", ["cache/pretrained", "backbones"])
@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA[:-1], b""])
def test_a_damaged_file_is_refused(server, tmp_path, monkeypatch, where, data):
    monkeypatch.setenv("COLORLIB_BACKBONES", str(tmp_path / "backbones"))
    path = tmp_path / where / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    with pytest.raises(DataError, match="is damaged: it has") as error:
        fetch_pretrained(NAME)
    assert str(path) in str(error.value) and "Delete it" in str(error.value)
    assert server.requests == []


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="name must be one of .*, got '../etc'"):
        fetch_pretrained("../etc")


def test_every_file_has_its_address_hash_and_size():
    for name, (url, sha256, size) in FILES.items():
        assert url.startswith("https://") and url.endswith(f"/{name}")
        assert len(bytes.fromhex(sha256)) == 32 and size > 1_000_000
