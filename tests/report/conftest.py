"""A headless Chromium for the tests that look at a page as a reader does."""

from __future__ import annotations

import shutil

import pytest

TIMEOUT = 300_000  # milliseconds after which something hangs, also on a busy machine
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@pytest.fixture(scope="session")
def chromium():
    """The machine's own browser, driven by playwright; nothing is downloaded."""
    reason = "playwright is not installed (requirements-dev.txt)"
    sync_api = pytest.importorskip("playwright.sync_api", reason=reason)
    names = ("chromium", "chromium-browser", "google-chrome")
    command = next((found for name in names if (found := shutil.which(name))), None)
    if command is None:
        pytest.skip("no Chromium or Chrome is installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=list(FLAGS))
        yield browser
        browser.close()


def outside(url):
    """An address that is asked for beyond the file itself and what it holds inside."""
    return [] if url.startswith(("file:", "data:", "blob:", "about:")) else [url]


@pytest.fixture
def show(chromium):
    """Opens a file as a user would, and waits until its script has drawn everything."""
    contexts = []

    def opened(path, *, width, dark=False):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            is_mobile=width < 600,
        )
        context.set_default_timeout(TIMEOUT)
        contexts.append(context)
        page = context.new_page()
        page.errors, page.asked = [], []  # complaints, and addresses outside the file
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda message: page.errors.append(f"{message.type}: {message.text}"))
        page.on("request", lambda request: page.asked.extend(outside(request.url)))
        page.goto(path.resolve().as_uri())
        page.wait_for_selector("html[data-drawn=yes]", state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
