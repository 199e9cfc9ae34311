"""The web page, in a real browser on a real server of this machine."""

import base64
import contextlib
import errno
import io
import os
import re
import socket
import subprocess
import sys
import threading
import time
import zipfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import requests
import strange
from browser import open_browser
from PIL import Image
from small import (
    CONSTANT_AB,
    LIKELY_COLORS,
    ROOT,
    encode,
    photograph,
    write_model,
)

from colorlib.app import page as page_module
from colorlib.app import service
from colorlib.app.page import launch
from colorlib.app.service import ColorizeService, sweep
from colorlib.cli import commands
from colorlib.cli.parser import main
from colorlib.colorize.colorizer import Colorizer
from colorlib.colorize.hint_file import hints_from_json
from colorlib.colorize.hints import Hint, map_place
from colorlib.colorize.suggestions import suggest_colors
from colorlib.errors import PictureError
from colorlib.images.read import read_picture
from colorlib.images.restoration import restore
from colorlib.images.write import write_picture
from colorlib.lab import rgb8_to_lab

OTHER_AB = (-20.0, 30.0)
# Starts the page, and notes every address but this machine's that is asked for.
SERVER = """
import socket, sys
real, asked = socket.getaddrinfo, open(sys.argv[1], "a", buffering=1)
def getaddrinfo(host, *more, **options):
    if host not in ("127.0.0.1", "localhost", None, b"127.0.0.1"):
        asked.write(f"{host}\\n")
    return real(host, *more, **options)
socket.getaddrinfo = getaddrinfo
connect = socket.socket.connect
def noted(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
        asked.write(f"{address}\\n")
    return connect(self, address)
socket.socket.connect = noted
from colorlib.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory, constant_model):
    """Two networks that say one colour everywhere: (path, path)."""
    from colorlib.models.cnn import build_baseline_cnn

    network = build_baseline_cnn(filters=2)
    kernel, bias = network.get_layer("ab").weights
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(np.arctanh(np.array(OTHER_AB) / 128.0))
    path = tmp_path_factory.mktemp("other") / "other.npz"
    return constant_model, write_model(path, network, title="The other one")


@pytest.fixture(scope="module")
def server(tmp_path_factory, models, hint_model):
    """The page in a process of its own: `url`, `folder`, `cwd`, `asked`, `log`."""
    pytest.importorskip("gradio", reason="no Gradio: pip install 'gradio>=6.31'")
    work = tmp_path_factory.mktemp("server")
    (work / "cwd").mkdir()
    (work / "temp").mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GRADIO")}
    environment |= {"PYTHONPATH": str(ROOT), "TMPDIR": str(work / "temp")}
    arguments = ["app", "--max-megapixels", "1", "--port", str(free_port())]
    for model in (*models, hint_model):
        arguments += ["--model", str(model)]
    with open(work / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(work / "asked"), *arguments],
            cwd=work / "cwd",
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    found = SimpleNamespace(process=process, cwd=work / "cwd", asked=work / "asked")
    found.log, found.temp = work / "log", work / "temp"
    try:
        found.url = wait_for(lambda: address(found), 180)
        found.folder = next((work / "temp").glob("colorlib-app-*"))
        yield found
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def browser():
    with open_browser() as found:
        yield found


@pytest.fixture
def visit(browser, server):
    """Opens the page as one more person; all are sent away at the end."""
    with contextlib.ExitStack() as stack:

        def visit():
            context = browser.new_context(accept_downloads=True)
            stack.callback(context.close)
            page = context.new_page()
            page.asked = []
            page.on("request", lambda request: page.asked.append(request.url))
            page.goto(server.url)
            page.locator("#files input[type=file]").wait_for(state="attached")
            return page

        yield visit


def address(server):
    assert server.process.poll() is None, server.log.read_text()
    found = re.search(r"The page is at (http://\S+)/ ", server.log.read_text())
    return found and found[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


grey = partial(photograph, size=(60, 40))


def wait_for(something, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := something():
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing after {seconds} s")


def drop(page, *files):
    """Drops real files on the field, as a mouse does."""
    page.evaluate("window.dropped = new DataTransfer()")
    for file in files:
        data = list(Path(file).read_bytes())
        page.evaluate(
            "([name, data]) => window.dropped.items.add("
            "new File([new Uint8Array(data)], name))",
            [Path(file).name, data],
        )
    target = page.locator("#files button").first
    target.dispatch_event(
        "drop", {"dataTransfer": page.evaluate_handle("window.dropped")}
    )


def choose(page, model=None, strength=None, contrast=False):
    if model:
        page.locator("#model input").click()
        page.get_by_role("option", name=model).click()
    if strength is not None:
        page.locator("#strength input[type=number]").fill(str(strength))
        page.locator("#strength input[type=number]").press("Tab")
    if contrast:
        page.locator("#contrast input").check()


def ready(page, text="ready."):
    page.locator("#status", has_text=text).wait_for()


def taken(page, button="#one"):
    """Presses a download button: (name, bytes of the file)."""
    with page.expect_download() as download:
        page.locator(button).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def refusal(page):
    toast = page.locator(".toast-body").first
    toast.wait_for()
    return toast.inner_text()


def expected(path, model, strength=1.0, contrast=False, hints=()):
    picture = read_picture(path)
    return Colorizer(model).colorize(
        restore(picture) if contrast else picture, strength, hints=hints
    )


# One person.


def test_a_dropped_photograph_comes_back_as_the_colorizer_makes_it(
    visit, server, models, tmp_path
):
    page = visit()
    assert "An example" in page.locator("#status").inner_text()
    photo = grey(tmp_path / "grandmother.png")
    drop(page, photo)
    ready(page)
    name, data = taken(page)
    assert name == "grandmother-colour.png"
    result = read_picture(data)
    np.testing.assert_array_equal(result.rgb, expected(photo, models[0]).rgb)
    images = page.locator("#slider img")
    for number, coloured in ((0, False), (1, True)):
        source = images.nth(number).get_attribute("src")
        shown = read_picture(requests.get(source).content).rgb[20, 30]
        assert (np.ptp(shown) > 20) == coloured  # before, after
    for url in page.asked:  # neither the page nor the server calls anybody else
        assert url.startswith((server.url, "blob:", "data:")), url
    assert server.asked.read_text() == ""


def test_the_settings_count(visit, models, tmp_path):
    page = visit()
    photo = grey(tmp_path / "faded.png", level=60)
    choose(page, "The other one · other", 0.5, contrast=True)
    drop(page, photo)
    ready(page)
    rgb = read_picture(taken(page)[1]).rgb
    np.testing.assert_array_equal(rgb, expected(photo, models[1], 0.5, True).rgb)
    choose(page, strength=0)
    page.locator("#colour").click()
    wait_for(lambda: np.ptp(read_picture(taken(page)[1]).rgb[20, 30]) == 0)


def test_size_format_rotation_and_exif_are_the_originals(visit, tmp_path):
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = 6, "Leica"
    photo = grey(tmp_path / "scan.JPEG", size=(90, 50), exif=tags.tobytes())
    page = visit()
    drop(page, photo)
    ready(page)
    name, data = taken(page)
    assert name == "scan-colour.JPEG"
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (50, 90))
        assert image.getexif()[0x010F] == "Leica"


def test_several_come_one_by_one_and_all_in_a_zip(visit, tmp_path):
    page = visit()
    drop(
        page,
        grey(tmp_path / "a.png", 90),
        grey(tmp_path / "b.jpg", 150),
        write(tmp_path / "c.jpg", b"no picture"),
        grey(tmp_path / "d.webp", 200),
        write(tmp_path / "e.jpg", strange.jpeg(0.8)),
    )
    ready(page, "4 photographs are ready.")
    said = page.locator("#status").inner_text()
    assert "Not done: c.jpg: not a picture" in said
    assert "e.jpg: cut off before its end, " in said and "Not done: e.jpg" not in said
    names = zipfile.ZipFile(io.BytesIO(taken(page, "#all")[1])).namelist()
    assert names == ["a-colour.png", "b-colour.jpg", "d-colour.webp", "e-colour.jpg"]
    assert taken(page)[0] == "a-colour.png"
    page.locator("#gallery button").nth(2).click()
    page.locator("#one", has_text="d-colour.webp").wait_for()
    name, data = taken(page)
    L = rgb8_to_lab(read_picture(data).rgb)[..., 0]
    assert name == "d-colour.webp" and L[-1, -1] > 75


# Hints.


def begin_hints(page, photo):
    """Colours a photo with the model that takes hints, and opens their editor."""
    choose(page, "Takes hints · advised")
    drop(page, photo)
    ready(page)
    page.locator("#change").click()
    page.locator(".hint-points").wait_for()
    return wait_for(lambda: shown_by_editor(page))


def shown_by_editor(page):
    return page.locator("#hints img").get_attribute("src")


def click_photo(page, x, y, size=(60, 40)):
    box = page.locator(".hint-points").bounding_box()
    shares = (x + 0.5) / size[0], (y + 0.5) / size[1]
    page.mouse.click(
        box["x"] + shares[0] * box["width"], box["y"] + shares[1] * box["height"]
    )


def test_a_hint_is_seen_at_once_and_is_in_the_file(visit, hint_model, tmp_path):
    page, photo = visit(), grey(tmp_path / "dress.png")
    assert not page.locator("#change").is_visible()  # the first model takes none
    before = begin_hints(page, photo)
    click_photo(page, 30, 20)
    page.locator(".swatch").first.wait_for()
    found = [each.get_attribute("value") for each in page.locator(".swatch").all()]
    colorizer, picture = Colorizer(hint_model), read_picture(photo)
    L = colorizer.network_input(picture.rgb)
    ab = colorizer.predict_small(L[None])[0]
    place = map_place(30, 20, (40, 60), L.shape)
    assert found == suggest_colors(LIKELY_COLORS, L[place], ab[place])
    page.locator(".swatch").nth(1).click()
    told = wait_for(lambda: shown_by_editor(page) != before and shown_by_editor(page))
    hints = [Hint(30, 20, tuple(bytes.fromhex(found[1][1:])))]
    wanted = expected(photo, hint_model, hints=hints).rgb
    shown = read_picture(base64.b64decode(told.partition(",")[2])).rgb
    assert np.abs(shown.astype(int) - wanted).mean() < 4  # JPEG
    page.locator(".done").click()
    page.locator("#one").wait_for()
    np.testing.assert_array_equal(read_picture(taken(page)[1]).rgb, wanted)
    # Other settings, the same hints; and they can be changed again.
    choose(page, strength=0.5)
    page.locator("#colour").click()
    wanted = expected(photo, hint_model, 0.5, hints=hints).rgb
    wait_for(lambda: np.array_equal(read_picture(taken(page)[1]).rgb, wanted))
    page.locator("#change").click()
    page.locator(".hint-point").wait_for()
    assert page.locator(".hint-point").count() == 1


def test_the_keyboard_undoes_a_hint_bit_for_bit(visit, tmp_path):
    page = visit()
    before = begin_hints(page, grey(tmp_path / "a.png"))
    page.get_by_role("button", name="Add a place").press("Enter")
    page.locator(".swatch").first.wait_for()
    for key in ("ArrowUp", "Enter", "Tab", "Enter"):
        page.keyboard.press(key)
    wait_for(lambda: shown_by_editor(page) != before)
    page.keyboard.press("Control+z")
    wait_for(lambda: shown_by_editor(page) == before)
    with page.expect_download() as download:
        click_photo(page, 10, 10)
        page.locator(".hint-panel [type=color]").fill("#b03030")
        page.get_by_text("Save hints").click()
    text = Path(download.value.path()).read_text()
    assert hints_from_json(text) == {"a.png": [Hint(10, 10, (0xB0, 0x30, 0x30))]}


@pytest.fixture
def slow(browser, hint_model, monkeypatch):
    """A page whose previews wait: the person's `page`, and `go` that lets them end."""
    pytest.importorskip("gradio", reason="no Gradio: pip install 'gradio>=6.31'")
    go, preview = threading.Event(), ColorizeService.preview

    def late(self, result, hints):
        assert not hints or go.wait(60)
        return preview(self, result, hints)

    monkeypatch.setattr(ColorizeService, "preview", late)
    with contextlib.closing(launch(models=[str(hint_model)])) as running:
        with contextlib.closing(browser.new_context(accept_downloads=True)) as context:
            page = context.new_page()
            page.goto(running.local_url)
            page.locator("#files input[type=file]").wait_for(state="attached")
            yield SimpleNamespace(page=page, go=go)
            go.set()


def look_at(page, number, name):
    page.locator("#gallery button").nth(number).click()
    page.locator("#one", has_text=name).wait_for()


def tell(page, color):
    """Tells the colour of a place of the photo; returns what was shown before."""
    page.locator("#change").click()
    page.locator(".hint-points").wait_for()
    before = wait_for(lambda: shown_by_editor(page))
    click_photo(page, 30, 20)
    page.locator(".hint-panel [type=color]").fill(color)
    return before


def test_a_preview_that_ends_after_done_leaves_the_result(slow, hint_model, tmp_path):
    page = slow.page
    photos = [grey(tmp_path / f"{name}.png", 120) for name in "ab"]
    drop(page, *photos)
    ready(page, "2 photographs are ready.")
    before = tell(page, "#b03030")
    page.locator(".done").click()
    page.locator("#one").wait_for()
    wanted = expected(photos[0], hint_model, hints=[Hint(30, 20, (176, 48, 48))]).rgb
    np.testing.assert_array_equal(read_picture(taken(page)[1]).rgb, wanted)
    slow.go.set()
    wait_for(lambda: shown_by_editor(page) != before)
    look_at(page, 1, "b-colour.png")
    look_at(page, 0, "a-colour.png")
    np.testing.assert_array_equal(read_picture(taken(page)[1]).rgb, wanted)
    look_at(page, 1, "b-colour.png")
    page.locator("#change").click()
    page.locator(".done").click()
    page.locator("#all").wait_for()
    packed = zipfile.ZipFile(io.BytesIO(taken(page, "#all")[1]))
    np.testing.assert_array_equal(read_picture(packed.read("a-colour.png")).rgb, wanted)


def test_hints_that_are_not_done_are_in_the_next_result(slow, hint_model, tmp_path):
    page, photo = slow.page, grey(tmp_path / "a.png", 120)
    slow.go.set()
    drop(page, photo)
    ready(page)
    before = tell(page, "#b03030")
    wait_for(lambda: shown_by_editor(page) != before)
    page.locator("#colour").click()
    page.locator("#one").wait_for()
    wanted = expected(photo, hint_model, hints=[Hint(30, 20, (176, 48, 48))]).rgb
    np.testing.assert_array_equal(read_picture(taken(page)[1]).rgb, wanted)


def test_the_service_previews_what_it_will_make(tmp_path, models, hint_model):
    place = ColorizeService(tmp_path, models=[models[0], str(hint_model)])
    photo = grey(tmp_path / "in" / "a.png")
    hints = [Hint(30, 20, (176, 48, 48))]
    result = place.colorize(photo, str(hint_model), 0.5)
    assert result.takes_hints and not result.hints
    alone = place.preview(result, [])
    np.testing.assert_array_equal(alone, read_picture(result.file).rgb)
    told = place.colorize(photo, *result.settings, hints)
    assert told.hints == tuple(hints)
    preview = place.preview(result, hints)
    np.testing.assert_array_equal(preview, read_picture(told.file).rgb)
    assert np.abs(preview.astype(int) - alone).max() > 20
    with pytest.raises(ValueError, match="outside the picture"):
        place.preview(result, [Hint(60, 20, (1, 2, 3))])
    with pytest.raises(ValueError, match="outside the picture"):
        place.suggest(result, 0, 40)
    assert not place.colorize(photo, place.models[0]).takes_hints
    photo.unlink()
    other = ColorizeService(tmp_path, models=[str(hint_model)])
    with pytest.raises(PictureError, match="^a.png: there is no such file"):
        other.preview(result, hints)


@pytest.mark.parametrize("size", [(4000, 50), (700, 900)])
def test_a_preview_is_small(tmp_path, hint_model, monkeypatch, size):
    monkeypatch.setattr(service, "PREVIEW", 200)
    place = ColorizeService(tmp_path, models=[str(hint_model)])
    result = place.colorize(grey(tmp_path / "a.png", size=size), place.models[0])
    assert max(place.preview(result, [Hint(1, 1, (9, 200, 9))]).shape) == 200
    assert place.size(result) == size[::-1]


# Two people.


def test_two_people_at_once_get_their_own_results(visit, models, tmp_path):
    first, second = visit(), visit()
    mine = grey(tmp_path / "mine" / "photo.png", 90, size=(70, 40))
    yours = grey(tmp_path / "yours" / "photo.png", 180, size=(40, 70))
    choose(first, "The other one · other", 0.5)
    choose(second, strength=1.5)
    drop(first, mine)
    drop(second, yours)
    ready(first)
    ready(second)
    rgb = read_picture(taken(first)[1]).rgb
    np.testing.assert_array_equal(rgb, expected(mine, models[1], 0.5).rgb)
    rgb = read_picture(taken(second)[1]).rgb
    np.testing.assert_array_equal(rgb, expected(yours, models[0], 1.5).rgb)


def test_many_threads_get_the_same_as_one_and_load_a_model_once(
    tmp_path, models, monkeypatch
):
    loaded = []

    class Counted(Colorizer):
        def __init__(self, model):
            loaded.append(model)
            time.sleep(0.05)
            super().__init__(model)

    monkeypatch.setattr(service, "Colorizer", Counted)
    place = ColorizeService(tmp_path, models=["flagship", str(models[1])])
    photos = sorted((ROOT / "data" / "samples" / "test").glob("*.jpg"))[:4]
    work = [(photo, model) for photo in photos for model in place.models]
    alone = {job: expected(*job).rgb for job in work}
    found = {}

    def colour(job):
        png = tmp_path / f"{job[0].stem}.png"
        found[job] = place.colorize(png, job[1]).file

    for photo in photos:
        Image.open(photo).convert("RGB").save(tmp_path / f"{photo.stem}.png")
    threads = [threading.Thread(target=colour, args=(job,)) for job in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(loaded) == sorted(place.models)
    for job in work:
        np.testing.assert_array_equal(read_picture(found[job]).rgb, alone[job])


# Limits, and what is refused.


def write(path, data):
    path.write_bytes(data)
    return path


def test_a_bad_file_is_refused_with_its_name_only(visit, server, tmp_path):
    page = visit()
    png = encode(Image.new("RGB", (400, 300), "gray"), "PNG")
    drop(page, write(tmp_path / "torn<b>_x_.png", png[:33]))  # no pixel is left
    said = refusal(page)
    assert "torn" in said and "cannot be decoded" in said
    assert str(server.temp) not in said and "<b>" not in said


def test_too_many_pixels_are_refused(visit, tmp_path):
    page = visit()
    drop(page, grey(tmp_path / "large.png", size=(1001, 1000)))
    said = refusal(page)
    assert "large.png: 1001 x 1000 pixels" in said and "limit of 1" in said


def test_too_many_files_are_refused(visit, tmp_path):
    page = visit()
    drop(page, *[grey(tmp_path / f"{i}.png", size=(9, 9)) for i in range(21)])
    assert "21 files are more than 20 at a time" in refusal(page)


def test_a_file_that_is_too_large_is_refused(visit, tmp_path):
    page = visit()
    large = tmp_path / "large.png"
    with open(large, "wb") as file:
        file.truncate(50 * 2**20 + 1)
    page.locator("#files input[type=file]").set_input_files(large)
    said = refusal(page)
    assert "large.png" in said and "50.0 Mb" in said


def test_nothing_dropped_is_said(visit):
    page = visit()
    page.locator("#colour").click()
    assert "Drop a photograph" in refusal(page)


def test_a_name_cannot_leave_the_folder_or_become_part_of_the_page(server, visit):
    outside = server.temp / "outside.png"
    data = encode(Image.new("RGB", (20, 20), "gray"))
    for name in ("../../outside.png", "/tmp/outside.png", "..\\..\\outside.png"):
        answer = upload(server, (name, data))
        assert answer.status_code == 200
        path = Path(answer.json()[0]).resolve()
        assert path.is_relative_to(server.folder) and path.read_bytes() == data
    assert upload(server, ("..", data)).status_code == 400
    assert not outside.exists()
    page = visit()
    picture = {"name": "<img src=x onerror=alert(1)>.png", "mimeType": "image/png"}
    page.on("dialog", lambda dialog: pytest.fail("a file name was run as code"))
    for buffer in (data, data[:60]):
        field = page.locator("#files input[type=file]")
        field.set_input_files([{**picture, "buffer": buffer}])
        page.locator("#one, .toast-body").last.wait_for()
        assert page.locator("img[src=x]").count() == 0
        page.reload()
        field.wait_for(state="attached")


# The request filter.


def upload(server, *files):
    parts = [("files", (name, data)) for name, data in files]
    return requests.post(f"{server.url}/gradio_api/upload", files=parts)


def get(server, path, method="GET", *headers):
    """Asks for a path exactly as it is written; (status, body)."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        head = [f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", *headers]
        line.sendall("\r\n".join([*head, "Connection: close\r\n\r\n"]).encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def ask(server, *data, fn=0, **more):
    """Asks for colours as the page does, but without a page; the answer's text."""
    body = {"data": data, "fn_index": fn, "session_hash": "abc", **more}
    return requests.post(f"{server.url}/gradio_api/queue/join", json=body)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        f"{ROOT}/README.md",
        f"{ROOT}/colorlib/app.py",
        "README.md",
        "FOLDER/../../log",
        "FOLDER/../../../../../../../../etc/passwd",
        "FOLDER/%2e%2e/%2e%2e/log",
        "FOLDER/..%2f..%2flog",
        "FOLDER/..%252f..%252flog",
        "%2fetc%2fpasswd",
        "%252fetc%252fpasswd",
        "//etc/passwd",
        "/proc/self/environ",
        "file:///etc/passwd",
        "FOLDER/link",
        "FOLDER",
        "FOLDER/a%00.png",
        "http://127.0.0.1:1/a.png",
        "https://example.com/a.png",
    ],
)
def test_no_other_file_and_no_address_is_served(server, path):
    link = server.folder / "link"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    path = path.replace("FOLDER", str(server.folder))
    for route in ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/file/"):
        status, body = get(server, route + path)
        assert status in (403, 404) and body == b"Not available."
    assert server.asked.read_text() == ""


def test_an_upload_is_served_to_who_knows_its_address(server):
    data = encode(Image.new("RGB", (20, 20), "gray"))
    path = upload(server, ("a.png", data)).json()[0]
    assert get(server, f"/gradio_api/file={path}") == (200, data)


@pytest.mark.parametrize(
    "path",
    ["info", "runs", "openapi.json", "app_id", "user", "run-history/buckets", "token"]
    + ["run/predict", "call/run/1", "proxy=https://example.com/", "component_server"]
    + ["stream/abc/1/1/playlist.m3u8", "mcp/", "deep_link", "queue/status", "reset"],
)
def test_what_the_page_does_not_need_is_closed(server, path):
    for address in (f"/gradio_api/{path}", f"/{path}"):
        assert get(server, address) == (404, b"Not available.")
        answer = requests.post(server.url + address, json={"data": []})
        assert answer.text == "Not available."


def test_other_addresses_are_closed_too(server):
    for path in ("/monitoring", "/monitoring/summary", "/docs", "/login", "/../", "*"):
        assert get(server, path)[0] in (400, 404)


def test_only_what_was_uploaded_is_coloured(server):
    data = encode(Image.new("RGB", (20, 20), "gray"))
    path = upload(server, ("a.png", data)).json()[0]
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    for other in ("/etc/passwd", "https://example.com/a.png", f"{path}/../../../log"):
        for wrong in ({**file, "path": other}, {"nested": [{**file, "path": other}]}):
            answer = ask(server, [wrong], "x", 1, False, None)
            assert (answer.status_code, answer.text) == (403, "Not available.")
    assert ask(server, [file] * 9000, "x", 1, False, None).status_code == 413
    answer = requests.post(f"{server.url}/gradio_api/queue/join", data=b"[" * 100_000)
    assert answer.status_code == 400
    assert server.asked.read_text() == ""


def test_a_model_that_is_not_offered_is_not_loaded(server):
    data = encode(Image.new("RGB", (20, 20), "gray"))
    path = upload(server, ("a.png", data)).json()[0]
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    queue = f"{server.url}/gradio_api/queue/data?session_hash=abc"
    for model, strength in (("flagship", 1), ("../x.npz", 1)):
        assert ask(server, [file], model, strength, False, None).status_code == 200
        with requests.get(queue, stream=True) as answers:
            text = "\n".join(line.decode() for line in answers.iter_lines())
        assert '"success":false' in text and "after.jpg" not in text


def test_an_endless_upload_is_refused(server):
    address = f"{server.url}/gradio_api/upload"
    endless = (b"a" * 10 for _ in range(3))  # of unknown length
    assert requests.post(address, data=endless).status_code == 413
    lengths = {str(1001 * 2**20 + 1): 413, str(1001 * 2**20): 400, "-1": 400}
    for length, status in lengths.items():
        headers = f"Content-Length: {length}", "Content-Type: text/plain"
        assert get(server, "/gradio_api/upload", "POST", *headers)[0] == status


TOO_MUCH = 10 * 2**20
LENGTHS = {
    "both, the length small": ["Content-Length: 10", "Transfer-Encoding: chunked"],
    "both, the coding first": ["Transfer-Encoding: chunked", "Content-Length: 10"],
    "both, in other letters": ["content-length: 10", "TRANSFER-ENCODING: Chunked"],
    "chunked": ["Transfer-Encoding: chunked"],
    "too long": [f"Content-Length: {TOO_MUCH}"],
    "twice, not the same": ["Content-Length: 10", f"Content-Length: {TOO_MUCH}"],
    "no number": ["Content-Length: ten"],
    "nothing": [],
}


@pytest.fixture(scope="module")
def filtered(tmp_path_factory):
    """A `RequestFilter` on a real server that follows h11: (port, sizes received)."""
    uvicorn = pytest.importorskip("uvicorn", reason="no uvicorn: comes with Gradio")
    from colorlib.app.request_filter import RequestFilter

    received = []

    async def application(scope, receive, send):
        if scope["type"] != "http":
            return
        received.append(0)
        more = True
        while more:
            message = await receive()
            received[-1] += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"stored"})

    guarded = RequestFilter(application, tmp_path_factory.mktemp("uploads"), 1000)
    port = free_port()
    config = uvicorn.Config(
        guarded, port=port, http="h11", lifespan="off", log_level="critical"
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    wait_for(lambda: running.started)
    yield SimpleNamespace(port=port, received=received)
    running.should_exit = True
    thread.join()


@pytest.mark.parametrize("headers", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/heartbeat/a"])
def test_bytes_are_counted_whatever_the_headers_say(filtered, headers, path):
    chunk = b"%x\r\n%s\r\n" % (2**16, b"a" * 2**16)
    filtered.received.clear()
    with socket.create_connection(("127.0.0.1", filtered.port), 10) as line:
        head = [f"POST {path} HTTP/1.1", "Host: a", *headers, "Connection: close"]
        line.sendall("\r\n".join([*head, "\r\n"]).encode())
        with contextlib.suppress(OSError):  # refused before all is sent
            for _ in range(TOO_MUCH // 2**16):
                line.sendall(chunk)
            line.sendall(b"0\r\n\r\n")
        answer = b""
        with contextlib.suppress(OSError):
            answer = line.recv(65536)
    assert sum(filtered.received) <= 1000
    if answer and not (path.endswith("/a") and headers == []):
        assert answer.split()[1] in (b"400", b"413")


def test_an_upload_within_the_limit_arrives(filtered):
    for size, status in ((0, 200), (1000, 200), (1001, 413)):
        address = f"http://127.0.0.1:{filtered.port}/gradio_api/upload"
        filtered.received.clear()
        answer = requests.post(address, data=b"a" * size, headers={"A": "b"})
        assert answer.status_code == status
        assert filtered.received == ([size] if status == 200 else [])


# Without a browser.


def test_what_the_service_refuses_and_how(tmp_path, models, monkeypatch):
    place = ColorizeService(tmp_path, 0.01, [models[0]])
    photo = grey(tmp_path / "in" / "a.png")
    with pytest.raises(ValueError, match="model must be one of .*got 'flagship'"):
        place.colorize(photo, "flagship")
    with pytest.raises(ValueError, match="strength must be in"):
        place.colorize(photo, place.models[0], 9)
    with pytest.raises(PictureError, match="^gone.png: there is no such file"):
        place.colorize(tmp_path / "in" / "gone.png", place.models[0])
    with pytest.raises(PictureError, match="^large.png: 200 x 100 pixels"):
        place.colorize(grey(tmp_path / "large.png", size=(200, 100)), place.models[0])
    with pytest.raises(FileNotFoundError, match="no model 'nobody'"):
        ColorizeService(tmp_path, models=["nobody"])

    def full(path, *more):
        raise PictureError(f"{path}: cannot be written as PNG (disk full).")

    monkeypatch.setattr(service, "write_picture", full)
    with pytest.raises(PictureError, match="^a-colour.png: cannot be written"):
        place.colorize(photo, place.models[0])


def test_what_was_cut_off_is_coloured_as_far_as_it_is_there_and_said(tmp_path, models):
    place = ColorizeService(tmp_path, models=[models[0]])
    whole = encode(np.tile(strange.photo(), (4, 4)), "JPEG")
    for name, data in (
        ("a.jpg", whole[: len(whole) * 3 // 4]),
        ("b.png", strange.cut(encode(strange.photo()), 0.7)),
        ("c.jpg", whole),
    ):
        result = place.colorize(write(tmp_path / name, data), place.models[0])
        there = read_picture(result.file).rgb.astype(int)[:8]
        assert (there[..., 0] - there[..., 1]).mean() > 5  # coloured
        parts = page_module._shown([result], [], "Your photograph is ready.")
        (shown,) = (part for part in parts if isinstance(part, str))
        assert (f"{result.name}: cut off before its end, " in shown) == (
            name != "c.jpg"
        )
        assert "Not done" not in shown


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_too_many_frames_are_refused(tmp_path, models, monkeypatch, kind):
    place = ColorizeService(tmp_path, models=[models[0]])
    monkeypatch.setattr(service, "MAX_FRAMES", 5)
    frames = [Image.new("L", (8, 8), 40 + 10 * level) for level in range(6)]
    for count in (5, 6):
        path = tmp_path / f"film.{kind.lower()}"
        frames[0].save(path, kind, save_all=True, append_images=frames[1:count])
        if count == 5:
            place.colorize(path, place.models[0])
            continue
        with pytest.raises(PictureError, match=r"^film\.\w+: .*frames.* limit of 5"):
            place.colorize(path, place.models[0])


@pytest.mark.parametrize("step", ["mkdtemp", "write_picture", "second picture", "zip"])
def test_a_full_disk_is_said_in_words(tmp_path, models, monkeypatch, step):
    place = ColorizeService(tmp_path, models=[models[0]])
    photo = grey(tmp_path / "in" / "a.png")
    results = [place.colorize(photo, place.models[0])] * 2

    def full(*given, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "x"))

    def full_later(path, *more, **options):
        if path.name == "before.jpg":
            full()
        return write_picture(path, *more, **options)

    if step == "mkdtemp":
        monkeypatch.setattr(service.tempfile, "mkdtemp", full)
    elif step == "zip":
        monkeypatch.setattr(service.zipfile, "ZipFile", full)
    else:
        later = step == "second picture"
        monkeypatch.setattr(service, "write_picture", full_later if later else full)
    with pytest.raises(PictureError, match="No space left on device") as refusal:
        place.pack(results) if step == "zip" else place.colorize(photo, place.models[0])
    assert str(refusal.value).startswith("The zip" if step == "zip" else "a.png: ")
    assert str(tmp_path) not in str(refusal.value)


@pytest.mark.parametrize(
    "name, kind, result",
    [
        ("a.JPG", "JPEG", "a-colour.JPG"),
        ("a.jfif", "JPEG", "a-colour.jfif"),
        ("a.jpg", "PNG", "a-colour.png"),
        ("a", "TIFF", "a-colour.tif"),
        ("a.b.gif", "GIF", "a.b-colour.gif"),
        ("a.ppm", "PPM", "a-colour.png"),
        ("a.txt", "WEBP", "a-colour.webp"),
    ],
)
def test_the_result_is_called_what_it_is(tmp_path, models, name, kind, result):
    photo = write(tmp_path / name, encode(Image.new("RGB", (40, 30), "gray"), kind))
    file = (
        ColorizeService(tmp_path, models=[models[0]])
        .colorize(photo, str(models[0]))
        .file
    )
    assert file.name == result
    with Image.open(file) as image:
        assert image.format == (kind if kind != "PPM" else "PNG")


def test_alpha_and_frames_are_kept(tmp_path, models):
    place = ColorizeService(tmp_path, models=[models[0]])
    holes = Image.new("LA", (40, 30), (130, 255))
    holes.paste((130, 0), (20, 20, 40, 30))
    holes.save(tmp_path / "holes.png")
    result = place.colorize(tmp_path / "holes.png", place.models[0])
    alpha = read_picture(result.file).alpha
    assert (alpha == np.asarray(holes)[..., 1]).all()
    assert read_picture(result.before).rgb[-1, -1].min() > 250  # laid over white
    frames = [Image.new("L", (40, 30), level) for level in (90, 130, 170)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    film = place.colorize(tmp_path / "film.gif", place.models[0]).file
    assert len(read_picture(film, every_frame=True).frames) == 2


def test_the_halves_are_before_and_after(tmp_path, models):
    place = ColorizeService(tmp_path, models=[models[0]])
    result = place.colorize(grey(tmp_path / "a.png", size=(61, 40)), place.models[0])
    before, after = read_picture(result.before).rgb, read_picture(result.after).rgb
    assert before.shape == after.shape == (40, 61, 3)
    assert np.ptp(before[20, 30]) < 6
    assert np.abs(rgb8_to_lab(after)[20, 30, 1:] - CONSTANT_AB).max() < 4


def test_two_of_one_name_both_fit_into_the_zip(tmp_path, models):
    place = ColorizeService(tmp_path, models=[models[0]])
    photos = [grey(tmp_path / str(i) / "a.png", 50 + 100 * i) for i in range(2)]
    results = [place.colorize(photo, place.models[0]) for photo in photos]
    packed = zipfile.ZipFile(place.pack(results))
    assert packed.namelist() == ["a-colour.png", "a-colour-2.png"]
    for result, name in zip(results, packed.namelist()):
        assert packed.read(name) == result.file.read_bytes()


def test_old_files_are_deleted_and_the_example_is_not(tmp_path):
    for name in ("old/a.png", "new/a.png", "example/a.jpg"):
        grey(tmp_path / name)
        if "new" not in name:
            os.utime(tmp_path / name, (time.time() - 100,) * 2)
    sweep(tmp_path, 60)
    left = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*"))
    assert left == ["example/a.jpg", "new/a.png"]


def test_all_shipped_models_are_offered_the_best_first():
    from colorlib.models.cards import available_models

    assert sorted(service._shipped()) == available_models()
    assert service._shipped()[:3] == ["flagship", "general", "mixed"]
    assert service.label("flagship") == "Any photograph · flagship"
    assert set(service.PURPOSES) <= set(available_models())


def test_text_is_shown_as_it_stands():
    pytest.importorskip("gradio")
    from colorlib.app import page

    assert page._plain("a_*<i>.png") == r"a\_\*&lt;i&gt;.png"
    assert page._refusal(["<b>", "c"]).message == "&lt;b&gt;<br>c"


# The command.


def test_without_gradio_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(commands.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(commands, "_start_keras", pytest.fail)
    assert main(["app"]) == 1
    assert "pip install 'gradio>=6.31'" in capsys.readouterr().err


def test_what_the_command_cannot_do_it_says(server, models, capsys):
    pytest.importorskip("gradio")
    port = server.url.rpartition(":")[2]
    for number in (0, 70000):  # the command line itself says its range
        with pytest.raises(ValueError, match=f"from 1 to 65535, got {number}"):
            launch(port=number)
    for options, message in [
        (["--port", port], f"port {port} is taken"),
        (["--model", "nobody"], "There is no model 'nobody'"),
    ]:
        assert main(["app", "--model", str(models[0]), *options]) == 1
        assert message in capsys.readouterr().err


def test_the_end_leaves_nothing(server):
    """The last test of this file: it ends the server."""
    assert list(server.cwd.iterdir()) == []
    assert server.folder.is_dir()
    server.process.terminate()
    assert server.process.wait(20) == 0
    assert not server.folder.exists() and not list(server.temp.rglob("*.png"))
    assert server.asked.read_text() == ""


# Where it listens.


@pytest.mark.parametrize("host", ["999.1.1.1", "no such host", "192.0.2.1", "."])
def test_a_wrong_host_is_said_at_once(host, monkeypatch):
    monkeypatch.setattr(page_module, "ColorizeService", None)  # before any network
    with pytest.raises(OSError, match="nothing can listen at .*127.0.0.1 for this"):
        launch(host=host)


def test_a_port_that_is_taken_is_said_in_the_words_of_the_command_line(monkeypatch):
    monkeypatch.setattr(page_module, "ColorizeService", None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} is taken.*--port"):
            launch(port=port)


def test_an_idle_page_does_not_look_for_work_all_the_time(models):
    page = launch(models=[str(models[0])])
    try:
        assert page._queue.sleep_when_free >= 0.05
    finally:
        page.close()


@pytest.mark.parametrize("limit", [float("inf"), float("nan"), 0, -1])
def test_a_limit_that_cannot_be_counted_is_refused(tmp_path, limit):
    with pytest.raises(ValueError, match="max_megapixels must be"):
        ColorizeService(tmp_path, max_megapixels=limit)
