"""What a badge says: green only for what holds now; and the picture, which nobody can put anything into."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from registry_verifier import badge
from registry_verifier.badge import Badge
from registry_verifier.listing import Sight
from registry_verifier.reasons import Status
from tests.library.verdicts import NOW, state

FRESH = timedelta(hours=30)
NEVER = Sight()
SVG = "{http://www.w3.org/2000/svg}"
EVERY = [
    Badge("verified", "brightgreen"),
    Badge("failed", "red"),
    Badge("pending", "grey"),
    Badge("no policy", "lightgrey"),
    badge.UNKNOWN,
    badge.NOT_LATELY,
]


def said(status: Status, sight: Sight = NEVER, *, after: timedelta = timedelta()) -> tuple[str, str]:
    found = badge.of(state(status), sight, NOW + after, FRESH)
    return found.message, found.color


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.VERIFIED, ("verified", "brightgreen")),
        (Status.FAILED, ("failed", "red")),
        (Status.PENDING, ("pending", "grey")),
        (Status.NO_POLICY, ("no policy", "lightgrey")),
        (Status.UNKNOWN, ("unknown", "lightgrey")),
    ],
)
def test_what_each_status_says(status: Status, expected: tuple[str, str]) -> None:
    assert said(status) == expected


def test_nothing_known_is_grey() -> None:
    assert badge.of(None, NEVER, NOW, FRESH) == Badge("unknown", "lightgrey")


def test_verified_is_green_until_the_last_moment_of_its_freshness() -> None:
    assert said(Status.VERIFIED, after=FRESH) == ("verified", "brightgreen")


def test_verified_that_nobody_looked_at_since_is_not_green() -> None:
    assert said(Status.VERIFIED, after=FRESH + timedelta(seconds=1)) == ("not checked lately", "lightgrey")


def test_verified_that_was_looked_at_again_is_green_for_as_long_again() -> None:
    again = Sight(checked_at=NOW + timedelta(days=5))
    assert said(Status.VERIFIED, again, after=timedelta(days=5) + FRESH) == ("verified", "brightgreen")
    assert said(Status.VERIFIED, again, after=timedelta(days=6, hours=7)) == ("not checked lately", "lightgrey")


def test_a_look_before_the_verdict_takes_nothing_away() -> None:
    assert said(Status.VERIFIED, Sight(checked_at=NOW - timedelta(days=9))) == ("verified", "brightgreen")


def test_verified_that_nobody_can_look_at_is_not_green_however_fresh() -> None:
    assert said(Status.VERIFIED, Sight(NOW, NOW)) == ("not checked lately", "lightgrey")


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.VERIFIED])
def test_no_sight_makes_anything_else_green(status: Status) -> None:
    assert said(status, Sight(checked_at=NOW + timedelta(days=1)))[1] != "brightgreen"


def test_shields_gets_what_its_endpoint_wants() -> None:
    assert badge.shields(Badge("failed", "red")) == {
        "schemaVersion": 1,
        "label": "signed",
        "message": "failed",
        "color": "red",
        "isError": False,
        "cacheSeconds": 300,
    }


@pytest.mark.parametrize("shown", EVERY, ids=lambda shown: shown.message)
def test_the_picture_tells_screen_readers_what_it_shows(shown: Badge) -> None:
    root = ElementTree.fromstring(badge.svg(shown))
    assert (root.get("role"), root.get("aria-label")) == ("img", f"signed: {shown.message}")
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == f"signed: {shown.message}"
    assert [text.text for text in root.iter(f"{SVG}text")] == ["signed", shown.message]


@pytest.mark.parametrize("shown", EVERY, ids=lambda shown: shown.message)
def test_the_picture_is_as_wide_as_its_two_halves(shown: Badge) -> None:
    root = ElementTree.fromstring(badge.svg(shown))
    left, right = root.iter(f"{SVG}rect")
    assert int(root.get("width", "")) == int(left.get("width", "")) + int(right.get("width", ""))
    assert right.get("x") == left.get("width")
    for text, rect in zip(root.iter(f"{SVG}text"), (left, right), strict=True):
        assert int(text.get("textLength", "")) < int(rect.get("width", ""))


@pytest.mark.parametrize("shown", EVERY, ids=lambda shown: shown.message)
def test_white_text_can_be_read_on_every_colour(shown: Badge) -> None:
    root = ElementTree.fromstring(badge.svg(shown))
    for rect in root.iter(f"{SVG}rect"):
        colour = rect.get("fill", "")
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_a_hostile_text_stays_a_text() -> None:
    hostile = '"><script>alert(1)</script><image href="https://evil.test/x"/>&'
    root = ElementTree.fromstring(badge.svg(replace(badge.UNKNOWN, message=hostile)))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {"svg", "title", "rect", "g", "text"}
    assert [text.text for text in root.iter(f"{SVG}text")][1] == hostile
    assert root.get("aria-label") == f"signed: {hostile}"


@pytest.mark.parametrize("shown", EVERY, ids=lambda shown: shown.message)
def test_the_picture_has_no_script_no_style_and_nothing_from_elsewhere(shown: Badge) -> None:
    text = badge.svg(shown).replace("http://www.w3.org/2000/svg", "")
    assert not [word for word in ("script", "style", "href", "url(", "http", "@import", "on") if f" {word}" in text]
