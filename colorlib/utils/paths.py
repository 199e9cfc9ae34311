"""Where the project's own files lie: in a checkout, or inside an installed package.

A checkout (run in place, or installed with `pip install -e`) has them in `data`. A
wheel has those that its commands need in `colorlib/bundled`, see `pyproject.toml`.
"""

import re
from pathlib import Path

DISTRIBUTION = "colorization-course"
_PACKAGE = Path(__file__).resolve().parents[1]
_BUNDLED = _PACKAGE / "bundled"  # made when a wheel is built; a checkout has none

if _BUNDLED.is_dir():
    import platformdirs

    CHECKOUT = None
    DATA = _BUNDLED
    CACHE = platformdirs.user_cache_path("colorlib", appauthor=False)
    RUNS = platformdirs.user_data_path("colorlib", appauthor=False) / "runs"
else:
    CHECKOUT = _PACKAGE.parent
    DATA = CHECKOUT / "data"
    CACHE = DATA / "cache"  # what is downloaded, unless COLORLIB_CACHE says otherwise
    RUNS = CACHE / "runs"  # where `train` leaves a recipe


def needs_checkout(what):
    """The sentence for what an installed package does not contain.

    Args:
        what: what is missing, the beginning of the sentence.

    Returns:
        A sentence that says where to get it, or "" in a checkout, which has all.
    """
    if CHECKOUT:
        return ""
    return f"{what} not in the installed package: git clone {repository_url()}"


def repository_url():
    """The address of the course's repository, as `pyproject.toml` has it."""
    if CHECKOUT:
        return _from_pyproject("Repository")
    from importlib import metadata

    urls = metadata.metadata(DISTRIBUTION).get_all("Project-URL")
    return dict(url.split(", ", 1) for url in urls)["Repository"]


def version():
    """The version, as `pyproject.toml` has it."""
    if CHECKOUT:
        return _from_pyproject("version")
    from importlib import metadata

    return metadata.version(DISTRIBUTION)


def license_text():
    """The text of the project's licence."""
    if CHECKOUT:
        return (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    from importlib import metadata

    return metadata.distribution(DISTRIBUTION).read_text("licenses/LICENSE")


def _from_pyproject(key):
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(rf'(?m)^{key} = "(.+)"$', text)[1]
