"""What everybody may see, and that nobody can tell what else there is."""

from __future__ import annotations

import httpx

from local.browser import pages
from local.browser.session import Session, View
from local.patience import require
from local.sample.calendar import IMAGES, PUBLIC, WEB
from registry_verifier.reasons import Status

_PRIVATE = [image for image in IMAGES if image not in PUBLIC]


def overview(session: Session, view: View) -> None:
    """The public overview has the public images and no word of any other."""
    with session.page("", View(dark=view.dark, public=True)) as page:
        source = page.content().replace("<wbr>", "")
        rows = pages.digests(page)
    for image in PUBLIC:
        require(str(image) in source, f"{image} is public and not there")
    for image in _PRIVATE:
        require(image.repository not in source, f"{image} is private and named")
    known = {state.digest for state in session.sample.of(*PUBLIC)}
    require(bool(rows) and set(rows) <= known, "the timeline has publishes of private images")


def looks_unknown(session: Session, view: View) -> None:
    """The pages of a private image are, byte for byte, those of one that does not exist."""
    state = session.sample.of(WEB)[0]
    for private, unknown in (
        (f"images/{WEB.repository}", "images/acme/none"),
        (pages.of_digest(state), pages.of_digest(state).replace(WEB.repository, "acme/none")),
        (pages.of_digest(state), pages.missing(WEB.repository)),
    ):
        found, expected = (httpx.get(f"{session.public.url}/status/{path}") for path in (private, unknown))
        require(found.status_code == 404, f"{private} answers {found.status_code} to everybody")
        require(found.content == expected.content, f"{private} differs from {unknown}")
        require(_told(found) == _told(expected), f"{private} has other headers than {unknown}")
    with session.page(pages.of_digest(state), View(public=True), refused=404) as page:
        require("not public" in page.inner_text("main"), "the page does not say why there is nothing")


def api_is_closed(session: Session, view: View) -> None:
    """What needs credentials looks as if it were not there, and a public page does not link to it."""
    for path in ("/v1/images", "/v1/status/", "/v1/verifications?status=FAILED"):
        answer = httpx.get(session.public.url + path)
        require((answer.status_code, answer.json()["code"]) == (404, "no_route"), f"{path} answers {answer.text[:80]}")
    state = next(one for one in session.sample.of(*PUBLIC) if one.status is Status.VERIFIED)
    with session.page(pages.of_digest(state), View(dark=view.dark, public=True)) as page:
        links = [link.get_attribute("href") or "" for link in page.get_by_role("link").all()]
    require(not [link for link in links if "v1/" in link], "a public page links to the API")


def _told(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("date", "server")}
