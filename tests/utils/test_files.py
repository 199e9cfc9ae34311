import os
import shutil
import types

import numpy as np
import pytest

from colorlib.utils.files import UNFINISHED, check_writable, remove_unfinished
from colorlib.utils.files import write_atomically as write

resource = pytest.importorskip("resource")  # not on Windows


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def no_room(*_):
    raise OSError(28, "No space left on device")


@pytest.fixture
def small_files():
    """Calls a function while no file may grow above so many bytes: a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(size, function, *arguments):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            function(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    return limited


def test_writing_is_atomic(tmp_path, monkeypatch):
    path = tmp_path / "a" / "file"
    write(path, b"old")
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(OSError, match="No space left.*a/file"):
        write(path, b"new")
    assert path.read_bytes() == b"old" and names(path.parent) == ["file"]
    monkeypatch.undo()
    write(path, b"new")
    assert path.read_bytes() == b"new" and names(path.parent) == ["file"]


def test_it_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    done = []
    real = {name: getattr(os, name) for name in ("fsync", "replace")}
    for name in real:

        def watched(*arguments, name=name):
            done.append(name)
            return real[name](*arguments)

        monkeypatch.setattr(os, name, watched)
    write(tmp_path / "file", lambda file: file.write(b"new"))
    assert done == ["fsync", "replace"]


def test_a_disk_that_fills_up_leaves_the_old_file_and_is_named(tmp_path, small_files):
    path = tmp_path / "last.npz"
    write(path, lambda file: np.savez(file, old=np.arange(3)))
    before = path.read_bytes()
    large = {f"array_{i}": np.zeros(5000) for i in range(3)}
    for data in (bytes(50_000), lambda file: np.savez(file, **large)):
        with pytest.raises(OSError, match="File too large.*last.npz"):
            small_files(20_000, write, path, data)
        assert path.read_bytes() == before and names(tmp_path) == ["last.npz"]


def test_a_folder_that_cannot_be_written_is_found_at_once(tmp_path):
    check_writable(tmp_path / "new" / "folder")
    assert names(tmp_path / "new" / "folder") == []
    (tmp_path / "file").write_text("a file")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match="cannot be written.*Choose another"):
            check_writable(folder)
    assert (tmp_path / "file").read_text() == "a file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may")
def test_a_read_only_folder_is_found_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="cannot be written"):
        check_writable(tmp_path)


def test_a_full_disk_is_found_at_once(tmp_path, small_files):
    with pytest.raises(OSError, match="cannot be written: .*too large"):
        small_files(1000, check_writable, tmp_path)
    assert names(tmp_path) == []


def test_too_little_room_is_found_at_once(tmp_path, monkeypatch):
    usage = types.SimpleNamespace(free=3_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    check_writable(tmp_path, 3_000_000)
    with pytest.raises(OSError, match="needs 4 MB of free disk.*there are 3. Make"):
        check_writable(tmp_path, 4_000_000)
    assert names(tmp_path) == []


def test_what_a_kill_left_is_removed_and_nothing_else(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_room)
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: None)  # as if killed
        with pytest.raises(OSError):
            write(tmp_path / "file", b"half")
    assert names(tmp_path)[0].startswith(UNFINISHED)
    write(tmp_path / "other", b"whole")
    (tmp_path / ".hidden").write_text("not ours")
    remove_unfinished(tmp_path)
    assert names(tmp_path) == [".hidden", "other"]
    remove_unfinished(tmp_path / "none")
