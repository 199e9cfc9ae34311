"""A real browser for the tests: the system's Chromium, driven by Playwright.

`.ci/run` installs both. Where one of them is missing the tests are skipped, and say so.
"""

import contextlib
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextlib.contextmanager
def open_browser(*more):
    """Starts a headless browser; `more` are its further command line arguments."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no Playwright: pip install playwright"
    )
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", *more]
        )
        try:
            yield browser
        finally:
            browser.close()
