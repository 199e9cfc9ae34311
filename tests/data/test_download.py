"""Downloads against a server that drops, lies and changes its mind."""

import errno
import gzip
import hashlib
import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile

import numpy as np
import pytest
from small import ROOT, encode

from colorlib.data import download as module
from colorlib.data.download import download, is_there, redact_url
from colorlib.errors import DataError
from colorlib.utils.files import file_lock
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


# Passwords and tokens.


SECRET = "hunter2"
SPELLINGS = [  # what goes before the host, and after the file
    ("me:hunter2@", ""),
    ("me:p@hunter2@", ""),
    ("me:p/hunter2@", ""),
    ("me:1/hunter2@", ""),
    ("me:p?hunter2@", ""),
    ("me:1?hunter2@", ""),
    ("me:p#hunter2@", ""),
    ("me:p@s?hunter2@", ""),
    ("me:p://hunter2@", ""),
    ("me:hunter2:hunter2@", ""),
    ("me:%40hunter2@", ""),
    ("hunter2@", ""),
    (":hunter2@", ""),
    ("", "?token=hunter2"),
    ("", "?a=1&token=hunter2&mail=me@host"),
    ("", "?mail=me@host&token=hunter2"),
    ("", "#token=hunter2"),
    ("me:hunter2@", "?token=hunter2#hunter2"),
]


@pytest.mark.parametrize("before, after", SPELLINGS)
def test_no_secret_is_shown(before, after):
    for scheme in ("https://", "http://", ""):
        shown = redact_url(f"{scheme}{before}host/file{after}")
        assert SECRET not in shown and "hunter" not in shown
    assert redact_url("https://host:80/a/file.tar") == "https://host:80/a/file.tar"


@pytest.mark.parametrize("before, after", SPELLINGS)
def test_no_secret_is_in_a_message_or_on_the_disk(
    server, target, monkeypatch, before, after
):
    monkeypatch.setattr(module, "RETRIES", 0)
    server.pages["/file"] = Page(DATA, drops=[200_000])
    address = server.url.replace("http://", f"http://{before}") + f"/file{after}"
    with pytest.raises(DataError) as error:
        download(address, target, SHA256)
    assert SECRET not in f"{error.value} {error.value.args}"
    for name in left(target):
        assert SECRET.encode() not in (target.parent / name).read_bytes()


def test_a_download_with_a_password_goes_on_later(server, target, monkeypatch):
    monkeypatch.setattr(module, "RETRIES", 0)
    page = server.pages["/file"] = Page(DATA, drops=[200_000])
    address = server.url.replace("http://", "http://me:hunter2@") + "/file?key=old"
    with pytest.raises(DataError):
        download(address, target)
    page.drops = []
    download(address.replace("old", "new"), target)  # a newly signed address
    assert target.read_bytes() == DATA and server.sent("/file") == [200_000, 100_000]


# Two at once.


def test_two_threads_fetch_a_file_once(server, target):
    def slowly(request):
        time.sleep(0.2)
        return Page(DATA)

    server.pages["/file"] = slowly
    results = []

    def fetch():
        results.append(download(f"{server.url}/file", target))

    threads = [threading.Thread(target=fetch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [target] * 3 and target.read_bytes() == DATA
    assert server.sent("/file") == [len(DATA)]
    assert left(target) == ["file.bin"]


def test_a_process_waits_for_the_file_of_another(server, target):
    server.pages["/file"] = Page(OTHER)
    code = (
        "import sys, requests; from colorlib.data.download import download\n"
        "print('begins', flush=True); print(download(*sys.argv[1:]), flush=True)"
    )
    command = [sys.executable, "-c", code, f"{server.url}/file", str(target)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with file_lock(target.with_name("file.bin.lock")):
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, env=environment, text=True
        )
        assert process.stdout.readline() == "begins\n"
        time.sleep(0.3)
        target.write_bytes(DATA)  # as this process would in the end
    assert process.communicate(timeout=20)[0] == f"{target}\n"
    assert server.requests == [] and target.read_bytes() == DATA


def test_where_the_first_fails_the_second_tries_itself(server, target):
    server.pages["/file"] = Page(DATA)
    lock = file_lock(target.with_name("file.bin.lock"))
    thread = threading.Thread(target=download, args=(f"{server.url}/file", target))
    with lock:
        thread.start()
        time.sleep(0.05)
    thread.join()
    assert target.read_bytes() == DATA


# What comes is what it should be.


GREY = encode(np.random.default_rng(2).integers(0, 256, (40, 40), "uint8"))
PAGE = b"<!DOCTYPE html><title>Sign in</title>" + b" " * 2000
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    "data",
    [
        PAGE,
        b"",
        GREY[:-30],
        GREY[:200],
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        b"%PDF-1.7",
    ],
)
@pytest.mark.parametrize("name", ["a.png", "B.JPG", "c.jpeg"])
def test_a_picture_is_decoded_before_it_is_kept(server, tmp_path, data, name):
    path = tmp_path / "set" / name
    server.pages["/picture"] = Page(data)
    with pytest.raises(DataError, match=f"{name} is damaged or no picture.* deleted"):
        download(f"{server.url}/picture", path)
    assert left(path) == []
    server.pages["/picture"] = Page(GREY)
    assert download(f"{server.url}/picture", path).read_bytes() == GREY


@pytest.mark.parametrize("name", ["a.png", "b.tar", "c.npz", "d.tgz", "e.whl", "f"])
@pytest.mark.parametrize("sha256", [None, SHA256])
def test_a_login_page_is_said_and_not_kept(server, tmp_path, name, sha256):
    path = tmp_path / "set" / name
    server.pages["/file"] = Page(PAGE, etag=None, headers=HTML)
    for _ in range(2):
        with pytest.raises(DataError, match="/file answers with a web page.*login"):
            download(f"{server.url}/file", path, sha256)
        assert left(path) == []
    assert len(server.requests) == 2  # asked again, and not in vain four times


def test_a_login_page_costs_nothing_of_what_had_come(server, target):
    server.pages["/file"] = Page(DATA, drops=[200_000] + [0] * 10)
    with pytest.raises(DataError):
        download(f"{server.url}/file", target)
    whole = server.pages["/file"]
    server.pages["/file"] = Page(PAGE, etag=None, ranges="no", headers=HTML)
    with pytest.raises(DataError, match="login"):
        download(f"{server.url}/file", target)
    server.pages["/file"], whole.drops, server.requests = whole, [], []
    download(f"{server.url}/file", target)
    assert target.read_bytes() == DATA and server.sent("/file") == [100_000]


@pytest.mark.parametrize("sha256", [None, SHA256])
def test_a_server_that_sends_too_much_is_cut_off(server, target, sha256):
    server.pages["/file"] = Page(bytes(30_000_000), length="chunked", ranges="no")
    with pytest.raises(DataError, match="more than the 1000 bytes"):
        download(f"{server.url}/file", target, sha256, size=1000)
    assert left(target) == []
    assert [request.taken for request in server.requests] == [False]


def test_a_server_is_asked_what_it_has(server, target):
    server.pages["/file"] = Page(DATA)
    server.pages["/old"] = Page(DATA, head=False)
    server.pages["/login"] = Page(PAGE, headers=HTML)
    server.pages["/closed"] = Page(b"", 403)
    server.pages["/down"] = Page(b"", 503)
    assert is_there(f"{server.url}/file") and not is_there(f"{server.url}/none")
    assert [r.method for r in server.requests] == ["HEAD", "HEAD"]
    assert is_there(f"{server.url}/old")
    for name, words in (("login", "web page"), ("closed", "403"), ("down", "503")):
        with pytest.raises(DataError, match=f"/{name} .*{words}"):
            is_there(f"{server.url}/{name}")


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
