"""Messages: what people read, within what Slack takes, whatever a publisher wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from local.slack.blocks import refusal
from local.slack.rendering import rendered
from registry_verifier import follow_up, message, mrkdwn
from registry_verifier.incident import Ending, Incident, Key, Kind
from registry_verifier.message import Payload
from registry_verifier.models import ImageName, State
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause
from registry_verifier.verdict_document import write
from tests.library.verdicts import DIGEST, EXPECTED, FOUND, ISSUER, policy, state, verdict

API = "https://api.example.org/"
FAILED = Key(Kind.FAILED, "acme-signatures")
ANY = Key(Kind.FAILED)
UNKNOWN, NO_POLICY = Key(Kind.UNKNOWN), Key(Kind.NO_POLICY)


def _told(key: Key, *, replied: int = 0, ending: Ending | None = None) -> Incident:
    there = state()
    return Incident(there.image, there.digest, key, there.first_seen, "C01", 2, "1.0", ending, replied=replied)


def _reply(there: State, told: Incident) -> Payload:
    written = follow_up.reply(there, told)
    assert written
    return written


def _opened(there: State, key: Key = FAILED, *, api_url: str = "") -> Payload:
    return message.opened(there, key, api_url=api_url)


def _whole(there: State, key: Key) -> Payload:
    return message.opened(there, key, api_url=API, more=follow_up.details(there, key))


def _ended(ending: Ending, there: State) -> Payload:
    return message.ended(there, ANY, ending, api_url=API)


WRITERS: dict[str, Callable[[State], Payload]] = {
    "failed": lambda there: _opened(there, ANY, api_url=API),
    "failed, by policy": lambda there: _opened(there, Key(Kind.FAILED, there.document["policies"][0]["name"])),
    "failed, whole": lambda there: _whole(there, ANY),
    "unknown": lambda there: _whole(there, UNKNOWN),
    "no policy": lambda there: _whole(there, NO_POLICY),
    **{f"ended, {one}": partial(_ended, one) for one in Ending},
    "ended, by policy": lambda there: message.ended(there, Key(Kind.FAILED, there.tags[0]), Ending.HOLDS, api_url=API),
    "redirected": lambda there: message.redirected(_whole(there, ANY), there.tags[0]),
    "details": lambda there: _reply(there, _told(ANY)),
    "change": lambda there: _reply(there, _told(ANY, replied=1)),
    "end": lambda there: _reply(there, _told(ANY, replied=1, ending=Ending.SUPERSEDED)),
}

HOSTILE = [
    "<!channel>",
    "<!here|here>",
    "<@U123>",
    "<https://evil.example|click>",
    "`code` and ```block```",
    "one\ntwo\r\nthree",
    "safe\u202eexe.gnp",
    "zero\u200bwidth\ufeff",
    "nul\0byte",
    "lone\ud800surrogate",
    "x" * 10_000,
    "&" * 10_000,
    "<" * 3000,
    "&lt;!channel&gt;",
    "*bold* ~gone~ :white_check_mark: VERIFIED",
    "https://evil.example/",
    "",
    "\u2028\u2029",
]


def _hostile(text: str) -> State:
    """A state with this text wherever a stranger can put one."""
    identity = {"subject": text, "issuer": text}
    demand = {"name": text, "predicate_type": text, "used": None, "cause": {"code": text, "text": text}}
    document = {
        "reasons": [text],
        "causes": [{"code": text, "text": text}] * 30,
        "policies": [
            {"name": text, "mode": text, "holds": False, "authorities": [{"name": text, "requirements": [demand] * 30}]}
        ]
        * 9,
        "nearest_miss": {"expected": identity, "found": identity, "place": text},
        "reproduce": [text] * 30,
        "trust_root": {"sha256": text},
        "verified_at": text,
        "superseded_by": text,
        "drift": [{"code": text, "text": text}] * 30,
        "warnings": [{"code": text, "text": text}] * 30,
        "children_table": [{"digest": text, "platform": text, "state": "unsigned", "text": text}] * 30,
        "statements": [{"place": text, "log_index": text}],
    }
    return state(document=document, tags=(text,) * 60, actor=text)


def _texts(value: Any) -> list[str]:
    match value:
        case {"type": "mrkdwn", "text": str(text)}:
            return [text]
        case dict():
            return [text for part in value.values() for text in _texts(part)]
        case list():
            return [text for part in value for text in _texts(part)]
    return []


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_whatever_strangers_wrote_slack_takes_it_and_nothing_happens(name: str, text: str) -> None:
    payload = WRITERS[name](_hostile(text))
    assert refusal(payload) is None
    assert payload["text"] and "\n" not in payload["text"]
    for shown in [payload["text"], *_texts(payload["blocks"])]:
        assert "<" not in shown and ">" not in shown
        assert "&" not in shown.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")
        assert not {"\0", "\r", "\u202e", "\u200b", "\ufeff", "\u2028", "\ud800"} & set(shown)
        assert shown.replace("```", "").count("`") % 2 == 0
        assert ":white_check_mark:" not in shown.replace("`", " ` ").split(" ` ")[::2]
    assert all(part.get("verbatim") for part in _mrkdwn_objects(payload["blocks"]))
    assert "@@" not in rendered(payload) and "[->" not in rendered(payload)
    assert "evil" not in json.dumps([button["url"] for button in _buttons(payload).values()])


def _mrkdwn_objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if value.get("type") == "mrkdwn" else []
        return own + [found for part in value.values() for found in _mrkdwn_objects(part)]
    return [found for part in value for found in _mrkdwn_objects(part)] if isinstance(value, list) else []


def _buttons(payload: Payload) -> dict[str, Any]:
    return {
        button["text"]["text"]: button
        for block in payload["blocks"]
        if block["type"] == "actions"
        for button in block["elements"]
    }


def test_a_failure_says_what_is_wrong_and_who_was_expected_and_found() -> None:
    shown = rendered(_whole(state(), FAILED))
    for part in (
        "## Signature check failed: acme/app",
        DIGEST,
        "v1.4.0, latest",
        "acme-signatures (enforce)",
        "2026-11-22T10:01:00Z by octo-releaser",
        "IDENTITY_MISMATCH",
        f"expected {EXPECTED} issued by {ISSUER}",
        f"found {FOUND} issued by {ISSUER}",
        "acme-signatures/keyless/signature not met, IDENTITY_MISMATCH",
        "acme-signatures/keyless/provenance met by referrer sha256:",
        f"cosign verify ghcr.io/acme/app@{DIGEST}",
        f"[Result] -> https://api.example.org/v1/images/acme/app/digests/{DIGEST}",
        "[Package] -> https://ghcr.io/acme/app",
        "[Rekor entry] -> https://search.sigstore.dev/?logIndex=412345678",
    ):
        assert part in shown


def test_the_text_for_notifications_names_verdict_image_and_reason() -> None:
    text = _opened(state())["text"]
    assert text == f"Signature check failed: acme/app@{DIGEST} (IDENTITY_MISMATCH)"


def test_links_in_the_channel_are_not_unfurled() -> None:
    payload = _opened(state())
    assert (payload["unfurl_links"], payload["unfurl_media"]) == (False, False)


@pytest.mark.parametrize(
    ("modes", "headline"),
    [
        (["warn"], "Signature warning"),
        (["warn", "warn"], "Signature warning"),
        (["warn", "enforce"], "Signature check failed"),
        ([], "Signature check failed"),
    ],
)
def test_it_is_a_warning_only_where_all_policies_that_fail_only_warn(modes: list[str], headline: str) -> None:
    held = policy(mode="enforce", holds=True)
    document = write(verdict(Status.FAILED, policies=(held, *(policy(mode=mode) for mode in modes))))
    assert _opened(state(document=document), ANY)["blocks"][0]["text"]["text"] == f"{headline}: acme/app"


def test_a_resolved_message_gives_no_reasons() -> None:
    shown = rendered(message.ended(state(Status.VERIFIED, version=2), FAILED, Ending.VERIFIED))
    assert "## Resolved: acme/app" in shown and "IDENTITY_MISMATCH" not in shown


def test_an_unknown_message_says_that_it_is_not_about_the_image() -> None:
    causes = (Cause(Reason.REGISTRY_THROTTLED, "registry answered 429"),)
    there = state(Status.UNKNOWN, document=write(verdict(Status.UNKNOWN, causes=causes)))
    shown = rendered(_opened(there, UNKNOWN))
    assert "says nothing about the image" in shown and "REGISTRY_THROTTLED registry answered 429" in shown


def test_without_an_api_url_there_is_no_result_button() -> None:
    assert list(_buttons(_opened(state()))) == ["Package", "Rekor entry"]


def test_an_image_of_another_registry_has_no_links_to_github() -> None:
    elsewhere = state(image=ImageName("registry.example.org", "acme/app"))
    assert list(_buttons(_opened(elsewhere, api_url=API))) == ["Rekor entry"]


@pytest.mark.parametrize("index", [None, -1, True, "1", 1.5])
def test_a_log_index_that_is_none_makes_no_button(index: Any) -> None:
    there = state(document={"nearest_miss": None, "statements": [{"place": "x", "log_index": index}]})
    assert "Rekor entry" not in _buttons(_opened(there))


def test_the_nearest_miss_names_the_log_entry_before_other_statements() -> None:
    statements = [{"place": "a", "log_index": 1}, {"place": "b", "log_index": 2}]
    there = state(document={"nearest_miss": {"place": "b"}, "statements": statements})
    assert _buttons(_opened(there))["Rekor entry"]["url"].endswith("=2")


def test_a_document_that_lost_its_parts_still_makes_a_message() -> None:
    bare = State(**{**vars(state()), "document": {"status": "FAILED", "reasons": None, "policies": None}})
    assert refusal(_whole(bare, FAILED)) is None


def test_a_command_that_cannot_be_shown_as_it_is_is_left_out() -> None:
    whole, odd, long = "cosign verify ghcr.io/acme/app", "cosign `id`", "cosign " + "x" * 5000
    block = mrkdwn.code_block("Reproduce", [odd, long, whole])
    assert block is not None and block["text"]["text"] == f"*Reproduce*\n```{whole}```"
    assert mrkdwn.code_block("Reproduce", [odd, long]) is None


@pytest.mark.parametrize(
    ("text", "limit", "escaped"),
    [("a<b>&c", 50, "a&lt;b&gt;&amp;c"), ("<<<<", 9, "&lt;…"), ("abcdef", 4, "abc…"), ("<", 1, "…")],
)
def test_no_entity_is_cut_in_two(text: str, limit: int, escaped: str) -> None:
    assert mrkdwn.escape(text, limit) == escaped
    assert len(escaped) <= limit


def test_lines_that_do_not_fit_are_counted() -> None:
    text = mrkdwn.section("Title", ["x" * 500] * 10)["text"]["text"]
    assert text.endswith("and 6 more")


def test_the_message_is_short_and_the_details_stand_in_the_thread() -> None:
    there = state()
    assert "cosign verify" not in str(_opened(there)) and "cosign verify" in str(_reply(there, _told(FAILED)))


def test_the_thread_keeps_what_was_wrong_at_first() -> None:
    shown = rendered(_reply(state(), _told(FAILED)))
    assert "IDENTITY_MISMATCH expected" in shown and f"found {FOUND} issued by {ISSUER}" in shown


def test_a_message_about_one_policy_says_nothing_of_another() -> None:
    other = [{"code": "TLOG_INVALID", "text": "other"}]
    demand = {"name": "signature", "used": None, "cause": other[0]}
    written = write(verdict(Status.FAILED))
    policies = [*written["policies"], {"name": "other", "mode": "warn", "authorities": [{"requirements": [demand]}]}]
    there = state(document={"policies": policies, "causes": [*written["causes"], *other]})
    assert "other" not in str(_whole(there, FAILED)["blocks"]) and "TLOG_INVALID" not in str(_whole(there, FAILED))
    shown = rendered(_whole(there, Key(Kind.FAILED, "other")))
    assert "TLOG_INVALID" in shown and "## Signature warning" in shown and "acme-signatures" not in shown


def test_changes_since_it_was_verified_are_told() -> None:
    there = state(document={"drift": [{"code": "TAG_MOVED", "text": "tag v1 points to something else now"}]})
    assert "TAG_MOVED tag v1 points to something else now" in rendered(_opened(there))


def test_children_that_are_not_as_they_should_be_are_told() -> None:
    rows = [
        {"digest": "sha256:aa", "platform": "linux/amd64", "state": "covered", "text": ""},
        {"digest": "sha256:bb", "platform": "linux/arm64", "state": "missing", "text": "the registry lacks it"},
        {"digest": "sha256:cc", "platform": None, "state": "unsigned", "text": ""},
    ]
    shown = rendered(_reply(state(document={"children_table": rows}), _told(FAILED)))
    assert "linux/arm64 sha256:bb missing the registry lacks it" in shown
    assert "unknown platform sha256:cc unsigned" in shown and "sha256:aa" not in shown


def test_warnings_are_told_with_the_details() -> None:
    there = state(document={"warnings": [{"code": "SBOM_PLATFORMS", "text": "describes linux/amd64 only"}]})
    assert "SBOM_PLATFORMS describes linux/amd64 only" in rendered(_reply(there, _told(FAILED)))


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        (Ending.VERIFIED, "Every policy that matches this image holds now."),
        (Ending.SUPERSEDED, "Its tags name sha256:next now."),
        (Ending.HOLDS, "Policy acme-signatures holds now."),
        (Ending.NOT_DEMANDED, "Policy acme-signatures demands nothing of this image any more."),
        (Ending.JUDGED, "It could be judged: the verdict is FAILED."),
        (Ending.COVERED, "It is part of an index"),
    ],
)
def test_an_end_says_why_in_the_message_and_in_its_thread(ending: Ending, text: str) -> None:
    there = state(document={"superseded_by": "sha256:next"})
    assert text in rendered(message.ended(there, FAILED, ending))
    assert text in rendered(_reply(there, _told(FAILED, replied=1, ending=ending)))


def test_small_print_is_no_reason_to_update_a_message() -> None:
    later = state(version=9, document={"verified_at": "2026-11-23T00:00:00Z"})
    assert message.fingerprint(_opened(state())) == message.fingerprint(_opened(later))
    assert message.fingerprint(_opened(state())) != message.fingerprint(_opened(state(tags=("other",))))


def test_without_details_there_is_no_first_reply() -> None:
    bare = State(**{**vars(state()), "document": {"status": "UNKNOWN"}})
    assert follow_up.reply(bare, _told(UNKNOWN)) is None
