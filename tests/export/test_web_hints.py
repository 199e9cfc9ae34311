"""Colours given by hand on the static page, in a real browser."""

import json
import os
import re

import numpy as np
import pytest
from browser import open_browser
from loopback import Loopback
from small import LIKELY_COLORS, ROOT, encode
from visitor import Visitor, build_site, serve

from colorlib.colorize.colorizer import Colorizer
from colorlib.colorize.hint_file import hints_from_json, hints_to_json
from colorlib.colorize.hints import Hint, format_color, hint_map, map_place
from colorlib.colorize.suggestions import suggest_colors
from colorlib.images.read import read_picture
from colorlib.images.resize import resize_rgb

pytest.importorskip("onnx", reason="no onnx: pip install onnx")
GIVEN = os.environ.get("COLORLIB_BACKBONES")
WIDTH, HEIGHT = 320, 240
RED = "#b03030"


@pytest.fixture(scope="module")
def photo():
    """A photograph as the bytes of a file."""
    path = ROOT / "data" / "samples" / "old" / "castle-clinton.jpg"
    return encode(resize_rgb(read_picture(path).rgb, HEIGHT, WIDTH))


@pytest.fixture(scope="module")
def server(tmp_path_factory, hint_model, constant_model):
    """Two pages: `/course/`, whose model takes hints, and `/plain/`."""
    with Loopback() as running:
        for name, model in (("course", hint_model), ("plain", constant_model)):
            folder = tmp_path_factory.mktemp(name)
            build_site(folder, model, GIVEN)
            serve(running, folder, f"/{name}/")
        yield running


@pytest.fixture(scope="module")
def browser():
    with open_browser() as running:
        yield running


class Adviser(Visitor):
    """Somebody who tells colours."""

    def __init__(self, browser, server, **options):
        super().__init__(browser, server, **options)
        self.points = self.page.locator(".hint-point")
        self.swatches = self.page.locator(".swatch")

    def open(self, data, name="photo.png"):
        """Gives the page a photo, and begins to tell colours."""
        assert "coloured in" in self.give(name, data)
        self.page.get_by_text("Change colours").click()

    def at(self, x, y):
        """Where on the screen a pixel of the photo is."""
        picture = self.page.locator("#compare")
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        left = box["x"] + (x + 0.5) / WIDTH * box["width"]
        return left, box["y"] + (y + 0.5) / HEIGHT * box["height"]

    def click(self, x, y):
        self.page.mouse.click(*self.at(x, y))

    def drag(self, start, end):
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=4)
        self.page.mouse.up()

    def choose(self, color):
        self.page.locator(".hint-panel [type=color]").fill(color)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def png(self):
        """The bytes of the result, without loss."""
        self.page.wait_for_selector("#compare[aria-busy=false]", timeout=60_000)
        return self.save("image/png")[1]

    def hints(self):
        """The hints as the page saves them: (name, text)."""
        with self.page.expect_download() as download:
            self.page.get_by_text("Save hints").click()
        return download.value.suggested_filename, download.value.path().read_text()

    def load(self, text, name):
        """Gives the page a file of hints."""
        file = {"name": name, "mimeType": "application/json", "buffer": text.encode()}
        self.page.set_input_files(".hint-panel [type=file]", files=[file])


@pytest.fixture(scope="module")
def visitor(browser, server):
    return Adviser(browser, server)


@pytest.fixture
def adviser(visitor, photo):
    """Begins to tell colours of the photo; of an earlier test nothing is left."""
    visitor.open(photo)
    yield visitor
    assert visitor.errors == []


def coloured(model, photo, hints=()):
    return Colorizer(model).colorize(read_picture(photo), hints=hints).rgb.astype(int)


def test_a_hint_changes_the_picture_near_its_place(adviser, hint_model, photo):
    alone = read_picture(adviser.png()).rgb.astype(int)
    x, y = 150, 150
    adviser.click(x, y)
    adviser.swatches.first.wait_for()
    found = [swatch.get_attribute("value") for swatch in adviser.swatches.all()]
    colorizer = Colorizer(hint_model)
    picture = read_picture(photo)
    L = colorizer.network_input(picture.rgb)
    ab = colorizer.predict_small(L[None])[0]
    place = map_place(x, y, (HEIGHT, WIDTH), L.shape)
    assert found == suggest_colors(LIKELY_COLORS, L[place], ab[place])
    assert len(found) > 2
    np.testing.assert_array_equal(read_picture(adviser.png()).rgb, alone)  # not yet
    adviser.swatches.nth(2).click()
    hint = Hint(x, y, tuple(bytes.fromhex(found[2][1:])))
    told = read_picture(adviser.png()).rgb.astype(int)
    assert np.abs(told - coloured(hint_model, photo, [hint])).mean() < 0.05
    change = np.abs(told - alone).mean(axis=-1)
    assert change[y - 3 : y + 4, x - 3 : x + 4].mean() > 20
    assert change[:, : x - 40].mean() < 0.01


def test_undo_brings_the_old_picture_back_bit_for_bit(adviser):
    states = [adviser.png()]
    adviser.click(150, 150)
    adviser.choose(RED)
    adviser.choose("#30b030")  # of one place: one step
    states.append(adviser.png())
    adviser.drag((150, 150), (60, 180))
    states.append(adviser.png())
    adviser.points.first.focus()
    adviser.press("ArrowLeft", "ArrowLeft", "Shift+ArrowUp")  # one step, too
    states.append(adviser.png())
    adviser.points.first.focus()
    adviser.press("Delete")
    assert adviser.points.count() == 0
    assert adviser.png() == states[0]
    assert len(set(states)) == 4
    for state in states[:0:-1]:
        adviser.press("Control+z")
        assert adviser.png() == state
    adviser.page.get_by_text("Undo").click()
    assert adviser.png() == states[0]
    assert adviser.page.get_by_text("Undo").is_disabled()


def test_saved_hints_loaded_again_give_the_same_picture(
    adviser, browser, server, photo
):
    for x, y, color in ((150, 150, RED), (40, 200, "#3050c0")):
        adviser.click(x, y)
        adviser.choose(color)
    result = adviser.png()
    name, text = adviser.hints()
    assert name == "photo-hints.json"
    hints = [Hint(150, 150, (0xB0, 0x30, 0x30)), Hint(40, 200, (0x30, 0x50, 0xC0))]
    assert hints_from_json(text) == {"photo.png": hints}
    assert text == hints_to_json({"photo.png": hints})
    # On another day; dropped, this time.
    other = Adviser(browser, server)
    other.open(photo)
    assert other.png() != result
    other.page.get_by_text("Compare").click()
    other.give("photo-hints.json", text.encode(), "drop", "application/json")
    other.page.get_by_text("2 hints loaded.").wait_for()
    assert other.png() == result
    other.press("Control+z")
    assert other.points.count() == 0
    other.context.close()


def focused(page):
    return page.evaluate("document.activeElement.className")


def test_the_keyboard_alone_places_colours_moves_and_removes(
    browser, server, photo, hint_model
):
    adviser = Adviser(browser, server)
    adviser.give("photo.png", photo)
    alone = adviser.png()
    page = adviser.page
    page.focus("[name=mode]:checked")
    adviser.press("ArrowRight")  # the other of the two
    while focused(page) != "add":
        adviser.press("Tab")
    adviser.press("Enter")
    assert focused(page) == "hint-point new"
    adviser.press("Shift+ArrowDown", "ArrowLeft")
    adviser.swatches.first.wait_for()
    adviser.press("Enter")
    assert focused(page) == "swatch"
    adviser.press("Tab", "Enter")
    color = adviser.swatches.nth(1).get_attribute("value")
    x, y = WIDTH // 2 - 2, HEIGHT // 2 + 10
    hints = [Hint(x, y, tuple(bytes.fromhex(color[1:])))]
    assert hints_from_json(adviser.hints()[1]) == {"photo.png": hints}
    found = read_picture(adviser.png()).rgb.astype(int)
    assert np.abs(found - coloured(hint_model, photo, hints)).mean() < 0.05
    adviser.swatches.first.focus()
    adviser.press("Escape")
    assert focused(page) == "hint-point"
    label = adviser.points.first.get_attribute("aria-label")
    assert re.fullmatch("Hint 1 of 1: .*, 50 % from the left, 54 % from above", label)
    adviser.press("Delete")
    assert focused(page) == "add"  # not lost
    assert adviser.png() == alone
    adviser.context.close()


def test_a_finger_places_and_moves(browser, server, photo):
    phone = {"width": 360, "height": 740}
    adviser = Adviser(browser, server, viewport=phone, has_touch=True, is_mobile=True)
    adviser.open(photo)
    adviser.page.touchscreen.tap(*adviser.at(150, 100))
    adviser.choose(RED)
    (place,) = json.loads(adviser.hints()[1])["photo.png"]
    assert abs(place["x"] - 150) <= 1 and abs(place["y"] - 100) <= 1
    adviser.page.touchscreen.tap(*adviser.at(40, 60))
    assert adviser.points.count() == 2
    session = adviser.context.new_cdp_session(adviser.page)
    for kind, spot in (("Start", (150, 100)), ("Move", (200, 140)), ("End", None)):
        points = [dict(zip("xy", adviser.at(*spot)))] if spot else []
        session.send(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points}
        )
    (place,) = json.loads(adviser.hints()[1])["photo.png"]
    assert abs(place["x"] - 200) <= 1 and abs(place["y"] - 140) <= 1
    width = adviser.page.evaluate("document.documentElement.scrollWidth")
    assert width <= phone["width"]
    assert adviser.errors == []
    adviser.context.close()


def test_a_new_photo_begins_without_hints(adviser, photo, hint_model):
    adviser.click(150, 150)
    adviser.choose(RED)
    adviser.png()
    adviser.give("other.png", photo)
    assert adviser.points.count() == 0
    found = read_picture(adviser.png()).rgb
    assert np.abs(found - coloured(hint_model, photo)).mean() < 0.05


IN_VIEW = """() => {
  const { top, bottom } = document.getElementById("status").getBoundingClientRect();
  return top > -1 && bottom < innerHeight + 1;
}"""


@pytest.mark.parametrize("how", ["choose", "drop", "paste"])
def test_a_wrong_file_leaves_the_photo_and_its_hints(adviser, hint_model, photo, how):
    adviser.click(150, 150)
    adviser.choose(RED)
    one = adviser.png()
    adviser.page.set_viewport_size({"width": 1000, "height": 400})
    adviser.page.locator(".hint-panel .load").scroll_into_view_if_needed()
    said = adviser.give("letter.txt", b"Dear all", how, "text/plain")
    assert said.startswith("letter.txt is not a picture.")
    assert adviser.page.evaluate(IN_VIEW)
    adviser.page.set_viewport_size({"width": 1000, "height": 900})
    assert adviser.page.locator("#compare").is_visible()
    assert adviser.points.count() == 1
    assert adviser.png() == one
    adviser.click(40, 200)
    adviser.choose("#3050c0")
    hints = [Hint(150, 150, (0xB0, 0x30, 0x30)), Hint(40, 200, (0x30, 0x50, 0xC0))]
    name, data = adviser.save("image/png")
    assert name == "photo-colour.png"
    found = read_picture(data).rgb
    assert np.abs(found - coloured(hint_model, photo, hints)).mean() < 0.05
    adviser.press("Control+z")
    assert adviser.png() == one
    assert "coloured in" in adviser.give("other.png", photo)
    assert adviser.points.count() == 0
    found = read_picture(adviser.png()).rgb
    assert np.abs(found - coloured(hint_model, photo)).mean() < 0.05


WRONG = {
    "{": "this is no file of hints (no JSON).",
    "[]": "it has no hints for photo.png, and for no other.",
    '{"b.png": []}': "it has no hints for photo.png, only for b.png.",
    '{"photo.png": [{"x": 1, "y": 240, "color": "#b03030"}]}': "hint 1 lies outside",
    '{"photo.png": [{"x": 1.5, "y": 2, "color": "#b03030"}]}': "hint 1 lies outside",
    '{"photo.png": [{"x": 1, "y": 2, "color": "red"}]}': "the colour of hint 1 does",
    '{"photo.png": [null]}': "hint 1 lies outside",
}


def test_a_wrong_file_of_hints_is_said(adviser):
    adviser.click(150, 150)
    adviser.choose(RED)
    for number, (text, message) in enumerate(WRONG.items()):
        name = f"hints {number}.json"
        adviser.load(text, name)
        adviser.page.get_by_text(f"{name}: {message}").wait_for()
        assert adviser.points.count() == 1  # what was there stays


def test_hints_are_offered_only_where_the_model_takes_them(browser, server, photo):
    plain = Visitor(browser, server, path="/plain/")
    assert "coloured in" in plain.give("photo.png", photo)
    assert not plain.page.get_by_text("Change colours").is_visible()
    assert not plain.page.locator(".hint-panel").is_visible()
    said = plain.give("hints.json", b"{}", "drop", "application/json")
    assert said.startswith("hints.json is not a picture")
    plain.context.close()


def test_hints_and_suggestions_are_those_of_colorlib(adviser):
    random = np.random.default_rng(0)
    sides = [(7, 9), (1000, 1), (333, 512)]
    code = """async ([hints, size, seen, gain]) => {
      const { hintMap } = await import("./colour.js");
      const [height, width] = size;
      return [...hintMap(hints, { height, width }, ...seen, gain)];
    }"""
    for height, width in sides:
        hints = [
            Hint(int(x * width), int(y * height), tuple(map(int, rgb)))
            for (x, y), rgb in zip(
                random.random((30, 2)), random.integers(0, 256, (30, 3))
            )
        ]
        entries = [{"x": h.x, "y": h.y, "color": format_color(h.rgb)} for h in hints]
        seen = (64, 96)
        found = adviser.page.evaluate(code, [entries, [height, width], seen, 1.25])
        wanted = hint_map(hints, (height, width), seen) / [1.25, 1.25, 1]
        np.testing.assert_allclose(np.reshape(found, (*seen, 3)), wanted, atol=1e-5)

    code = """async ([table, places]) => {
      const { suggestColors } = await import("./colour.js");
      return places.map(([L, ...ab]) => suggestColors(table, L, ab));
    }"""
    places = random.uniform((0, -40, -40), (100, 40, 40), (300, 3)).round(2)
    found = adviser.page.evaluate(code, [LIKELY_COLORS, places.tolist()])
    wanted = [suggest_colors(LIKELY_COLORS, L, ab) for L, *ab in places.tolist()]
    assert [len(colors) for colors in found] == [len(colors) for colors in wanted]
    assert np.mean([len(colors) for colors in wanted]) > 2
    levels = [
        [list(bytes.fromhex(color[1:])) for color in sum(colors, [])]
        for colors in (found, wanted)
    ]
    difference = np.abs(np.subtract(*levels))  # a level, where 32 bits round otherwise
    assert difference.max() <= 1 and difference.mean() < 0.01
