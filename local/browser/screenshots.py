"""Pictures of the pages, for people to look at: light, dark, and on a phone."""

from __future__ import annotations

from pathlib import Path

from local.browser import pages
from local.browser.session import PHONE, Session, View

NAMES = ("overview", "image", "digest-verified", "digest-failed", "digest-replaced", "digest-hostile")
VIEWS = {"light": View(), "dark": View(dark=True), "narrow": View(width=PHONE)}


def take(session: Session, folder: Path) -> list[Path]:
    """Each page in each view as a file in `folder`; these are their names."""
    folder.mkdir(parents=True, exist_ok=True)
    paths, taken = pages.every(session.sample), []
    for name in NAMES:
        for kind, view in VIEWS.items():
            with session.page(paths[name], view, refused=404) as page:
                taken.append(folder / f"{name}-{kind}.png")
                page.screenshot(path=taken[-1], full_page=True, animations="disabled")
    return taken
