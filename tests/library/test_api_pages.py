"""The status page as people get it: what is on each page, who sees which, and where its links lead."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest

from registry_verifier.errors import Unavailable
from registry_verifier.incident import Incident, Key, Kind
from registry_verifier.models import ImageName
from registry_verifier.query import framing, router
from registry_verifier.query.router import Sent
from registry_verifier.question.request import Access, Request
from registry_verifier.reasons import Reason, Status
from registry_verifier.verdict_document import timestamp
from registry_verifier.watched import Former, TagPointer
from tests.library.stored_verdicts import Api, Memory, Table, emptied, in_table
from tests.library.verdicts import DIGEST, EXPECTED, FOUND, IMAGE, NOW, digest, state, statement

WEB, SECRET = ImageName("ghcr.io", "acme/web"), ImageName("ghcr.io", "acme/secret")
PAGE = f"/status/images/acme/app/digests/{DIGEST}"
HOUR = timedelta(hours=1)
HOSTILE = "'\"><script>alert(1)</script>\u202e{{1111*3}}"
SHOWN = "'\"><script>alert(1)</script>U+202E{{1111*3}}"


class Text(HTMLParser):
    """What a page says, the cells of its tables, its links and its fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.words.append("" if tag in ("wbr", "mark", "bdi") or ("class", "unseen") in attrs else " ")
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def all(self) -> str:
        return " ".join("".join(self.words).split())


class Pages:
    """Asks for pages as a browser does."""

    def __init__(self, shelf: Any, *public: ImageName, **changes: Any) -> None:
        self.world = Api(shelf, public_images=frozenset(public), **changes).world

    def get(self, path: str, access: Access = Access.TRUSTED, status_code: int = 200) -> Sent:
        path, _, query = path.partition("?")
        sent = router.answer(Request("GET", path, query, access=access), self.world)
        assert sent.status_code == status_code, sent.body[:500]
        return sent

    def text(self, path: str, access: Access = Access.TRUSTED, status_code: int = 200) -> Text:
        sent = self.get(path, access, status_code)
        assert sent.headers["Content-Type"] == "text/html; charset=utf-8"
        return Text(sent.body)

    def rows(self, path: str, access: Access = Access.TRUSTED) -> list[str]:
        """The digests in the timeline, in their order."""
        html = self.get(path, access).body
        found = re.search(r'<table class="timeline.*?</table>', html, re.DOTALL)
        return re.findall(r'href="[^"]*/digests/(sha256:[0-9a-f]{64})"', found[0]) if found else []


@pytest.fixture(scope="module")
def real() -> Iterator[Table]:
    with in_table() as verdicts:
        yield verdicts


@pytest.fixture(params=["memory", "table"])
def shelf(request: pytest.FixtureRequest, real: Table) -> Any:
    return Memory() if request.param == "memory" else emptied(real)


def _fill(shelf: Any, count: int, image: ImageName = IMAGE, **changes: Any) -> list[str]:
    """So many publishes an hour apart; their digests, newest first."""
    for number in range(count):
        made = state(image=image, digest=digest(number), first_seen=NOW - number * HOUR, **changes)
        shelf.put(made)
    return [digest(number) for number in range(count)]


# ------------------------------------------------------------------------------------------------- the overview


def test_the_overview_has_every_image_with_the_state_of_its_newest_publish(shelf: Any) -> None:
    shelf.put(state(Status.VERIFIED))
    shelf.put(state(Status.FAILED, image=WEB))
    text = Pages(shelf).text("/status/")
    assert {"images/acme/app", "images/acme/web"} <= {*text.links}
    assert "1 ✓ VERIFIED 1 ✕ FAILED" in text.all
    assert "2026-11-22 10:01 1 day ago by octo-releaser" in text.all


def test_an_overview_of_nothing_says_so(shelf: Any) -> None:
    assert "Nothing was published yet" in Pages(shelf).text("/status/").all


def test_the_timeline_goes_on_page_by_page_and_leaves_nothing_out(shelf: Any) -> None:
    expected, pages, at, seen = _fill(shelf, 60), Pages(shelf), "/status/?reason=IDENTITY_MISMATCH", []
    for _ in range(4):
        seen += pages.rows(at)
        following = re.search(r'rel="next" href="([^"]*)"', pages.get(at).body)
        if not following:
            break
        at = urljoin(at, unescape(following[1]))
        assert "reason=IDENTITY_MISMATCH" in at
    assert seen == expected


def test_a_cursor_is_bound_to_its_filters(shelf: Any) -> None:
    _fill(shelf, 30)
    pages = Pages(shelf)
    found = re.search(r'rel="next" href="([^"]*)"', pages.get("/status/").body)
    assert found
    text = pages.text(f"/status/{unescape(found[1])}&policy=acme-signatures", status_code=400)
    assert "cursor is not one of this API, or of another list" in text.all


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("status=FAILED", [0, 2]),
        ("status=VERIFIED", [1]),
        ("reason=IDENTITY_MISMATCH", [0, 2]),
        ("policy=acme-signatures", [0, 1, 2]),
        ("policy=other", []),
        ("image=ghcr.io/acme/web", [2]),
        ("since=2026-11-22T09:00:00Z", [0, 1]),
        ("until=2026-11-22T09:30:00Z", [1, 2]),
        ("image=&status=&since=", [0, 1, 2]),
    ],
)
def test_filters_choose_rows(shelf: Any, query: str, numbers: list[int]) -> None:
    shelf.put(state(Status.FAILED, digest=digest(0)))
    shelf.put(state(Status.VERIFIED, digest=digest(1), first_seen=NOW - HOUR))
    older = {"verified_at": timestamp(NOW - 2 * HOUR)}
    shelf.put(state(Status.FAILED, image=WEB, digest=digest(2), first_seen=NOW - 2 * HOUR, document=older))
    assert Pages(shelf).rows(f"/status/?{query}") == [digest(number) for number in numbers]


def test_the_form_remembers_what_was_asked_for() -> None:
    query = "image=ghcr.io/acme/app&status=FAILED&reason=NO_SIGNATURE&policy=p&since=2026-11-01&children=yes"
    text = Pages(Memory()).text(f"/status/?{query}")
    filled = {one.get("value") for name, one in text.elements if name == "input"}
    chosen = {one.get("value") for name, one in text.elements if name == "option" and "selected" in one}
    assert {"ghcr.io/acme/app", "p", "2026-11-01"} <= filled
    assert chosen == {"FAILED", "NO_SIGNATURE", "yes"}
    assert "None of the publishes that were examined fits." in text.all


def test_children_of_an_index_are_shown_where_they_are_asked_for(shelf: Any) -> None:
    shelf.put(state(digest=digest(1)))
    shelf.put(state(digest=digest(2), document={"kind": "child"}, first_seen=NOW - HOUR))
    pages = Pages(shelf)
    assert pages.rows("/status/?image=ghcr.io/acme/app") == [digest(1)]
    assert pages.rows("/status/?image=ghcr.io/acme/app&children=yes") == [digest(1), digest(2)]
    assert pages.rows("/status/images/acme/app?children=yes") == [digest(1), digest(2)]
    assert "children is 'yes' without image" in pages.text("/status/?children=yes", status_code=400).all


def test_the_chart_has_the_numbers_of_all_that_fits(shelf: Any) -> None:
    for number in range(30):
        made = state(Status.FAILED if number % 3 else Status.VERIFIED, digest=digest(number))
        shelf.put(replace(made, first_seen=NOW - number * 8 * HOUR))
    html = Pages(shelf).get("/status/").body
    assert "30 publishes, 20 of them failed, from 2026-11-12 to 2026-11-22" in html
    rows = re.findall(r'<th scope="row">(2026-\S+)</th><td>(\d+)</td><td>(\d+)</td>', html)
    assert sum(int(count) for _, count, _ in rows) == 30
    assert rows[0] == ("2026-11-22", "2", "1")
    assert html.count('<rect class="publishes"') == 11


def test_more_images_than_a_page_has_go_on() -> None:
    shelf = Memory()
    for number in range(30):
        shelf.put(state(image=ImageName("ghcr.io", f"acme/app{number:02}")))
    pages = Pages(shelf)
    html = pages.get("/status/?status=FAILED").body
    more = re.search(r'href="(\?[^"]*)">More images', html)
    assert more
    following = pages.get(f"/status/{unescape(more[1])}").body
    assert "app29" in following
    assert "status=FAILED" in unescape(more[1])
    assert "More images" not in following


# ------------------------------------------------------------------------------------------------- an image


def test_an_image_has_its_tags_and_where_they_pointed_before(shelf: Any) -> None:
    shelf.put(state())
    old = TagPointer(IMAGE, "latest", digest(1), NOW - HOUR)
    shelf.point(None, old)
    shelf.point(old, old.moved(DIGEST, NOW))
    text = Pages(shelf).text("/status/images/acme/app")
    assert f"latest digest {DIGEST[7:19]} 2026-11-22 10:01 1 day ago moved 1 time" in text.all
    assert f"../../images/acme/app/digests/{digest(1)}" in text.links


def test_an_image_shows_its_own_publishes_alone(shelf: Any) -> None:
    shelf.put(state())
    shelf.put(state(image=WEB, digest=digest(1)))
    assert Pages(shelf).rows("/status/images/acme/app") == [DIGEST]


def test_an_image_whose_filter_fits_nothing_is_still_there(shelf: Any) -> None:
    shelf.put(state())
    text = Pages(shelf).text("/status/images/acme/app?since=2026-12-01")
    assert "None of the publishes that were examined fits." in text.all


def test_more_tags_than_a_page_has_go_on() -> None:
    shelf = Memory()
    shelf.put(state())
    for number in range(60):
        shelf.point(None, TagPointer(IMAGE, f"v{number:02}", DIGEST, NOW, (Former(digest(1), NOW),)))
    pages = Pages(shelf)
    more = re.search(r'href="(\?[^"]*)">More tags', pages.get("/status/images/acme/app").body)
    assert more
    following = pages.get(f"/status/images/acme/app{unescape(more[1])}").body
    assert "v59" in following
    assert "More tags" not in following


# ------------------------------------------------------------------------------------------------- a digest


def test_a_failed_digest_says_what_was_expected_and_what_was_found(shelf: Any) -> None:
    shelf.put(state())
    text = Pages(shelf).text(PAGE)
    assert "✕ FAILED The image does not meet its policies." in text.all
    assert f"Expected Subject {EXPECTED} Issuer" in text.all
    assert f"Found Subject {FOUND} Issuer" in text.all
    assert "<mark>dev</mark>" in Pages(shelf).get(PAGE).body
    assert "Signed by" not in text.all.partition("What was found where")[0]


def test_a_verified_digest_says_who_signed(shelf: Any) -> None:
    shelf.put(state(Status.VERIFIED))
    assert f"✓ VERIFIED Every policy that matches holds. Signed by {EXPECTED} (issuer" in Pages(shelf).text(PAGE).all


def test_a_digest_has_policies_and_statements_and_what_is_met_by_which(shelf: Any) -> None:
    shelf.put(state())
    text = Pages(shelf).text(PAGE)
    assert "acme-signatures ✕ does not hold" in text.all
    assert "signature ✕ not met IDENTITY_MISMATCH signed by somebody else" in text.all
    assert f"✓ met {statement(1).place} nothing is missing" in text.all
    assert "#found-2" in text.links
    assert ("tr", {"id": "found-2"}) in text.elements
    assert "log index 412345678" in text.all
    assert "acme-signatures: provenance" in text.all
    assert f"cosign verify {IMAGE}@{DIGEST} --certificate-identity {EXPECTED}" in text.all


def test_a_digest_has_its_history_and_incidents(shelf: Any) -> None:
    first = state(Status.VERIFIED)
    shelf.put(first)
    later = {"verified_at": timestamp(NOW + HOUR)}
    shelf.supersede(first, state(Status.FAILED, document=later))
    shelf.tell(Incident(IMAGE, DIGEST, Key(Kind.FAILED, "acme-signatures"), NOW, "#c", 1, reasons=("NO_SIGNATURE",)))
    text = Pages(shelf).text(PAGE)
    assert "✕ FAILED since 2026-11-22 11:01 23 hours ago" in text.all
    assert "✓ VERIFIED from 2026-11-22 10:01 1 day ago to 2026-11-22 11:01" in text.all
    assert "open failed, policy acme-signatures NO_SIGNATURE" in text.all


def test_a_digest_has_the_children_that_have_records_as_links() -> None:
    shelf = Memory()
    rows = [
        {"digest": digest(1), "platform": "linux/amd64", "state": "covered", "text": "the index has it"},
        {"digest": digest(2), "platform": "unknown/unknown", "state": "attestation", "text": ""},
    ]
    shelf.put(state(Status.VERIFIED, document={"children_table": rows, "kind": "index"}))
    text = Pages(shelf).text(PAGE)
    assert f"linux/amd64 digest {digest(1)[7:19]} ✓ covered the index has it" in text.all
    links = [link for link in text.links if "/digests/" in link and "v1" not in link]
    assert links == [f"../../../../images/acme/app/digests/{digest(1)}"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"covered_by": digest(1)}, f"Covered by the index digest {digest(1)[7:19]}"),
        ({"superseded_by": digest(1)}, f"Its tags point to digest {digest(1)[7:19]}"),
        ({"warnings": [{"code": "TAG_MOVED", "text": "it moved"}]}, "Beside the verdict TAG_MOVED it moved"),
        ({"drift": [{"code": "EVIDENCE_LOST", "text": "gone"}]}, "Beside the verdict EVIDENCE_LOST gone"),
        ({"dropped": {"statements": 7}}, "left out of it are 7 statements"),
        ({"statements": []}, "No signature and no attestation was found."),
        ({"policy_controller": None, "verifier": None, "trust_root": None, "nearest_miss": None}, "version 1 Policies"),
    ],
)
def test_a_digest_says_what_is_special_about_it(document: dict[str, Any], words: str) -> None:
    shelf = Memory()
    shelf.put(state(document=document))
    assert words in Pages(shelf).text(PAGE).all


def test_a_digest_of_an_older_version_has_a_page() -> None:
    shelf = Memory()
    old = {name: state().document[name] for name in ("status", "image", "digest", "verified_at", "reasons", "causes")}
    shelf.put(replace(state(), document=old))
    assert "✕ FAILED" in Pages(shelf).text(PAGE).all


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_page(status: Status) -> None:
    shelf = Memory()
    shelf.put(state(status))
    assert status.value.replace("_", " ") in Pages(shelf).text(PAGE).all


def test_a_digest_with_more_statements_than_a_page_has_says_so() -> None:
    shelf = Memory()
    one = state().document["statements"][0]
    shelf.put(state(document={"statements": [one] * 130}))
    assert "30 more were found; the API has them all." in Pages(shelf).text(PAGE).all


def test_a_page_that_could_not_be_answered_with_is_shown_without_details() -> None:
    shelf = Memory()
    text = ("\u202e" + "日" * 15) * 60
    long = {"name": text, "predicate_type": text, "used": None, "cause": {"code": text, "text": text}}
    policy = {"name": "p", "authorities": [{"name": text, "requirements": [long] * 60}] * 10}
    shelf.put(state(document={"policies": [policy]}))
    sent = Pages(shelf).get(PAGE)
    assert "The details of this verdict are too many for a page" in Text(sent.body).all
    assert "✕ FAILED" in Text(sent.body).all
    assert len(sent.body) < framing.LIMIT / 100


def test_a_page_of_the_longest_texts_is_made_in_little_time() -> None:
    shelf = Memory()
    one = state().document["statements"][0] | {
        "detail": "/\u202e" * 500,
        "place": "日/" * 500,
        "predicate_type": "/" * 1000,
    }
    shelf.put(state(document={"statements": [one | {"holds": False, "reason": "x"}] * 100}))
    began = time.process_time()
    assert "100 " in Pages(shelf).text(PAGE).all
    assert time.process_time() - began < 5


# ------------------------------------------------------------------------------------------------- hostile text


def test_what_strangers_wrote_is_text_wherever_it_stands() -> None:
    shelf = Memory()
    document = state().document
    one = {**document["statements"][0], "place": HOSTILE, "predicate_type": HOSTILE, "detail": HOSTILE, "holds": False}
    one |= {"reason": HOSTILE, "identity": {"subject": HOSTILE, "issuer": HOSTILE, "claims": {}}, "sources": [HOSTILE]}
    one |= {"format": HOSTILE, "contradictions": [HOSTILE], "signature_id": HOSTILE}
    cause = {"code": HOSTILE, "text": HOSTILE}
    miss = {"expected": {"subject": "x", "issuer": "y"}, "found": one["identity"], "place": HOSTILE}
    child = {"digest": HOSTILE, "platform": HOSTILE, "state": HOSTILE, "text": HOSTILE}
    demand = {"name": HOSTILE, "used": HOSTILE, "cause": cause, "predicate_type": HOSTILE}
    policy = {"name": HOSTILE, "authorities": [{"name": HOSTILE, "requirements": [demand]}], "leaves": demand}
    changes = {"statements": [one], "causes": [cause], "warnings": [cause], "drift": [cause], "nearest_miss": miss}
    changes |= {"children_table": [child], "policies": [policy], "reproduce": [HOSTILE], "reasons": [HOSTILE]}
    changes |= {"superseded_by": HOSTILE, "covered_by": HOSTILE, "policy_controller": {"answer": HOSTILE, "text": "x"}}
    changes |= {"verifier": {"name": HOSTILE, "version": HOSTILE}, "dropped": {HOSTILE: 1}}
    shelf.put(replace(state(document=changes), actor=HOSTILE, tags=(HOSTILE, "javascript:alert(1)")))
    for path in ("/status/", "/status/images/acme/app", PAGE):
        sent = Pages(shelf).get(path)
        text = Text(sent.body)
        assert not {"script", "img", "iframe"} & {name for name, _ in text.elements}
        assert not [name for _, one in text.elements for name in one if name.startswith("on") or name == "style"]
        assert not [link for link in text.links if "script" in link]
        assert "\u202e" not in sent.body
        assert "3333" not in text.all
        assert SHOWN in text.all


def test_what_was_asked_for_is_text_too() -> None:
    text = Pages(Memory()).text("/status/?image=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE", status_code=400)
    assert "image is '\">&lt;script" not in text.all
    assert "<script>alert(1)</script>" in text.all
    assert "script" not in {name for name, _ in text.elements}


@pytest.mark.parametrize("path", ["/status/", "/status/images/acme/app", PAGE, "/status/style.css", "/status/icon.svg"])
def test_every_part_has_the_headers_that_keep_scripts_out(path: str) -> None:
    shelf = Memory()
    shelf.put(state())
    headers = Pages(shelf).get(path).headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'"} <= {*policy}
    assert not [part for part in policy if "unsafe" in part or "script" in part]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


# ------------------------------------------------------------------------------------------------- who sees what


def test_the_public_sees_public_images_and_no_word_of_another() -> None:
    shelf = Memory()
    for image in (IMAGE, WEB, SECRET):
        shelf.put(state(image=image))
    html = Pages(shelf, IMAGE, WEB).get("/status/", Access.PUBLIC).body
    assert "acme/app" in html
    assert "acme/web" in html
    assert "secret" not in html
    assert "v1/" not in html


def test_public_publishes_are_shown_together_as_far_back_as_every_list_reaches() -> None:
    shelf = Memory()
    for number in range(60):
        shelf.put(state(digest=digest(number), first_seen=NOW - number * HOUR))
    shelf.put(state(image=WEB, digest=digest(100), first_seen=NOW - HOUR / 2))
    shelf.put(state(image=WEB, digest=digest(101), first_seen=NOW - 55 * HOUR))
    pages = Pages(shelf, IMAGE, WEB)
    rows = pages.rows("/status/", Access.PUBLIC)
    assert rows[:3] == [digest(0), digest(100), digest(1)]
    html = pages.get("/status/", Access.PUBLIC).body
    assert "51 publishes" in html  # the newest fifty of one, and of the other what is not older than those
    assert digest(101) not in html


def test_the_public_may_filter() -> None:
    shelf = Memory()
    shelf.put(state(Status.VERIFIED))
    shelf.put(state(Status.FAILED, image=WEB, digest=digest(1)))
    pages = Pages(shelf, IMAGE, WEB)
    assert pages.rows("/status/?status=FAILED", Access.PUBLIC) == [digest(1)]
    assert pages.rows("/status/?image=ghcr.io/acme/app", Access.PUBLIC) == [DIGEST]
    assert pages.rows("/status/?since=2026-12-01", Access.PUBLIC) == []


def test_the_public_overview_reads_little_however_much_there_is() -> None:
    shelf = Memory()
    images = [ImageName("ghcr.io", f"acme/app{number:02}") for number in range(40)]
    for image in images:
        _fill(shelf, 20, image)
    pages = Pages(shelf, *images)
    shelf.read.clear()
    pages.get("/status/", Access.PUBLIC)
    assert sum(shelf.read) <= 20 * (3 + 5)


def test_nobody_is_public_where_nobody_was_made_public() -> None:
    shelf = Memory()
    shelf.put(state())
    assert "Nothing was published yet" in Pages(shelf).text("/status/", Access.PUBLIC).all


@pytest.mark.parametrize("below", ["images/acme/{name}", f"images/acme/{{name}}/digests/{DIGEST}"])
@pytest.mark.parametrize("access", [Access.PUBLIC, Access.ACTIONS])
def test_what_is_not_public_is_as_what_does_not_exist_and_is_not_even_read(below: str, access: Access) -> None:
    shelf = Memory()
    shelf.put(state(image=SECRET))
    pages = Pages(shelf, IMAGE)
    shelf.read.clear()
    hidden = pages.get(f"/status/{below.format(name='secret')}", access, 404)
    unknown = pages.get(f"/status/{below.format(name='nobody')}", access, 404)
    public = pages.get(f"/status/{below.format(name='secret')}?", access, 404)
    assert (hidden.body, hidden.headers) == (unknown.body, unknown.headers) == (public.body, public.headers)
    assert shelf.read == []


def test_a_filter_by_an_image_that_is_not_public_is_as_one_that_does_not_exist() -> None:
    shelf = Memory()
    shelf.put(state(image=SECRET))
    pages = Pages(shelf, IMAGE)
    shelf.read.clear()
    hidden, unknown = (
        pages.get(f"/status/?image=ghcr.io/acme/{name}", Access.PUBLIC, 404) for name in ("secret", "nobody")
    )
    assert hidden.body == unknown.body
    assert shelf.read == []


def test_a_public_image_without_records_is_as_one_that_does_not_exist() -> None:
    pages = Pages(Memory(), IMAGE)
    found, unknown = (pages.get(f"/status/images/acme/{name}", Access.PUBLIC, 404) for name in ("app", "nobody"))
    assert found.body == unknown.body


def test_what_is_below_v1_is_there_for_those_alone_who_are_trusted() -> None:
    shelf = Memory()
    shelf.put(state())
    pages = Pages(shelf, IMAGE)
    pages.get("/v1/status/")
    assert "no_route" in pages.get("/v1/status/", Access.PUBLIC, 404).body


def test_the_way_to_the_api_is_shown_to_whom_it_answers() -> None:
    shelf = Memory()
    shelf.put(state())
    pages = Pages(shelf, IMAGE)
    for prefix in ("/status", "/v1/status"):
        at = f"{prefix}/images/acme/app/digests/{DIGEST}"
        links = {urljoin(at, link) for link in pages.text(at).links}
        assert f"/v1/images/acme/app/digests/{DIGEST}" in links
    assert "The same as JSON" not in pages.text(PAGE, Access.PUBLIC).all


# ------------------------------------------------------------------------------------------------- links


@pytest.mark.parametrize("before", ["", "/_aws/execute-api/local/$default", "/stage"])
@pytest.mark.parametrize("prefix", ["/status", "/v1/status"])
def test_every_link_leads_to_something_whatever_is_before_the_path(before: str, prefix: str) -> None:
    shelf = Memory()
    deep = ImageName("ghcr.io", "acme/deep/er/app")
    for image in (IMAGE, deep):
        shelf.put(state(image=image))
        shelf.point(None, TagPointer(image, "latest", DIGEST, NOW))
    seen: set[str] = set()
    pages, queue = Pages(shelf), [f"{before}{prefix}/"]
    while queue:
        at = queue.pop()
        sent = pages.get(at.removeprefix(before))
        if sent.headers["Content-Type"].startswith("text/html"):
            links = {urljoin(at, link).partition("#")[0] for link in Text(sent.body).links}
            assert all(link.startswith(before + "/") for link in links), (at, links)
            queue += links - seen
            seen |= links
    assert f"{before}{prefix}/style.css" in seen
    assert f"{before}{prefix}/images/acme/deep/er/app/digests/{DIGEST}" in seen


@pytest.mark.parametrize("prefix", ["/status", "/v1/status"])
def test_without_the_slash_the_way_leads_on_to_it(prefix: str) -> None:
    sent = Pages(Memory()).get(prefix, status_code=308)
    assert urljoin(f"https://x.dev/stage{prefix}", sent.headers["Location"]) == f"https://x.dev/stage{prefix}/"


# ------------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/status/?since=yesterday", "since is 'yesterday' (expected a time such as"),
        ("/status/?status=GOOD", "status is 'GOOD' (expected VERIFIED or"),
        ("/status/?cursor=x", "cursor is not one of this API"),
        ("/status/?more=x", "cursor is not one of this API"),
        ("/status/images/ACME/app", "image is 'ACME/app' (expected OWNER/NAME in lower case)"),
        ("/status/images/acme/app/digests/sha256:1", "digest is"),
    ],
)
def test_what_is_not_understood_is_a_page_that_says_why(path: str, words: str) -> None:
    text = Pages(Memory()).text(path, status_code=400)
    assert words in text.all
    assert "Not understood" in text.all


@pytest.mark.parametrize("path", ["/status/", "/status/images/acme/app", PAGE])
def test_a_table_that_does_not_answer_is_a_page_that_says_when_to_try_again(path: str) -> None:
    shelf = Memory()
    shelf.down = Unavailable(Reason.STORE_UNAVAILABLE, "table did not answer: secret words")
    sent = Pages(shelf).get(path, status_code=503)
    assert sent.headers["Retry-After"] == "5"
    assert "The verdicts cannot be read now." in sent.body
    assert "secret words" not in sent.body


def test_a_digest_that_nobody_heard_of_is_a_page_too(shelf: Any) -> None:
    text = Pages(shelf).text(PAGE, status_code=404)
    assert "There is no such image or digest, or it is not public." in text.all
    assert "../../../../" in text.links
