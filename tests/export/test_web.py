"""The static page in a real browser: real files in, downloaded files compared."""

import io
import json
import os
import re
import tarfile

import numpy as np
import pytest
from browser import open_browser
from loopback import Loopback, Page
from PIL import Image
from small import ROOT, encode
from visitor import Visitor, build_site, serve

from colorlib.cli.parser import main
from colorlib.colorize.colorizer import Colorizer
from colorlib.data import pretrained
from colorlib.export import site as site_module
from colorlib.export.site import RUNTIME, build_page
from colorlib.images.read import read_picture
from colorlib.images.resize import resize_rgb
from colorlib.utils.paths import repository_url

pytest.importorskip("onnx", reason="no onnx: pip install onnx")
GIVEN = os.environ.get("COLORLIB_BACKBONES")
OLD, PHOTOS = ROOT / "data" / "samples" / "old", ROOT / "data" / "samples" / "test"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder that `build_page` makes of the shipped model."""
    folder = tmp_path_factory.mktemp("site")
    build_site(folder, "flagship", GIVEN)
    return folder


@pytest.fixture(scope="module")
def server(site):
    with Loopback() as running:
        serve(running, site)
        yield running


@pytest.fixture(scope="module")
def browser():
    with open_browser() as running:
        yield running


@pytest.fixture(scope="module")
def visitor(browser, server):
    return Visitor(browser, server)


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer("flagship")


def rotated(path, orientation):
    """A photograph as a camera stores it: turned, and a note to turn it back."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = Image.open(path).transpose(Image.Transpose.ROTATE_90)
    return encode(turned, "JPEG", quality=95, exif=exif)


@pytest.mark.parametrize(
    "how, name",
    [
        ("drop", "nagasaki-boats.jpg"),
        ("choose", "alpine-landscape.jpg"),
        ("paste", "red-panda.jpg"),
    ],
)
def test_a_photo_comes_back_as_colorize_makes_it(visitor, colorizer, how, name):
    path = OLD / name
    said = visitor.give(name, path.read_bytes(), how, "image/jpeg")
    picture = read_picture(path)
    height, width = picture.rgb.shape[:2]
    assert said.startswith(f"{name}: {width} × {height} pixels, coloured in ")
    suggested, data = visitor.save()
    assert suggested == name.replace(".jpg", "-colour.jpg")
    assert Image.open(io.BytesIO(data)).format == "JPEG"
    wanted = colorizer.colorize(picture).rgb.astype(int)
    assert np.abs(read_picture(data).rgb.astype(int) - wanted).mean() < 3
    found = visitor.rgb()
    assert found.shape == wanted.shape
    difference = np.abs(found - wanted)
    assert difference.mean() < 0.05 and difference.max() <= 2
    assert visitor.errors == []


def test_a_turned_photo_comes_back_upright(visitor, colorizer):
    data = rotated(OLD / "castle-clinton.jpg", 6)
    stored = Image.open(io.BytesIO(data)).size
    visitor.give("turned.jpg", data, kind="image/jpeg")
    found = visitor.rgb()
    assert found.shape == (stored[0], stored[1], 3)
    wanted = colorizer.colorize(read_picture(data)).rgb
    assert np.abs(found - wanted).mean() < 0.05


def test_transparency_stays(visitor, colorizer):
    rgb = read_picture(PHOTOS / "water__mate-aqua_01.jpg").rgb.copy()
    rgb[:20] = 0  # what nobody can see is black in the browser's canvas
    alpha = np.full(rgb.shape[:2], 255, "uint8")
    alpha[:20], alpha[-20:] = 0, 128
    data = encode(np.dstack([rgb, alpha]))
    visitor.give("cut out.png", data)
    name, saved = visitor.save()
    assert name == "cut out-colour.png"
    found = read_picture(saved)
    assert (found.alpha == alpha).all()
    wanted = colorizer.colorize(read_picture(data)).rgb.astype(int)
    # What is half seen loses a level or two there.
    difference = np.abs(found.rgb.astype(int) - wanted)
    assert difference[20:-20].mean() < 0.5 and difference[-20:].mean() < 2
    white = read_picture(visitor.save("image/jpeg")[1]).rgb
    assert white[:16].min() > 250


def test_strength(visitor, colorizer):
    picture = read_picture(OLD / "nagasaki-boats.jpg")
    visitor.give("boats.jpg", (OLD / "nagasaki-boats.jpg").read_bytes())
    asked = len(visitor.addresses)
    visitor.strength(0)
    found = visitor.rgb()
    assert np.ptp(found, axis=2).max() <= 1 < np.ptp(found)  # grey, not empty
    assert visitor.page.inner_text("#percent") == "0 %"
    visitor.strength(200)
    wanted = colorizer.colorize(picture, 2.0).rgb.astype(int)
    assert np.abs(visitor.rgb() - wanted).mean() < 0.05
    # The next photo gets what the slider says.
    visitor.strength(0)
    visitor.give("again.jpg", (OLD / "nagasaki-boats.jpg").read_bytes())
    shot = visitor.page.locator("#compare").screenshot()
    inner = read_picture(shot).rgb.astype(int)[200:600, 10:-10]
    assert np.ptp(inner, axis=2).max() <= 2
    visitor.strength(100)
    shot = read_picture(visitor.page.locator("#compare").screenshot()).rgb.astype(int)
    middle = shot.shape[1] // 2
    chroma = np.ptp(shot, axis=2)
    assert chroma[:, middle + 10 :].mean() > chroma[:, : middle - 10].mean() + 5
    assert visitor.addresses[asked:] == [
        url for url in visitor.addresses[asked:] if url.startswith("blob:")
    ]


def test_keyboard_and_pointer_move_the_border(visitor):
    visitor.give("boats.jpg", (OLD / "nagasaki-boats.jpg").read_bytes())
    page = visitor.page
    border = "getComputedStyle(document.getElementById('compare'))"
    border += ".getPropertyValue('--split')"
    assert page.evaluate(border) == "50%"
    page.focus("#split")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(border) == "51%"
    box = page.locator("#compare").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 60)
    page.mouse.up()
    assert page.evaluate(border) == "25%"
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    assert page.evaluate(border) == "25%"
    unnamed = [
        element
        for element in page.locator("input, select, button, canvas, a").all()
        if not page.evaluate(
            "e => e.labels?.length || e.ariaLabel || e.textContent.trim()",
            element.element_handle(),
        )
    ]
    assert unnamed == []


@pytest.mark.parametrize(
    "name, kind, data, message",
    [
        ("notes.txt", "text/plain", b"hello", "notes.txt is not a picture. Choose a"),
        ("no ending", "", b"hello", "no ending is not a picture. Choose a"),
        ("empty.jpg", "image/jpeg", b"", "empty.jpg is empty."),
        (
            "bad.png",
            "image/png",
            b"\x89PNG\r\n",
            "bad.png cannot be read: it is damaged",
        ),
    ],
)
def test_files_that_are_no_pictures_are_refused(
    browser, server, name, kind, data, message
):
    visitor = Visitor(browser, server)
    said = visitor.give(name, data, "drop", kind)
    assert said.startswith(message)
    assert not visitor.page.is_visible("#result")
    assert visitor.errors == []
    visitor.context.close()


def test_a_picture_beyond_the_canvas_is_refused(visitor):
    data = encode(np.zeros((1, 70_000), "uint8"))
    said = visitor.give("wide.png", data)
    assert said.startswith(
        ("wide.png has 70000 × 1 pixels: too many", "wide.png cannot")
    )


WATCH = """() => {
  window.said = [];
  const status = document.getElementById("status");
  const note = () => said.push([status.textContent, document.body.className]);
  new MutationObserver(note).observe(status, { childList: true });
}"""


def test_of_two_photos_at_once_the_last_one_counts(visitor):
    visitor.page.evaluate(WATCH)
    first, last = (
        encode(np.zeros((900, 900), "uint8")),
        encode(np.ones((8, 9), "uint8")),
    )
    for name, data in (("first.png", first), ("last.png", last)):
        file = {"name": name, "mimeType": "image/png", "buffer": data}
        visitor.page.set_input_files("#file", files=[file])
    visitor.page.wait_for_selector("#status:has-text('last.png: 9 × 8 pixels')")
    *before, _ = visitor.page.evaluate("said")
    assert before and {state for _, state in before} == {"busy"}
    assert not [text for text, _ in before if text.startswith("first.png")]
    visitor.page.wait_for_selector("body:not(.busy)")
    name, data = visitor.save()
    assert name == "last-colour.png" and read_picture(data).rgb.shape == (8, 9, 3)


def test_of_a_photo_and_a_wrong_file_at_once_the_photo_is_shown(visitor, colorizer):
    visitor.give("old.png", encode(np.zeros((8, 9), "uint8")))
    path = OLD / "castle-clinton.jpg"
    wrong = {"name": "wrong.txt", "mimeType": "text/plain", "buffer": b"hello"}
    visitor.page.set_input_files("#file", path)
    visitor.page.set_input_files("#file", files=[wrong])
    visitor.page.wait_for_selector("body:not(.busy)")
    assert visitor.page.inner_text("#status").startswith("wrong.txt is not a picture")
    picture = read_picture(path)
    height, width = picture.rgb.shape[:2]
    shown = visitor.page.eval_on_selector(
        "#compare", "e => e.clientWidth / e.clientHeight"
    )
    assert abs(shown - width / height) < 0.02
    assert visitor.save()[0] == "castle-clinton-colour.jpg"
    wanted = colorizer.colorize(picture).rgb.astype(int)
    assert np.abs(visitor.rgb() - wanted).mean() < 0.05
    assert visitor.errors == []


def test_a_missing_worker_is_said(browser, server):
    page = server.pages.pop("/course/worker.js")
    try:
        visitor = Visitor(browser, server)
        said = visitor.page.locator("#status.error")
        said.wait_for(timeout=10_000)
        assert said.inner_text().startswith("The colorizer cannot start: reload")
        assert visitor.page.is_disabled("#file")
        visitor.context.close()
    finally:
        server.pages["/course/worker.js"] = page


def test_nothing_leaves_the_machine(browser, server):
    server.requests.clear()
    visitor = Visitor(browser, server)
    visitor.give("boats.jpg", (OLD / "nagasaki-boats.jpg").read_bytes())
    visitor.save()
    assert {url for url in visitor.addresses if not url.startswith("blob:")} == {
        f"{server.url}/course/{name}"
        for name in ("", "style.css", "page.js", "worker.js", "colour.js", "icon.svg")
        + ("hint_editor.js", "hint_editor.css")
        + ("model.json", "ort.js", "ort.wasm", "model.onnx")
    }
    assert {request.method for request in server.requests} == {"GET"}
    assert {request.body for request in server.requests} == {b""}
    assert 15e6 < sum(request.sent for request in server.requests) < 25e6
    # Not even if it wanted to: neither the page nor the worker may.
    with Loopback() as elsewhere:
        code = f"fetch('{elsewhere.url}/').then(() => 'sent', () => 'refused')"
        (worker,) = visitor.page.workers
        for scope in (visitor.page, worker):
            assert scope.evaluate(code) == "refused"
        assert elsewhere.requests == []
    visitor.context.close()


@pytest.mark.parametrize(
    "name, broken, message",
    [
        ("model.json", Page(b"", 503), "model.json: 503"),
        ("ort.js", Page(b"", 404), "ort.js: 404"),
        ("model.onnx", Page(b"", 404), "model.onnx: 404"),
        ("model.onnx", Page(bytes(9), drops=[5]), "model.onnx: no connection"),
        ("ort.wasm", Page(bytes(9)), "ort.wasm: another size than expected"),
        ("ort.wasm", Page(bytes(20_000_000)), "ort.wasm: another size than expected"),
    ],
)
def test_a_broken_connection_is_said(browser, server, name, broken, message):
    visitor = Visitor(browser, server)
    path = f"/course/{name}"
    whole = server.pages[path]
    broken.headers = whole.headers
    server.pages[path] = broken
    try:
        said = visitor.give("photo.png", encode(np.zeros((9, 9), "uint8")))
    finally:
        server.pages[path] = whole
    assert said == (
        f"The colorizer could not be loaded ({message}). Check the connection, then "
        "give the photo again."
    )
    visitor.page.wait_for_timeout(300)
    assert visitor.page.inner_text("#status") == said  # nothing goes on behind it
    if name == "model.onnx" and broken.status == 404:
        said = visitor.give("photo.png", encode(np.zeros((9, 9), "uint8")))
        assert "coloured in" in said
    visitor.context.close()


def test_an_isolated_page_uses_several_threads(browser, server):
    isolating = {"Cross-Origin-Opener-Policy": "same-origin"}
    isolating["Cross-Origin-Embedder-Policy"] = "require-corp"
    with Loopback() as isolated:
        for path, page in server.pages.items():
            page = Page(page.data, headers={**page.headers, **isolating})
            isolated.pages[path] = page
        visitor = Visitor(browser, isolated)
        assert visitor.page.evaluate("crossOriginIsolated")
        workers = visitor.page.workers
        worker = workers[0] if workers else visitor.page.wait_for_event("worker")
        code = "Object.defineProperty(navigator, 'hardwareConcurrency', { value: 4 })"
        worker.evaluate(code)
        said = visitor.give("small.png", encode(np.zeros((9, 9), "uint8")))
        assert "coloured in" in said
        urls = [each.url for each in visitor.page.workers]
        assert f"{isolated.url}/course/ort.js" in urls  # the second of two threads
        visitor.context.close()


@pytest.mark.parametrize("width", [360, 800])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_light_and_dark(browser, server, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 700}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(f"{server.url}/course/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shot = read_picture(page.screenshot()).rgb
    assert (np.median(shot) < 60) == (scheme == "dark")
    context.close()


def test_sizes_and_resizing_are_those_of_colorlib(visitor, colorizer):
    random = np.random.default_rng(0)
    sides = random.integers(1, 5000, (300, 2)).tolist()
    sides += [[100, 400], [400, 100], [1, 9000], [640, 480], [1000, 1000], [90, 160]]
    code = """async ([sides, size, multiple]) => {
      const { networkSize } = await import("./colour.js");
      return sides.map(([height, width]) => networkSize(height, width, size, multiple));
    }"""
    options = [sides, colorizer.size, colorizer.multiple]
    found = visitor.page.evaluate(code, options)
    assert found == [colorizer._network_size(*pair) for pair in sides]

    rgb = random.integers(0, 256, (50, 70, 3), dtype="uint8")
    rgba = np.dstack([rgb, np.full((50, 70), 255, "uint8")]).ravel().tolist()
    code = """async ([rgba, height, width]) => {
      const { resize } = await import("./colour.js");
      const picture = new ImageData(new Uint8ClampedArray(rgba), 70, 50);
      return [...resize(picture, height, width).data];
    }"""
    for height, width in ((16, 32), (64, 96), (50, 20), (128, 64)):
        data = visitor.page.evaluate(code, [rgba, height, width])
        found = np.array(data).reshape(height, width, 4)[..., :3]
        difference = np.abs(found - resize_rgb(rgb, height, width).astype(int))
        assert difference.max() <= 1 and difference.mean() < 0.01


def test_the_folder_stands_on_its_own(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert repository_url() in links and repository_url().startswith("https://")
    for link in links:
        assert link == repository_url() or (site / link).is_file(), link
    assert "{" not in page
    assert "default-src 'none'" in page and "unsafe-inline" not in page
    code = "".join(
        path.read_text() for path in site.glob("*.js") if "ort" not in path.name
    )
    for name in re.findall(r'"(?:\./)?([\w-]+\.(?:js|json|wasm|onnx))"', code):
        assert (site / name).is_file(), name
    assert not re.search(r"https?://", code + (site / "style.css").read_text())
    about = json.loads((site / "model.json").read_text())
    assert about["bytes"] == {
        name: (site / name).stat().st_size for name in ("model.onnx", "ort.wasm")
    }
    assert "Microsoft" in (site / "licences.txt").read_text()


def small_runtime(folder):
    """A stand-in for the package of ONNX Runtime."""
    with tarfile.open(folder / RUNTIME, "w:gz") as archive:
        for name in ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"):
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = 2_000_000
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return folder / RUNTIME


def test_the_command_builds_the_folder(tmp_path, monkeypatch, capsys, constant_model):
    path = small_runtime(tmp_path)
    monkeypatch.setattr("colorlib.export.site.fetch_pretrained", lambda name: path)
    for _ in range(2):  # the second replaces the first
        assert (
            main(["web", str(tmp_path / "site"), "--model", str(constant_model)]) == 0
        )
    said = capsys.readouterr().out
    loaded = [p for p in (tmp_path / "site").iterdir() if p.name != "licences.txt"]
    total = sum(path.stat().st_size for path in loaded)
    assert f"a visitor loads {total / 1e6:.1f} MB" in said
    assert "http.server --directory" in said
    about = json.loads((tmp_path / "site" / "model.json").read_text())
    assert (about["name"], about["size"], about["multiple"]) == ("constant", "32", "8")


@pytest.mark.parametrize(
    "name", ["index.html", "style.css", "model.onnx", "model.json", "ort.js", "link"]
)
def test_a_file_that_is_not_its_own_stays(
    tmp_path, monkeypatch, capsys, constant_model, name
):
    path, folder = small_runtime(tmp_path), tmp_path / "site"
    monkeypatch.setattr("colorlib.export.site.fetch_pretrained", lambda name: path)
    folder.mkdir()
    (folder / "notes.txt").write_text("in nobody's way")
    if name == "link":
        name = "icon.svg"
        (folder / name).symlink_to("nowhere")
    else:
        (folder / name).write_text("<html>my own page, work of years</html>")
    before = {path: path.lstat() for path in folder.iterdir()}
    assert main(["web", str(folder), "--model", str(constant_model)]) == 1
    said = capsys.readouterr().err
    assert f"{folder} holds {name}, which this command did not write" in said
    assert {path: path.lstat() for path in folder.iterdir()} == before


def test_a_build_that_was_stopped_can_be_run_again(
    tmp_path, monkeypatch, constant_model
):
    path = small_runtime(tmp_path)
    monkeypatch.setattr("colorlib.export.site.fetch_pretrained", lambda name: path)
    write, count = site_module.write_atomically, 0
    while True:  # stopped before the first file, the second, ...
        folder, left = tmp_path / f"site {count}", count

        def stop(path, data):
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            write(path, data)

        monkeypatch.setattr(site_module, "write_atomically", stop)
        try:
            build_page(folder, constant_model)
            break
        except KeyboardInterrupt:
            count += 1
        monkeypatch.setattr(site_module, "write_atomically", write)
        files = build_page(folder, constant_model)
        for name, size in files.items():
            assert (folder / name).stat().st_size == size
    assert count > 5


def test_without_the_runtime_it_says_so(tmp_path, monkeypatch, capsys, constant_model):
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    known = ("http://127.0.0.1:9/x.tgz", "0" * 64, 10)
    monkeypatch.setitem(pretrained.FILES, RUNTIME, known)
    monkeypatch.setattr("colorlib.data.download.BACKOFF", 0)
    assert main(["web", str(tmp_path / "site"), "--model", str(constant_model)]) == 1
    assert (
        "x.tgz cannot be fetched: the connection is refused" in capsys.readouterr().err
    )


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["web", str(tmp_path / "file" / "site")]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.slow
def test_a_megapixel_takes_less_than_ten_seconds(browser, server):
    rgb = resize_rgb(read_picture(OLD / "nagasaki-boats.jpg").rgb, 894, 1118)
    visitor = Visitor(browser, server)
    said = visitor.give("mega.jpg", encode(rgb, "JPEG"), kind="image/jpeg")
    seconds = float(re.search(r"coloured in ([\d.]+) s", said)[1])
    assert 0 < seconds < 10  # the loading of the colorizer included
    visitor.context.close()
