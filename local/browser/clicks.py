"""What people do with a mouse: follow links, filter, turn pages; the same with JavaScript switched off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from playwright.sync_api import Page

from local.browser import pages
from local.browser.session import Session, View
from local.patience import require
from local.sample.calendar import APP, WEB
from registry_verifier.models import State
from registry_verifier.reasons import Reason, Status

_ROWS = 25
_MAX_PAGES = 500
_HREF = re.compile(r'href="([^"]*)"')


def there_and_back(session: Session, view: View) -> None:
    """Overview, image, digest; back by the browser's button, and by the page's own way."""
    newest = session.sample.of(APP)[0]
    with session.page("", view) as page:
        overview = page.url
        page.locator("table.images").get_by_role("link", name=str(APP), exact=True).click()
        _is_at(page, f"/status/images/{APP.repository}", str(APP))
        page.locator(f"{pages.TIMELINE} a[href$='{newest.digest}']").click()
        _is_at(page, f"/status/{pages.of_digest(newest)}", newest.digest)
        page.go_back()
        _is_at(page, f"/status/images/{APP.repository}", str(APP))
        page.go_back()
        require(page.url == overview, f"back leads to {page.url} (expected {overview})")
        page.goto(urljoin(overview, pages.of_digest(newest)))
        page.get_by_role("navigation").get_by_role("link").first.click()
        require(page.url == overview, f"the way at the top leads to {page.url} (expected {overview})")


def filters(session: Session, view: View) -> None:
    """The form changes the URL, and the rows are those that fit, newest first."""
    with session.page("", view) as page:
        page.get_by_label("Status").select_option(Status.FAILED)
        page.get_by_role("button", name="Filter").click()
        _has_filter(page, "status", Status.FAILED)
        _shows(page, sorted(session.sample.with_status(Status.FAILED), key=lambda s: s.document["verified_at"])[::-1])
        chosen = page.get_by_label("Status").input_value()
        require(chosen == Status.FAILED, f"the form forgot what it was asked for: {chosen!r}")
        page.get_by_label("Image", exact=True).fill(str(WEB))
        page.get_by_label("Status").select_option("")
        page.get_by_label("Reason").select_option(Reason.NO_ATTESTATION)
        page.get_by_role("button", name="Filter").click()
        _has_filter(page, "image", str(WEB))
        of_web = session.sample.of(WEB)
        _shows(page, [one for one in of_web if Reason.NO_ATTESTATION in one.document["reasons"]])
        page.get_by_role("link", name="Show all").click()
        _shows(page, session.sample.records[:_ROWS])


def a_time(session: Session, view: View) -> None:
    """From one day to before another one."""
    with session.page("?since=2026-11-10&until=2026-11-12", view) as page:
        days = ("2026-11-10", "2026-11-11")
        _shows(page, [one for one in session.sample.records if str(one.first_seen.date()) in days])


def next_pages(session: Session, view: View) -> None:
    """Older publishes, until there are no more; none is left out, none comes twice."""
    seen: list[str] = []
    with session.page("", view) as page:
        for _ in range(10):
            seen += pages.digests(page)
            older = page.get_by_role("link", name="Older publishes")
            if not older.count():
                break
            older.click()
    expected = [state.digest for state in session.sample.records]
    require(seen == expected, f"pages show {len(seen)} rows in all (expected these {len(expected)}, newest first)")


def what_is_not_understood(session: Session, view: View) -> None:
    """A filter that has no form says so on a page, with a way back."""
    with session.page("?image=Not+An+Image", view, refused=400) as page:
        require("'Not An Image'" in page.inner_text("main"), "the page does not say what is wrong")
        page.get_by_role("main").get_by_role("link").first.click()
        require(page.locator(pages.TIMELINE).count() == _ROWS, "the way back is none")


def no_dead_link(session: Session, view: View) -> None:
    """Every link of every page that can be reached leads to something."""
    start = f"{session.trusted.url}/status"
    found, dead = {start}, []
    queue = [start]
    with httpx.Client(follow_redirects=True) as client:
        while queue and len(found) < _MAX_PAGES:
            url = queue.pop()
            answer = client.get(url)
            if answer.status_code != 200:
                dead.append(f"{answer.status_code} {url.removeprefix(session.trusted.url)}")
            if answer.headers["Content-Type"].startswith("text/html"):
                links = {_absolute(str(answer.url), href) for href in _HREF.findall(answer.text)} - found
                found |= links
                queue += sorted(links)
    require(not dead, f"{len(dead)} of {len(found)} links are dead: {', '.join(dead[:3])}")
    require(100 < len(found) < _MAX_PAGES, f"{len(found)} links were found (expected all of the sample)")


def _absolute(base: str, href: str) -> str:
    return urljoin(base, href.replace("&amp;", "&")).partition("#")[0]


def _is_at(page: Page, path: str, text: str) -> None:
    require(urlsplit(page.url).path.endswith(path), f"the page is {page.url} (expected {path})")
    heading = page.locator("h1").inner_text()
    require(text in heading, f"the heading is {heading!r} (expected {text!r} in it)")


def _has_filter(page: Page, name: str, value: str) -> None:
    found = parse_qs(urlsplit(page.url).query).get(name)
    require(found == [value], f"{name} in the URL is {found} (expected {value})")


def _shows(page: Page, states: Sequence[State]) -> None:
    rows, expected = pages.digests(page), [state.digest for state in states]
    require(rows == expected, f"{page.url} shows {len(rows)} rows (expected these {len(expected)}, newest first)")
    words = [state.status.replace("_", " ") for state in states]
    require(pages.statuses(page) == words, f"{page.url} shows other statuses than the records have")
