"""A folder of static files that colours photographs in the visitor's own browser.

The page is in `web_page`, its editor of hints, which the app has too, in
`colorize/hint_editor`. `build_page` adds the exported network, and ONNX Runtime for
browsers from its npm package. No server computes anything: any static host will do.
"""

import html
import json
import os
import tarfile
import tempfile
from importlib import resources
from pathlib import Path

from colorlib.data.pretrained import fetch_pretrained
from colorlib.export.onnx import export_onnx, load_colorizer
from colorlib.models.cards import read_card
from colorlib.utils.files import check_writable, write_atomically
from colorlib.utils.paths import license_text, repository_url

# The files of the page: packages, and a folder in each.
_PLACES = {"colorlib.export": "web_page", "colorlib.colorize": "hint_editor"}
RUNTIME = "onnxruntime-web-1.30.0.tgz"
# WebAssembly only. With WebGPU it has 27 MB instead of 14, and the network, which sees
# about 160 x 160 pixels, takes a fraction of a second as it is.
_FROM_RUNTIME = {
    "ort.js": "package/dist/ort.wasm.bundle.min.mjs",
    "ort.wasm": "package/dist/ort-wasm-simd-threaded.wasm",
}
# Stands in every index.html of this module's: the page may be replaced by a new one.
_MARKER = b'<meta name="generator" content="colorlib web">'
_LICENCES = """\
The page, its program and the network: MIT licence, below; {network}.
ONNX Runtime (ort.js, ort.wasm): MIT licence, as below, of which the first line is
Copyright (c) Microsoft Corporation.

{text}"""


def build_page(folder, model):
    """Writes the page, the network and the runtime into a folder.

    Args:
        folder: where to; made if need be. Files of an earlier build are replaced, known
            by the mark in its index.html; nothing else is.
        model: a name from `models.available_models()`, or the path of a weights file
            with its card beside it.

    Returns:
        dict: the files that a visitor's browser loads, and their bytes.

    Raises:
        FileNotFoundError: if there is no such model.
        ImportError: if the `onnx` package is not installed.
        FileExistsError: if the folder holds a file of a name that is needed, and is not
            an earlier build.
        ValueError: if the model cannot be exported.
        DataError: if the runtime is not here and cannot be fetched.
        OSError: if the folder cannot be written.
    """
    folder = Path(folder)
    files = {
        path.name: path.read_bytes()
        for package, place in _PLACES.items()
        for path in resources.files(package).joinpath(place).iterdir()
    }
    made = ("model.onnx", "model.json", "licences.txt")
    _check_own(folder, [*files, *_FROM_RUNTIME, *made])
    check_writable(folder)
    runtime = _runtime_files()
    files |= runtime
    network, about = load_colorizer(model, hints=True)
    _, card = read_card(model)
    with tempfile.TemporaryDirectory() as work:
        export_onnx(network, Path(work) / "model.onnx", about)
        files["model.onnx"] = (Path(work) / "model.onnx").read_bytes()
    large = {name: len(files[name]) for name in ("ort.wasm", "model.onnx")}
    total = sum(map(len, files.values()))
    about |= {"bytes": large, "total": sum(large.values())}
    if "likely_colors" in card:
        about["likely_colors"] = card["likely_colors"]
    files["model.json"] = json.dumps(about, indent=1, ensure_ascii=False).encode()
    files["licences.txt"] = _LICENCES.format(
        network=about["licence"].partition("; ")[2] or "trained from random weights",
        text=license_text(),
    ).encode()
    page = files["index.html"].decode()
    page = page.replace("{repository}", html.escape(repository_url()))
    page = page.replace("{megabytes}", f"{total / 1e6:.0f}")
    files["index.html"] = page.encode()
    # The marked page first: a build that was stopped half-way can be run again.
    for name in sorted(files, key=lambda name: name != "index.html"):
        write_atomically(folder / name, files[name])
    return {n: len(data) for n, data in files.items() if n != "licences.txt"}


def _check_own(folder, names):
    """Raises `FileExistsError` if a file would be replaced that is not ours."""
    found = [name for name in names if os.path.lexists(folder / name)]
    page = folder / "index.html"
    if found and not (page.is_file() and _MARKER in page.read_bytes()):
        raise FileExistsError(
            f"{folder} holds {', '.join(sorted(found))}, which this command did not "
            "write and does not replace. Choose another folder, or move them away."
        )


def _runtime_files():
    with tarfile.open(fetch_pretrained(RUNTIME)) as archive:
        return {
            name: archive.extractfile(member).read()
            for name, member in _FROM_RUNTIME.items()
        }
