"""What strangers wrote does nothing, is shown as what it is, and the browser would not let it do anything either."""

from __future__ import annotations

from urllib.parse import urljoin

from playwright.sync_api import Page

from local.browser import pages
from local.browser.session import Session, View
from local.patience import require
from local.sample import hostile
from local.sample.calendar import HOSTILE
from registry_verifier.reasons import Status

_ELEMENTS = frozenset(
    ["html", "head", "meta", "title", "link", "body", "header", "nav", "main", "footer", "section", "article", "div"]
    + ["h1", "h2", "h3", "p", "pre", "ol", "ul", "li", "dl", "dt", "dd", "a", "span", "code", "strong", "mark", "time"]
    + ["table", "caption", "thead", "tbody", "tr", "th", "td", "form", "label", "input", "select", "option", "button"]
    + ["figure", "figcaption", "svg", "desc", "line", "text", "rect", "details", "summary", "br", "wbr", "bdi"]
)
"""what the templates have; hostile text would add to it"""
_INVENTORY = """() => Array.from(document.querySelectorAll('*')).map(one => ({
  name: one.tagName.toLowerCase(),
  handlers: one.getAttributeNames().filter(name => name.startsWith('on') || name === 'style' || name === 'srcdoc'),
  links: ['href', 'src', 'action', 'formaction', 'xlink:href'].map(name => one.getAttribute(name)).filter(Boolean),
}))"""
_INJECT = """() => {
  const script = document.createElement('script');
  script.textContent = 'window.injected = true';
  document.body.append(script);
  const picture = document.createElement('img');
  picture.src = 'https://collect.example.com/x';
  document.body.append(picture);
  document.body.setAttribute('style', 'color: red');
  const link = document.createElement('a');
  link.setAttribute('onclick', 'window.injected = true');
  document.body.append(link);
  link.click();
  return window.injected === undefined;
}"""
_UNSEEN = "\u202e\u2066\u200b\ufeff\x00\x1b"


def does_nothing(session: Session, view: View) -> None:
    """On each page that shows it: no script, element, handler or link of its own, nothing that turns text around."""
    for name in ("overview", "overview-filtered", "image-hostile", "digest-hostile"):
        with session.page(pages.every(session.sample)[name], view) as page:
            _is_inert(name, page, session.trusted.url)
    holding = next(one for one in session.sample.of(HOSTILE) if one.status is Status.VERIFIED)
    with session.page(pages.of_digest(holding), view) as page:
        _is_inert("digest-hostile-verified", page, session.trusted.url)


def is_shown_as_text(session: Session, view: View) -> None:
    """People see what was written, characters without a picture by their code points."""
    with session.page(pages.every(session.sample)["digest-hostile"], view) as page:
        shown = page.locator("main").inner_text()
        for text in (*hostile.TEXTS, "U+202E", "U+2066"):
            require(text in shown, f"the page does not show {text[:60]!r}")
    with session.page("", view) as page:
        row = page.locator(pages.TIMELINE, has_text=HOSTILE.repository).first.inner_text()
        for text in (hostile.ACTOR, hostile.PICTURE, hostile.LINK):
            require("".join(text.split()) in "".join(row.split()), f"the row does not show {text[:60]!r}")


def in_the_form(session: Session, view: View) -> None:
    """What a link puts into the filters comes back as the value of a field."""
    query = f"?policy={hostile.PICTURE.replace('=', '%3D').replace(' ', '+')}&image=x"
    with session.page(query, view, refused=400) as page:
        _is_inert("a link with hostile filters", page, session.trusted.url)


def policy(session: Session, view: View) -> None:
    """The Content-Security-Policy is real: a script that got into the page is not run, a picture is not fetched."""
    with session.page("", View(dark=view.dark), refused="Content Security Policy") as page:
        require(page.evaluate(_INJECT), "an injected script ran")
        color = page.evaluate("getComputedStyle(document.body).color")
        require(color != "rgb(255, 0, 0)", "an injected style was applied")


def _is_inert(name: str, page: Page, origin: str) -> None:
    require(page.evaluate(f"window.{hostile.TOUCHED} === undefined"), f"{name}: a script ran")
    inventory = page.evaluate(_INVENTORY)
    foreign = {one["name"] for one in inventory} - _ELEMENTS
    require(not foreign, f"{name}: there are elements that no template has: {sorted(foreign)}")
    handlers = [one for one in inventory if one["handlers"]]
    require(not handlers, f"{name}: {handlers[:2]} have attributes that no template has")
    links = [link for one in inventory for link in one["links"]]
    away = [link for link in links if not urljoin(page.url, link).startswith(origin + "/")]
    require(not away, f"{name}: links lead away: {away[:2]}")
    everything = page.evaluate("document.title + document.documentElement.textContent")
    require(not set(_UNSEEN) & set(everything), f"{name}: the page has characters that nobody sees")
