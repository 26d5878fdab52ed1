"""One browser, the sample behind two servers, and pages that are watched: nothing may go wrong in the background.

Both servers have a path before their API's, as a stage of API Gateway puts it there: links must be relative.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, sync_playwright

from local.answering import LocalApi
from local.browser import chromium
from local.patience import require
from local.sample.stored import Sample, sample
from registry_verifier.question.request import Access

WIDE, PHONE, NARROWEST = 1280, 360, 320
"""pixels; the last one is what WCAG 2.1 asks for ("Reflow", 1.4.10)"""
HEIGHT = 900
_PREFIX = "/stage"


@dataclass(frozen=True)
class View:
    """How somebody looks at a page."""

    width: int = WIDE
    dark: bool = False
    javascript: bool = True
    public: bool = False
    """what everybody may see, in place of everything"""


@dataclass(frozen=True)
class Session:
    """Everything that checks need."""

    sample: Sample
    trusted: LocalApi
    public: LocalApi
    browser: Browser

    @contextlib.contextmanager
    def page(self, path: str = "", view: View | None = None, *, refused: int | str = "") -> Iterator[Page]:
        """A page below `/status/`; Unexpected at the end where something happened that a page must not do.

        `refused` is a part of messages in the console that are expected, such as a status code.
        """
        view = view or View()
        api = self.public if view.public else self.trusted
        context = self.browser.new_context(
            viewport={"width": view.width, "height": HEIGHT},
            color_scheme="dark" if view.dark else "light",
            java_script_enabled=view.javascript,
            reduced_motion="reduce",
        )
        trouble = _watched(context, api.url)
        with contextlib.closing(context):
            page = context.new_page()
            page.goto(f"{api.url}/status/{path}")
            yield page
            real = [line for line in trouble if not refused or str(refused) not in line]
            require(not real, f"{page.url}: {'; '.join(real[:3])}")


@contextlib.contextmanager
def opened() -> Iterator[Session]:
    """Start everything; raises NoBrowser where there is none."""
    place, known = chromium.path(), sample()
    with (
        LocalApi(known.world, prefix=_PREFIX) as trusted,
        LocalApi(known.world, access=Access.PUBLIC, prefix=_PREFIX) as public,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=place, chromium_sandbox=chromium.has_sandbox())
        with contextlib.closing(browser):
            yield Session(known, trusted, public, browser)


def _watched(context: BrowserContext, origin: str) -> list[str]:
    """What happens in the background, as it happens."""
    trouble: list[str] = []

    def dialog(shown: Dialog) -> None:
        trouble.append(f"a dialog opened: {shown.message}")
        shown.dismiss()

    def answered(request: Request) -> None:
        if not request.url.startswith(origin + "/"):
            trouble.append(f"a request left the origin: {request.url[:100]}")

    def failed(request: Request) -> None:
        if request.failure != "csp":  # what the browser kept back never left
            answered(request)

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            trouble.append(f"the console says of {message.location['url'][:100]}: {message.text[:200]}")

    context.on("dialog", dialog)
    context.on("requestfinished", answered)
    context.on("requestfailed", failed)
    context.on("console", console)
    context.on("weberror", lambda error: trouble.append(f"a script failed: {error.error}"))
    context.on("page", lambda _: trouble.append("another window opened") if len(context.pages) > 1 else None)
    return trouble
