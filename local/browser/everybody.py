"""Pages for everybody: an accessibility engine finds nothing, and nothing needs a wide screen."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from local.browser import pages
from local.browser.session import HEIGHT, NARROWEST, PHONE, WIDE, Session, View
from local.patience import require
from local.sample.calendar import APP

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations", "incomplete"]}
_EXCUSED = ("shortTextContent", "nonBmp", "imgNode")
"""single characters and symbols, which have the colour of the word beside them, and words in the chart"""
_OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true })"
_TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth, held = one => one.closest('.scroll, pre, svg, .hidden');
  if (document.documentElement.scrollWidth <= room) return [];
  const wide = Array.from(document.querySelectorAll('body *')).filter(one => one.getBoundingClientRect().right > room + 1);
  return [...wide.filter(one => !held(one)).map(one => one.tagName + '.' + one.className), 'the page'];
}"""  # noqa: E501 - this is JavaScript


def engine(session: Session, view: View) -> None:
    """No violation on any page, and no contrast that the engine could not work out."""
    for name, path in pages.every(session.sample).items():
        with session.page(path, view) as page:
            _holds(name, page)
    with session.page(pages.missing(APP.repository), view, refused=404) as page:
        _holds("nothing here", page)


def engine_on_a_phone(session: Session, view: View) -> None:
    """The same where tables scroll and forms are stacked."""
    for name in ("overview", "image", "digest-hostile"):
        with session.page(pages.every(session.sample)[name], View(width=PHONE, dark=view.dark)) as page:
            _holds(f"{name} on a phone", page)


def no_sideways_scrolling(session: Session, view: View) -> None:
    """On the narrowest screen, on a phone, and with text of twice its size on a wide one."""
    for name, path in pages.every(session.sample).items():
        with session.page(path, view) as page:
            page.evaluate(_OPEN_ALL)
            for width, size in ((NARROWEST, "100%"), (PHONE, "100%"), (WIDE // 2, "200%")):
                page.set_viewport_size({"width": width, "height": HEIGHT})
                page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
                wide = page.evaluate(_TOO_WIDE)
                require(not wide, f"{name} scrolls sideways at {width} pixels, text {size}: {wide[:3]}")


def _holds(name: str, page: Page) -> None:
    page.evaluate(_OPEN_ALL)
    response = Axe().run(page, options=_OPTIONS).response
    found = [*map(_said, response["violations"]), *map(_said, _undecided(response))]
    require(not found, f"{name}: {' | '.join(found[:3])}")
    require(len(response["passes"]) > 20, f"{name}: the engine looked at {len(response['passes'])} rules only")


def _undecided(response: dict[str, Any]) -> list[dict[str, Any]]:
    """Contrasts that the engine could not work out."""
    rules = [one for one in response["incomplete"] if one["id"] == "color-contrast"]
    doubted = [{**rule, "nodes": [node for node in rule["nodes"] if not _is_excused(node)]} for rule in rules]
    return [rule for rule in doubted if rule["nodes"]]


def _is_excused(node: dict[str, Any]) -> bool:
    data = node["any"][0]["data"] if node["any"] else {}
    return (data or {}).get("messageKey") in _EXCUSED


def _said(rule: dict[str, Any]) -> str:
    node = rule["nodes"][0]
    return f"{rule['id']} at {len(rule['nodes'])} places, such as {node['target']}: {node['html'][:160]}"
