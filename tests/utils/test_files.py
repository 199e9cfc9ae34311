import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest
from small import ROOT, held_elsewhere

from colorlib.errors import BusyError
from colorlib.utils import files
from colorlib.utils.files import (
    UNFINISHED,
    check_writable,
    file_lock,
    remove_unfinished,
    sha256_of,
)
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
    remove_unfinished(tmp_path)  # it is young: somebody may be writing it
    assert len(names(tmp_path)) == 3
    remove_unfinished(tmp_path, age=0)
    assert names(tmp_path) == [".hidden", "other"]
    remove_unfinished(tmp_path / "none")


def test_leftovers_are_removed_while_another_writes(tmp_path):
    """Two runs in one folder: what one is writing is not the other's to delete."""
    began, cleaned = threading.Event(), threading.Event()

    def slowly(file):
        file.write(b"first half, ")
        began.set()
        assert cleaned.wait(5)
        file.write(b"second half")

    thread = threading.Thread(target=write, args=(tmp_path / "last.npz", slowly))
    thread.start()
    assert began.wait(5)
    remove_unfinished(tmp_path)
    cleaned.set()
    thread.join()
    assert (tmp_path / "last.npz").read_bytes() == b"first half, second half"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_a_file_that_is_replaced_passes_on_its_mode(tmp_path, mode):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path, b"new")
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("there", [True, False])
def test_of_a_link_the_target_is_written(tmp_path, there):
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "target", tmp_path / "link"
    if there:
        target.write_bytes(b"old")
    link.symlink_to(tmp_path / "second")
    (tmp_path / "second").symlink_to("far/target")  # a link to a link
    write(link, b"new")
    assert link.is_symlink() and (tmp_path / "second").is_symlink()
    assert target.read_bytes() == b"new" and names(target.parent) == ["target"]


def test_names_may_be_as_long_as_the_disk_allows(tmp_path):
    path = tmp_path / ("n" * 251 + ".jpg")
    write(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (5 << 19) + 3])
def test_the_hash_of_a_file(tmp_path, size):
    data = np.random.default_rng(size).bytes(size)
    (tmp_path / "file").write_bytes(data)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(data).hexdigest()


# One at a time.


def test_a_lock_is_held_by_one_thread_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_POLL", 0.001)
    inside, most = [], []

    def work():
        for _ in range(10):
            with file_lock(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 40 and max(most) == 1
    assert names(tmp_path) == []


def test_a_lock_that_is_taken_is_said_at_once(tmp_path):
    lock = tmp_path / "new folder" / "lock"
    with held_elsewhere(file_lock(lock)):
        with pytest.raises(BusyError, match="in use"):
            with file_lock(lock, "in use"):
                raise AssertionError("two inside")
    with file_lock(lock, "in use"):  # free again
        with file_lock(lock, "in use"):  # the thread that has it may come in again
            assert lock.exists()
        assert lock.exists()
    assert not lock.exists()


def test_an_error_in_the_block_frees_the_lock(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with file_lock(tmp_path / "lock"):
            1 / 0
    with held_elsewhere(file_lock(tmp_path / "lock", "in use")):
        pass


def test_a_killed_process_frees_its_lock(tmp_path):
    code = (
        "import sys, time; from colorlib.utils.files import file_lock\n"
        "with file_lock(sys.argv[1]): print('mine', flush=True); time.sleep(60)"
    )
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", code, str(lock)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert process.stdout.readline() == b"mine\n"
    with pytest.raises(BusyError), file_lock(lock, "in use"):
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert lock.exists()  # nobody could delete it
    with file_lock(lock, "in use"):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_on_a_disk_without_locks_work_goes_on(tmp_path, monkeypatch, code):
    def flock(file, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.fcntl, "flock", flock)
    with file_lock(tmp_path / "lock", "in use"):
        pass
    assert names(tmp_path) == []


def test_who_waits_long_is_told_for_what(tmp_path, monkeypatch, capsys):
    clock = iter(range(0, 100, 3))
    now = types.SimpleNamespace(monotonic=lambda: next(clock), sleep=time.sleep)
    monkeypatch.setattr(files, "time", now)
    waited = []

    def wait():
        with file_lock(tmp_path / "lock"):
            waited.append(1)

    thread = threading.Thread(target=wait)
    with held_elsewhere(file_lock(tmp_path / "lock")):
        thread.start()
        time.sleep(0.3)
    thread.join()
    assert waited and capsys.readouterr().err.count("waiting for another run") == 1
