"""What the pages are made of: text made visible, differences, the chart, addresses, and the templates themselves."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from registry_verifier import status_page
from registry_verifier.models import State
from registry_verifier.reasons import Status
from registry_verifier.status_page import render
from registry_verifier.status_page.chart import BARS, Chart, chart, in_words
from registry_verifier.status_page.difference import differing
from registry_verifier.status_page.visible import LIMIT, address, visible
from registry_verifier.verdict_view import summary
from tests.library.verdicts import DIGEST, NOW, digest, state

TEMPLATES = Path(status_page.__file__).parent / "templates"


# ------------------------------------------------------------------------------------------------- visible


def test_text_is_escaped() -> None:
    assert visible("<b a='\"'>&") == "&lt;b a=&#39;&#34;&#39;&gt;&amp;"


@pytest.mark.parametrize(
    "character",
    [
        *"\x00\x07\t\n\r\x1b\x7f\x85\xad\u061c\u200b\u200f\u202a\u202e\u2028\u2029\u2066\u2069\ufeff\ue000\ud800\U000e0041",
        *"\xa0\u3000\u034f\u115f\u3164\uffa0\u2800\ufe0f\U000e0100",
    ],
)
def test_what_is_not_seen_is_shown_as_its_code_point(character: str) -> None:
    assert visible(f"a{character}b") == f'a<span class="unseen">U+{ord(character):04X}</span>b'


@pytest.mark.parametrize("text", ["plain text: ~!", "Größe", "日本語", "🙂", "é"])
def test_what_is_seen_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("text", ["שלום", "a مرحبا b", "١٢"])
def test_letters_that_are_written_to_the_left_turn_nothing_beside_them(text: str) -> None:
    assert visible(text) == f'<bdi dir="ltr">{text}</bdi>'


def test_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * LIMIT) == "x" * LIMIT
    assert visible("x" * (LIMIT + 1)) == "x" * LIMIT + '<span class="cut">… (1001 characters)</span>'


def test_a_text_of_nothing_but_control_characters_stays_small() -> None:
    shown = visible("\u202e" * LIMIT)
    assert shown.count("unseen") == 60
    assert shown.endswith("(1000 characters)</span>")


def test_a_line_of_an_address_may_end_after_its_parts_and_not_within_its_scheme() -> None:
    assert address("https://x.dev/a@b") == "https://x.dev/<wbr>a@<wbr>b"


def test_an_address_is_escaped_as_every_text_is() -> None:
    assert address("/<\u202e") == '/<wbr>&lt;<span class="unseen">U+202E</span>'


# ------------------------------------------------------------------------------------------------- differences


@pytest.mark.parametrize(
    ("expected", "found", "parts"),
    [
        ("release@main", "release@dev", ("release@", "dev", "")),
        ("a/release/b", "a/test/b", ("a/", "test", "/b")),
        (r"^https://github\.com/acme$", "https://github.com/acmo", ("https://github.com/acm", "o", "")),
        ("same", "same", ("same", "", "")),
        ("abc", "ab", ("ab", "", "")),
        ("aa", "aaa", ("aa", "a", "")),
        ("", "x", ("", "x", "")),
        ("x", "", ("", "", "")),
    ],
)
def test_who_signed_is_cut_where_it_differs(expected: str, found: str, parts: tuple[str, str, str]) -> None:
    assert differing(expected, found) == parts
    assert "".join(differing(expected, found)) == found


# ------------------------------------------------------------------------------------------------- the chart


def _drawn(*published: tuple[int, Status]) -> Chart:
    """The chart of publishes so many days ago."""
    return chart(summary(_at(days, status)) for days, status in published)


def _at(days: int, status: Status = Status.VERIFIED) -> State:
    return state(status, digest=digest(days), first_seen=NOW - timedelta(days=days))


def test_each_day_has_a_bar_and_a_day_without_publishes_an_empty_one() -> None:
    found = _drawn((0, Status.VERIFIED), (0, Status.FAILED), (2, Status.PENDING))
    counts = [(str(bar.first), bar.publishes, bar.failures) for bar in found.bars]
    assert counts == [("2026-11-20", 1, 0), ("2026-11-21", 0, 0), ("2026-11-22", 2, 1)]
    assert (found.publishes, found.failures, found.most, found.unit) == (3, 1, 2, "day")


def test_bars_are_as_high_as_their_numbers() -> None:
    bar = _drawn((0, Status.VERIFIED), (0, Status.FAILED), (0, Status.FAILED), (1, Status.FAILED)).bars
    assert [(one.height, one.failed_height) for one in bar] == [(40.0, 40.0), (120.0, 80.0)]


def test_as_many_days_as_there_are_bars_are_drawn_as_days() -> None:
    found = _drawn((0, Status.VERIFIED), (BARS - 1, Status.VERIFIED))
    assert (len(found.bars), found.unit) == (BARS, "day")


def test_a_longer_time_is_drawn_in_weeks_that_begin_on_mondays() -> None:
    found = _drawn((0, Status.VERIFIED), (BARS, Status.FAILED))
    assert found.unit == "week"
    assert {bar.first.weekday() for bar in found.bars} == {0}
    assert (found.bars[0].name, found.bars[0].failures) == ("2026-10-19 to 2026-10-25", 1)
    assert found.bars[-1].last == date(2026, 11, 22)


def test_what_is_too_old_for_the_oldest_bar_is_counted_as_left_out() -> None:
    found = _drawn((0, Status.VERIFIED), (7 * BARS + 7, Status.FAILED))
    assert (len(found.bars), found.publishes, found.failures, found.left_out) == (BARS, 1, 0, 1)


def test_children_of_an_index_are_no_publishes() -> None:
    child = summary(state(document={"kind": "child"}))
    assert chart([child]).bars == ()
    assert chart([child, summary(state())]).publishes == 1


def test_a_single_bar_does_not_fill_the_page() -> None:
    found = _drawn((0, Status.VERIFIED))
    assert found.width > 10 * 20
    assert 0 < found.end < 10


def test_a_day_in_words() -> None:
    assert in_words(date(2026, 11, 3)) == "3 Nov 2026"


# ------------------------------------------------------------------------------------------------- addresses


def test_the_ways_to_an_image_and_to_a_digest() -> None:
    assert render.to_image("../", "ghcr.io/acme/deep/app") == "../images/acme/deep/app"
    assert render.to_digest("", "ghcr.io/acme/app", DIGEST) == f"images/acme/app/digests/{DIGEST}"


@pytest.mark.parametrize(
    "image", ["docker.io/acme/app", "ghcr.io/acme", "ghcr.io/a/../b", "javascript:alert(1)", "ghcr.io/a/b?c", "x\n"]
)
def test_there_is_no_way_to_what_is_no_image_of_the_registry(image: str) -> None:
    assert render.to_image("", image) is None
    assert render.to_digest("", image, DIGEST) is None


@pytest.mark.parametrize("value", ["sha256:x", DIGEST + "0", DIGEST + "\n", DIGEST.upper(), "../../x", ""])
def test_there_is_no_way_to_what_is_no_digest(value: str) -> None:
    assert render.to_digest("", "ghcr.io/acme/app", value) is None


# ------------------------------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-22T10:01:00Z", "just now"),
        ("2026-11-22T10:00:00Z", "1 minute ago"),
        ("2026-11-22T07:01:00Z", "3 hours ago"),
        ("2026-11-20T10:01:00Z", "2 days ago"),
        ("2026-11-22T10:31:00Z", "in 30 minutes"),
    ],
)
def test_ages_are_told_in_one_unit(moment: str, words: str) -> None:
    assert render.ago(moment, NOW) == words


def test_a_time_is_shown_to_the_minute() -> None:
    assert render.minute("2026-11-22T10:01:59Z") == "2026-11-22 10:01"


# ------------------------------------------------------------------------------------------------- the templates


def test_every_value_is_escaped_and_none_may_be_missing() -> None:
    values = {"root": "", "here": "./", "status_code": 404, "text": "x", "title": "<script>"}
    page = render.page("message.html", datetime(2026, 11, 22, tzinfo=UTC), values)
    assert "<h1>&lt;script&gt;</h1>" in page
    with pytest.raises(UndefinedError):
        render.page("message.html", NOW, {"root": ""})


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*.html")), ids=lambda file: file.name)
def test_no_template_has_what_the_security_policy_forbids_or_lets_a_value_pass_as_it_is(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"\bsafe\b|<script|<iframe|\sstyle=|\son[a-z]+=|javascript:|https?://", text)
    assert len(text.splitlines()) <= 250


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*.html")), ids=lambda file: file.name)
def test_every_attribute_of_a_template_is_quoted(file: Path) -> None:
    assert not re.search(r"<[^>]*=\s*\{\{", file.read_text())


def test_the_style_sheet_fetches_nothing() -> None:
    text = render.file("style.css")
    assert not re.search(r"url\(|@import|expression", text)
    assert "prefers-color-scheme: dark" in text


def test_the_files_are_those_in_the_folder() -> None:
    assert render.file("icon.svg") == (TEMPLATES / "icon.svg").read_text()
    assert not isinstance(render.file("style.css"), Markup)
