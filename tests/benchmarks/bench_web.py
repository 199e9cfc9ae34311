"""One megapixel, coloured by the static page in Chromium and by Python, in turn.

Run from the repository: `python tests/benchmarks/bench_web.py`. The first time in the
browser includes loading and starting the colorizer; then the median of five is shown,
with the part that the network takes: what a GPU could save.
"""

import re
import sys
import tempfile
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import open_browser  # noqa: E402
from small import encode  # noqa: E402

from colorlib.colorize.colorizer import Colorizer  # noqa: E402
from colorlib.export.site import build_page  # noqa: E402
from colorlib.images.read import read_picture  # noqa: E402
from colorlib.images.resize import resize_rgb  # noqa: E402
from colorlib.images.write import write_picture  # noqa: E402

ROUNDS = 5
NETWORK = """async ([height, width]) => {
  const ort = await import("./ort.js");
  const model = await (await fetch("model.onnx")).arrayBuffer();
  ort.env.wasm.wasmBinary = await (await fetch("ort.wasm")).arrayBuffer();
  const session = await ort.InferenceSession.create(model);
  const times = [];
  for (let round = 0; round < 10; round++) {
    const values = new Float32Array(height * width).map(Math.random);
    const L = new ort.Tensor("float32", values, [1, height, width, 1]);
    const start = performance.now();
    await session.run({ L });
    times.push(performance.now() - start);
  }
  return times.slice(5).sort((a, b) => a - b)[2] / 1000;
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *text):
        """Says nothing."""


def main():
    """Prints the seconds of both."""
    rgb = read_picture(ROOT / "data/samples/old/nagasaki-boats.jpg").rgb
    data = encode(resize_rgb(rgb, 894, 1118), "JPEG", quality=90)
    colorizer = Colorizer()
    with tempfile.TemporaryDirectory() as folder:
        build_page(folder, "flagship")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
        Thread(target=server.serve_forever, daemon=True).start()
        shown, whole, python = [], [], []
        with open_browser() as browser:
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            for _ in range(ROUNDS + 1):
                file = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": data}
                page.set_input_files("#file", files=[file])
                page.wait_for_selector("#status:has-text('coloured in')")
                said = page.inner_text("#status")
                shown.append(float(re.search(r"in ([\d.]+) s", said)[1]))
                start = time.perf_counter()
                with page.expect_download() as download:
                    page.click("#save")
                found = read_picture(download.value.path()).rgb.astype(int)
                whole.append(shown[-1] + time.perf_counter() - start)
                page.evaluate("document.getElementById('status').textContent = ''")
                start = time.perf_counter()
                picture = colorizer.colorize(read_picture(data))
                write_picture(Path(folder) / "x.jpg", picture)
                python.append(time.perf_counter() - start)
            size = colorizer._network_size(*picture.rgb.shape[:2])
            network = page.evaluate(NETWORK, size)
        server.shutdown()
    print(f"browser, first photo, with loading: {shown[0]:5.2f} s")
    print(f"browser, the next, until it shows:  {median(shown[1:]):5.2f} s")
    print(f"browser, the next, until saved:     {median(whole[1:]):5.2f} s")
    print(f"  of it the network ({size[0]} x {size[1]}):   {network:5.2f} s")
    print(f"Python, from file to file:          {median(python[1:]):5.2f} s")
    difference = np.abs(found - picture.rgb).mean()
    print(f"mean difference of the two JPEG files: {difference:.2f} of 255 levels")


if __name__ == "__main__":
    main()
