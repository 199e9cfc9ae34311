"""Takes data/page.jpg, the README's picture of the page of `python -m colorlib app`.

Run from the repository, with Gradio, Playwright and Chromium installed:
`python .ci/screenshot.py`.
"""

import io
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "data" / "samples" / "old" / "castle-clinton.jpg"
SIZE = {"width": 1000, "height": 720}


def main():
    """Starts the page, colours a photograph there, and takes the picture."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "colorlib", "app", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(port)
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=program, args=["--no-sandbox"]
            )
            page = browser.new_page(viewport=SIZE)
            page.goto(f"http://127.0.0.1:{port}")
            page.set_input_files("input[type=file]", PHOTO)
            page.get_by_role("button", name="Colour", exact=False).first.click()
            page.wait_for_timeout(20_000)
            shot = page.screenshot(full_page=False)
            browser.close()
    finally:
        server.terminate()
        server.wait()
    Image.open(io.BytesIO(shot)).convert("RGB").save(
        ROOT / "data" / "page.jpg", quality=85
    )


def wait_for(port, seconds=180):
    """Returns when the port answers, or raises after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


if __name__ == "__main__":
    main()
