"""What people do who have no mouse: everything can be reached, in the order of the page, and is seen when it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

from local.browser import pages
from local.browser.session import Session, View
from local.patience import require
from registry_verifier.reasons import Status

_MOST = 400
_STOPS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
_FOCUSED = """async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const all = Array.from(document.querySelectorAll('*'));
  return {
    place: all.indexOf(one), name: one.tagName.toLowerCase(), text: (one.innerText || one.id || '').slice(0, 60),
    outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""  # noqa: E501 - this is JavaScript
_VISIBLE_STOPS = f"""() => Array.from(document.querySelectorAll(`{_STOPS}`))
  .filter(one => one.checkVisibility()).map(one => Array.from(document.querySelectorAll('*')).indexOf(one))"""


def reaches_everything(session: Session, view: View) -> None:
    """Tab goes to the skip link first, then to every stop in the order of the document, each with a visible ring."""
    for name in ("overview", "image", "digest-failed", "digest-hostile"):
        with session.page(pages.every(session.sample)[name], view) as page:
            wanted = page.evaluate(_VISIBLE_STOPS)
            stops = list(_tabbed(page))
            first = stops[0]["text"] if stops else ""
            require("skip" in first.lower(), f"{name}: the first stop is {first!r} (expected the skip link)")
            places = list(dict.fromkeys(stop["place"] for stop in stops))
            require(places == sorted(places), f"{name}: stops are not in the order of the page")
            left_out = set(wanted) - set(places)
            require(not left_out, f"{name}: {len(left_out)} of {len(wanted)} stops cannot be reached")
            bare = [stop for stop in stops if stop["outline"] < 2 or not stop["seen"]]
            require(not bare, f"{name}: the focus is not seen at {bare[:3]}")


def skips(session: Session, view: View) -> None:
    """The skip link leads past the head of the page."""
    with session.page("", view) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        inside = page.evaluate("document.querySelector('main').contains(document.activeElement)")
        require(inside, "after the skip link the next stop is not within the content")


def filters(session: Session, view: View) -> None:
    """The form is filled in and sent without a mouse."""
    with session.page("", view) as page:
        page.get_by_label("Status").focus()
        page.keyboard.type("FAIL")
        while page.evaluate("document.activeElement.tagName") != "BUTTON":
            page.keyboard.press("Tab")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        shown = pages.statuses(page)
        require(bool(shown) and set(shown) == {Status.FAILED.value}, f"the rows are {set(shown)} (expected FAILED)")


def opens_the_table(session: Session, view: View) -> None:
    """The chart's numbers are shown by a key."""
    with session.page("", view) as page:
        page.locator(".chart summary").focus()
        page.keyboard.press("Enter")
        require(page.locator("table.numbers").is_visible(), "Enter does not open the chart's table")


def _tabbed(page: Page) -> Iterator[dict[str, Any]]:
    """Each stop, from the first one until the focus leaves the page."""
    for _ in range(_MOST):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if stop is None:
            return
        yield stop
    require(False, f"the keyboard does not come out of {page.url}")
