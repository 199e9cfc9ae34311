"""Somebody at the page of `colorlib web`, in a real browser."""

import base64
import json

import pytest
from loopback import Page

from colorlib.data import pretrained
from colorlib.errors import DataError
from colorlib.export.site import RUNTIME, build_page
from colorlib.images.read import read_picture

KINDS = {"html": "text/html", "js": "text/javascript", "json": "application/json"}
KINDS |= {"css": "text/css", "svg": "image/svg+xml", "wasm": "application/wasm"}
# A real drop: a DataTransfer that holds the file.
DROP = """([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true };
  const target = document.querySelector("main");
  if (EVENT === "drop") {
    target.dispatchEvent(new DragEvent("dragover", { ...options, dataTransfer }));
    target.dispatchEvent(new DragEvent("drop", { ...options, dataTransfer }));
  } else {
    const clipboardData = dataTransfer;
    target.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData }));
  }
}"""


def build_site(folder, model, backbones):
    """Builds the page, with the real runtime; skips the test where it is not here.

    `backbones` is what `COLORLIB_BACKBONES` was before the tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        if backbones:
            patch.setenv("COLORLIB_BACKBONES", backbones)
        try:
            pretrained.fetch_pretrained(RUNTIME)
        except DataError as error:
            pytest.skip(f"no ONNX Runtime for browsers: {error}")
        build_page(folder, model)


def serve(server, folder, path="/course/"):
    """Lets a `Loopback` answer with the files of a folder."""
    for file in folder.iterdir():
        kind = KINDS.get(file.suffix[1:], "application/octet-stream")
        page = Page(file.read_bytes(), headers={"Content-Type": kind})
        server.pages[f"{path}{file.name}"] = page
    server.pages[path] = server.pages[f"{path}index.html"]


class Visitor:
    """Somebody at the page."""

    def __init__(self, browser, server, path="/course/", **options):
        options = {"viewport": {"width": 1000, "height": 900}, **options}
        self.context = browser.new_context(**options)
        self.page, self.addresses, self.errors = self.context.new_page(), [], []
        self.context.on("request", lambda request: self.addresses.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(server.url + path)

    def give(self, name, data, how="choose", kind="image/png"):
        """Gives the page a file; waits for what it says to it."""
        if how == "choose":
            file = {"name": name, "mimeType": kind, "buffer": data}
            self.page.set_input_files("#file", files=[file])
        else:
            text = base64.b64encode(data).decode()
            code = DROP.replace("EVENT", json.dumps(how))
            self.page.evaluate(code, [name, kind, text])
        self.page.wait_for_selector("body:not(.busy)", timeout=120_000)
        return self.page.inner_text("#status")

    def save(self, kind=None):
        """The name that the page suggests, and the downloaded file's bytes."""
        if kind:
            self.page.select_option("#type", kind)
        with self.page.expect_download(timeout=60_000) as download:
            self.page.click("#save")
        return download.value.suggested_filename, download.value.path().read_bytes()

    def rgb(self):
        """The result as it can be downloaded without loss."""
        return read_picture(self.save("image/png")[1]).rgb.astype(int)

    def strength(self, percent):
        self.page.locator("#strength").fill(str(percent))
        self.page.wait_for_selector("#compare:not([aria-busy=true])")
