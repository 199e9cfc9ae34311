"""What the tests of sets that are fetched share."""

import pytest

from colorlib.data import download


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """The path of an empty cache; no proxy, and no waiting."""
    monkeypatch.setattr(download, "BACKOFF", 0)
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"
