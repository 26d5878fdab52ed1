"""The chart: its table, its picture and its words say what was published, to the last number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from playwright.sync_api import Locator, Page

from local.browser import pages
from local.browser.session import Session, View
from local.patience import require
from local.sample.calendar import WEB
from registry_verifier.models import State
from registry_verifier.reasons import Status

_ROUNDING = 0.11
_WORDS, _BARS = 4.5, 3.0
"""the contrast that WCAG 2.1 asks of text (1.4.3), and of what one must see to understand (1.4.11)"""
_FILL = "one => [getComputedStyle(one).fill, getComputedStyle(one.closest('section')).backgroundColor]"


def of_everything(session: Session, view: View) -> None:
    """What the overview draws is the sample's truth, day by day."""
    known = session.sample
    with session.page("", view) as page:
        _agree(page, known.each_day(), known.each_day(Status.FAILED))


def of_one_image(session: Session, view: View) -> None:
    """An image's own chart counts its own publishes, and a filtered one what fits the filter."""
    mine = session.sample.of(WEB)
    failed = [state for state in mine if state.status is Status.FAILED]
    with session.page(f"images/{WEB.repository}", view) as page:
        _agree(page, _each_day(mine), _each_day(failed))
    with session.page(f"?image={WEB}&status=FAILED", view) as page:
        _agree(page, _each_day(failed), _each_day(failed))


def _each_day(states: list[State]) -> Mapping[date, int]:
    days = [state.first_seen.date() for state in states]
    return {day: days.count(day) for day in days}


def _agree(page: Page, publishes: Mapping[date, int], failures: Mapping[date, int]) -> None:
    page.locator(".chart summary").click()
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator("table.numbers tbody tr").all()]
    table = {name: (int(count), int(failed)) for name, count, failed in rows}
    expected = {str(day): (count, failures.get(day, 0)) for day, count in publishes.items()}
    require(table == expected, f"{page.url}: the table says {table} (expected {expected})")
    described = page.locator(".chart desc").text_content() or ""
    words = f"{sum(publishes.values())} publishes, {sum(failures.values())} of them failed"
    require(words in described, f"the chart is described as {described!r} (expected {words!r} in it)")
    _drawn(page, publishes, "rect.publishes", publishes)
    _drawn(page, publishes, "rect.failures", failures)


def _drawn(page: Page, publishes: Mapping[date, int], bars: str, counts: Mapping[date, int]) -> None:
    """The bars are as high as their numbers, each at the place of its day."""
    most, (begin, step) = max(publishes.values()), _scale(page, publishes)
    places = [_place(one) for one in page.locator(f".chart {bars}").all()]
    drawn = {round(left): height for left, _, height in places if height}
    expected = {round(begin + (day - min(publishes)).days * step): 120 * n / most for day, n in counts.items() if n}
    same = drawn.keys() == expected.keys() and all(abs(drawn[at] - expected[at]) < _ROUNDING for at in drawn)
    require(same, f"{page.url}: {bars} are {drawn} (expected {expected})")
    require(all(round(top + height) == 120 for _, top, height in places), f"{bars} do not stand on the axis")


def _place(bar: Locator) -> tuple[float, float, float]:
    left, top, height = (float(bar.get_attribute(name) or "nan") for name in ("x", "y", "height"))
    return left, top, height


def _scale(page: Page, publishes: Mapping[date, int]) -> tuple[float, float]:
    """Where the first day is, and how far it is from one to the next, in the picture's units."""
    lefts = [_place(bar)[0] for bar in page.locator(".chart rect.publishes").all()]
    days = (max(publishes) - min(publishes)).days
    return min(lefts), (max(lefts) - min(lefts)) / max(days, 1)


def is_seen(session: Session, view: View) -> None:
    """The picture has room on a wide page and on a phone, and its smallest words can be read."""
    for width, least in ((view.width, 500), (360, 250)):
        with session.page("", View(width=width, dark=view.dark)) as page:
            box = page.locator(".chart svg").first.bounding_box() or {"width": 0, "height": 0}
            require(box["width"] >= least, f"the chart is {box['width']:.0f} pixels wide of {width}")
            size = page.locator(".chart svg text").first.evaluate("e => e.getBoundingClientRect().height")
            require(size >= 8, f"the chart's words are {size:.1f} pixels high at {width}")
            words = page.locator(f".chart figcaption, {pages.TIMELINE}").first.inner_text()
            require(bool(re.search(r"\d", words)), "the caption has no number")


def has_contrast(session: Session, view: View) -> None:
    """Words and bars stand out from the ground: what the engine cannot work out in a picture."""
    with session.page("", view) as page:
        wanted = {"text": _WORDS, "rect.publishes": _BARS, "rect.failures": _BARS}
        for what, least in wanted.items():
            for one in page.locator(f".chart svg {what}").all():
                found = _contrast(*one.evaluate(_FILL))
                require(found >= least, f"{what} has a contrast of {found:.2f} (expected {least})")


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    """Of `rgb(1, 2, 3)`, as WCAG 2.1 defines it."""
    channels = [int(part) / 255 for part in re.findall(r"[0-9]+", color)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
