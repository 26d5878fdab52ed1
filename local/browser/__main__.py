"""`make browser`: the status page in a real Chromium, over the sample; `make screenshots` takes pictures of it.

Each check has a name and says what is wrong. Ends with 0 when nothing is, with 2 where there is no browser.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from playwright.sync_api import Error

from local.browser import clicks, everybody, hostile, keyboard, numbers, privacy, screenshots
from local.browser.chromium import NoBrowser
from local.browser.session import Session, View, opened
from local.patience import Unexpected

Check = Callable[[Session, View], None]

WITHOUT_SCRIPTS = View(javascript=False)
DARK = View(dark=True)
LIGHT = View()

CHECKS: Mapping[str, tuple[Check, tuple[View, ...]]] = {
    "overview, image, digest, and back": (clicks.there_and_back, (LIGHT, WITHOUT_SCRIPTS)),
    "the filters: URL and rows": (clicks.filters, (LIGHT, WITHOUT_SCRIPTS)),
    "the filters: days": (clicks.a_time, (LIGHT,)),
    "a filter that is none": (clicks.what_is_not_understood, (LIGHT, WITHOUT_SCRIPTS)),
    "older publishes, to the last one": (clicks.next_pages, (LIGHT, WITHOUT_SCRIPTS)),
    "no dead link": (clicks.no_dead_link, (LIGHT,)),
    "the chart's numbers": (numbers.of_everything, (LIGHT, WITHOUT_SCRIPTS)),
    "the chart of one image, and of a filter": (numbers.of_one_image, (LIGHT,)),
    "the chart can be read": (numbers.is_seen, (LIGHT,)),
    "the chart stands out": (numbers.has_contrast, (LIGHT, DARK)),
    "keyboard: every stop, in order, seen": (keyboard.reaches_everything, (LIGHT, DARK)),
    "keyboard: past the head": (keyboard.skips, (LIGHT,)),
    "keyboard: the filters": (keyboard.filters, (LIGHT,)),
    "keyboard: the chart's table": (keyboard.opens_the_table, (LIGHT,)),
    "axe, every page": (everybody.engine, (LIGHT, DARK)),
    "axe, on a phone": (everybody.engine_on_a_phone, (LIGHT, DARK)),
    "no sideways scrolling": (everybody.no_sideways_scrolling, (LIGHT,)),
    "hostile text does nothing": (hostile.does_nothing, (LIGHT, WITHOUT_SCRIPTS)),
    "hostile text is shown as text": (hostile.is_shown_as_text, (LIGHT,)),
    "hostile text in a link": (hostile.in_the_form, (LIGHT,)),
    "the content security policy holds": (hostile.policy, (LIGHT,)),
    "public: the overview": (privacy.overview, (LIGHT,)),
    "public: private is as unknown": (privacy.looks_unknown, (LIGHT,)),
    "public: the API is closed": (privacy.api_is_closed, (LIGHT,)),
}


def main() -> int:
    """Check, or take pictures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.browser", description=__doc__)
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="take pictures of the pages, and check nothing")
    parser.add_argument("--only", default="", metavar="TEXT", help="the checks that have this in their names")
    chosen = parser.parse_args()
    try:
        with opened() as session:
            return _pictures(session, chosen.screenshots) if chosen.screenshots else _checked(session, chosen.only)
    except NoBrowser as error:
        print(error, file=sys.stderr)
        return 2


def _pictures(session: Session, folder: Path) -> int:
    for file in screenshots.take(session, folder):
        print(file)
    return 0


def _checked(session: Session, only: str) -> int:
    print(f"Chromium {session.browser.version}, {len(session.sample.records)} publishes", flush=True)
    found = [_holds(name, session, view) for name, (_, views) in CHECKS.items() if only in name for view in views]
    print(f"{found.count(True)} checks hold, {found.count(False)} do not")
    return int(not found or not all(found))


def _holds(name: str, session: Session, view: View) -> bool:
    began, how = time.monotonic(), _told(view)
    try:
        CHECKS[name][0](session, view)
    except (Unexpected, Error) as error:
        print(f"NOT SO  {name}{how}: {error}", flush=True)
        return False
    print(f"ok  {name}{how} ({time.monotonic() - began:.1f} s)", flush=True)
    return True


def _told(view: View) -> str:
    return " (dark)" if view.dark else " (without JavaScript)" if not view.javascript else ""


if __name__ == "__main__":
    sys.exit(main())
