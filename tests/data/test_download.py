"""Downloads against a server that drops, lies and changes its mind."""

import errno
import gzip
import hashlib
import io
import os
import socket
import tarfile
import zipfile

import numpy as np
import pytest

from colorlib.data import download as module
from colorlib.data.download import download
from colorlib.errors import DataError
from tests.loopback import Loopback, Page

DATA = np.random.default_rng(0).bytes(300_000)
OTHER = np.random.default_rng(1).bytes(310_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "BACKOFF", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Loopback() as running:
        yield running


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "file.bin"


def left(target):
    """Names of what stands in the target's folder."""
    return sorted(os.listdir(target.parent)) if target.parent.is_dir() else []


def test_complete(server, target):
    server.pages["/file"] = Page(DATA)
    assert download(f"{server.url}/file", target, SHA256, len(DATA)) == target
    assert target.read_bytes() == DATA
    assert left(target) == ["file.bin"]
    download(f"{server.url}/file", target, SHA256, len(DATA))
    assert len(server.requests) == 1  # what is complete is not fetched again


def test_file_of_another_size_is_fetched_again(server, target):
    server.pages["/file"] = Page(DATA)
    target.parent.mkdir()
    target.write_bytes(DATA[:-1])
    download(f"{server.url}/file", target, size=len(DATA))
    assert target.read_bytes() == DATA


def test_resumes_after_drops(server, target):
    server.pages["/file"] = Page(DATA, drops=[100_000, 50_000])
    download(f"{server.url}/file", target)
    assert target.read_bytes() == DATA
    assert server.sent("/file") == [100_000, 50_000, 150_000]  # no byte twice
    assert server.requests[1].headers["Range"] == "bytes=100000-"
    assert server.requests[1].headers["If-Range"] == '"1"'


def test_resumes_in_a_later_run(server, target):
    page = server.pages["/file"] = Page(DATA, drops=[200_000] + [0] * 10)
    with pytest.raises(DataError, match="goes on after 200000 bytes"):
        download(f"{server.url}/file", target)
    assert len(server.requests) == 1 + module.RETRIES
    assert not target.exists()
    page.drops, server.requests = [], []
    download(f"{server.url}/file", target, SHA256)
    assert target.read_bytes() == DATA
    assert server.sent("/file") == [100_000]
    assert left(target) == ["file.bin"]


@pytest.mark.parametrize("ranges", ["yes", "careless"])
def test_changed_file_starts_again(server, target, ranges):
    server.pages["/file"] = Page(DATA, drops=[200_000] + [0] * 10)
    with pytest.raises(DataError):
        download(f"{server.url}/file", target)
    server.pages["/file"] = Page(OTHER, etag='"2"', ranges=ranges)
    download(f"{server.url}/file", target)
    assert target.read_bytes() == OTHER


@pytest.mark.parametrize(
    "page",
    [
        Page(DATA, ranges="no", drops=[100_000]),
        Page(DATA, etag=None, drops=[100_000]),
        Page(DATA, etag='W/"weak"', drops=[100_000]),
    ],
    ids=["no ranges", "no identity", "weak identity"],
)
def test_starts_again_where_it_cannot_resume(server, target, page):
    server.pages["/file"] = page
    download(f"{server.url}/file", target)
    assert target.read_bytes() == DATA
    assert server.sent("/file") == [100_000, 300_000]


def test_resumes_by_date(server, target):
    date = {"Last-Modified": "Mon, 03 Jan 2022 00:00:00 GMT"}
    server.pages["/file"] = Page(
        DATA, etag=None, headers=date, drops=[100_000], ranges="careless"
    )
    download(f"{server.url}/file", target)
    assert target.read_bytes() == DATA
    assert server.sent("/file") == [100_000, 200_000]


def test_part_of_another_address_is_not_used(server, target):
    server.pages["/old"] = Page(OTHER, drops=[200_000] + [0] * 10)
    server.pages["/new"] = Page(DATA)
    with pytest.raises(DataError):
        download(f"{server.url}/old", target)
    download(f"{server.url}/new", target)
    assert target.read_bytes() == DATA


def test_part_that_is_too_long_starts_again(server, target):
    server.pages["/file"] = Page(DATA, drops=[200_000] + [0] * 10)
    with pytest.raises(DataError):
        download(f"{server.url}/file", target)
    part = target.with_name("file.bin.part")
    part.write_bytes(part.read_bytes() + OTHER)
    server.pages["/file"] = Page(DATA)
    download(f"{server.url}/file", target)
    assert target.read_bytes() == DATA


def test_finished_part_needs_no_byte(server, target, monkeypatch):
    server.pages["/file"] = Page(DATA)

    def stop(*paths):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            download(f"{server.url}/file", target)
    assert left(target) == ["file.bin.part", "file.bin.part.json"]
    download(f"{server.url}/file", target)
    assert target.read_bytes() == DATA
    assert len(server.requests) == 1


@pytest.mark.parametrize("length", [len(DATA) + 1000, False])
def test_never_ends_with_a_truncated_file(server, target, length):
    server.pages["/file"] = Page(DATA, length=length)
    with pytest.raises(DataError, match="HTTP 416|how many bytes"):
        download(f"{server.url}/file", target)
    assert not target.exists()


def test_known_size_where_the_server_says_none(server, target):
    """A lost connection looks like the end of the file there."""
    page = server.pages["/file"] = Page(DATA, length=False, drops=[100_000] + [0] * 9)
    with pytest.raises(DataError, match="100000 of 300000 bytes"):
        download(f"{server.url}/file", target, size=len(DATA))
    assert not target.exists()
    page.drops = []
    download(f"{server.url}/file", target, size=len(DATA))
    assert target.read_bytes() == DATA


def test_chunked_without_a_length(server, target):
    server.pages["/file"] = Page(DATA, length="chunked", ranges="no", drops=[1000])
    download(f"{server.url}/file", target)
    assert target.read_bytes() == DATA


def test_stays_packed(server, target):
    packed = gzip.compress(DATA)
    server.pages["/file"] = Page(packed, headers={"Content-Encoding": "gzip"})
    download(f"{server.url}/file", target)
    assert target.read_bytes() == packed


def test_wrong_hash(server, target):
    server.pages["/file"] = Page(OTHER)
    with pytest.raises(DataError) as error:
        download(f"{server.url}/file", target, SHA256)
    assert SHA256 in str(error.value)
    assert hashlib.sha256(OTHER).hexdigest() in str(error.value)
    assert left(target) == []


def test_wrong_size(server, target):
    server.pages["/file"] = Page(OTHER)
    with pytest.raises(DataError, match="310000 bytes instead of 300000"):
        download(f"{server.url}/file", target, size=len(DATA))
    assert left(target) == []


@pytest.mark.parametrize("status, asked", [(404, 1), (403, 1), (400, 1), (503, 4)])
def test_refusals(server, target, status, asked):
    server.pages["/file"] = Page(b"sorry", status)
    with pytest.raises(DataError, match=f"/file .*{status}"):
        download(f"{server.url}/file", target)
    assert len(server.requests) == asked
    assert left(target) == []


def test_no_server(target, monkeypatch):
    monkeypatch.setattr(module, "BACKOFF", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(DataError, match=f"{port}/file .*connection is refused"):
            download(f"http://127.0.0.1:{port}/file", target)


def test_folder_that_cannot_be_written(server, tmp_path):
    server.pages["/file"] = Page(DATA)
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(DataError, match="cannot be stored .*COLORLIB_CACHE"):
        download(f"{server.url}/file", tmp_path / "cache" / "file.bin")


def test_full_disk(server, target, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    server.pages["/file"] = Page(DATA)
    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(DataError, match="No space left on device"):
        download(f"{server.url}/file", target)
    assert not target.exists()


def test_message_hides_password_and_signature(server, target):
    address = server.url.replace("http://", "http://me:secret@")
    with pytest.raises(DataError) as error:
        download(f"{address}/file?key=hidden", target)
    assert "secret" not in str(error.value)
    assert "hidden" not in str(error.value)


def archive(kind):
    """A zip, tar or tgz of two files that do not compress."""
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as packed:
            packed.writestr("a.bin", DATA[:20_000])
            packed.writestr("b.bin", DATA[20_000:40_000])
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:gz" if kind == "tgz" else "w") as packed:
        for start, name in ((0, "a.bin"), (20_000, "b.bin")):
            member = tarfile.TarInfo(name)
            member.size = 20_000
            packed.addfile(member, io.BytesIO(DATA[start : start + 20_000]))
    return buffer.getvalue()


def damaged(kind):
    """Ways to damage an archive, by name."""
    good = archive(kind)
    middle = len(good) // 2
    flipped = bytearray(good)
    flipped[middle] ^= 255
    ways = {
        "truncated": good[:30_000],
        "a web page": b"<html>Please sign in to this network</html>",
    }
    if kind == "tar":  # between the members: header and 20,000 bytes in blocks of 512
        ways["cut between files"] = good[: 512 + 20_480]
    else:
        ways["a flipped byte"] = bytes(flipped)
    return ways


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_archives_are_read_before_they_are_used(server, tmp_path, kind):
    path = tmp_path / f"set.{kind}"
    for way, data in damaged(kind).items():
        server.pages["/set"] = Page(data)
        with pytest.raises(DataError, match="truncated|damaged|not an archive"):
            download(f"{server.url}/set", path)
        assert os.listdir(tmp_path) == [], way
    good = archive(kind)
    server.pages["/set"] = Page(good)
    download(f"{server.url}/set", path)
    assert path.read_bytes() == good
