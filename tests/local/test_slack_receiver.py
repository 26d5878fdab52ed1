"""The local Slack: it refuses what Slack refuses and shows what people would see, or tests against it prove little."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from local.slack.blocks import refusal
from local.slack.receiver import LocalSlack
from local.slack.rendering import mrkdwn, rendered
from local.slack.workspace import Workspace


def _section(**parts: Any) -> dict[str, Any]:
    return {"type": "section", **parts}


def _text(text: str, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": text}


def _button(url: str = "https://example.com", label: str = "Open") -> dict[str, Any]:
    return {"type": "button", "text": _text(label, "plain_text"), "url": url}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "header", "text": _text("x" * 151, "plain_text")},
        {"type": "header", "text": _text("x")},
        {"type": "header", "text": _text("", "plain_text")},
        _section(),
        _section(text=_text("x" * 3001)),
        _section(text=_text("")),
        _section(text="x"),
        _section(fields=[]),
        _section(fields=[_text("x")] * 11),
        _section(fields=[_text("x" * 2001)]),
        {"type": "context", "elements": [_text("x")] * 11},
        {"type": "actions", "elements": []},
        {"type": "actions", "elements": [_button()] * 26},
        {"type": "actions", "elements": [_button("https://example.com/" + "x" * 3000)]},
        {"type": "actions", "elements": [_button("javascript:alert(1)")]},
        {"type": "actions", "elements": [_button(label="x" * 76)]},
        {"type": "marquee"},
        "text",
    ],
)
def test_a_block_that_slack_refuses_is_refused(block: Any) -> None:
    refused = refusal({"text": "text", "blocks": [block]})
    assert refused and refused[0] == "invalid_blocks"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({}, "no_text"),
        ({"blocks": [_section(text=_text("x"))]}, "no_text"),
        ({"text": "x" * 40_001}, "no_text"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"text": "x", "blocks": [_section(text=_text("x" * 3000))] * 5}, "msg_blocks_too_long"),
    ],
)
def test_a_message_that_slack_refuses_is_refused(message: Any, error: str) -> None:
    refused = refusal(message)
    assert refused and refused[0] == error


def test_what_would_ping_or_mislead_stands_out() -> None:
    assert (
        mrkdwn("<!channel> <@U1> <https://evil.example|click>") == "@@channel@@ @@U1@@ click [-> https://evil.example]"
    )


def test_entities_code_and_bold_are_shown_as_people_see_them() -> None:
    assert mrkdwn("*Tags*\n`a &lt;b&gt; *c*` &amp;lt;") == "TAGS\na <b> *c* &lt;"


def test_fields_stand_side_by_side_and_buttons_show_where_they_lead() -> None:
    fields = [_text("*Tags*\nv1"), _text("*Policy*\np")]
    blocks = [_section(fields=fields), {"type": "actions", "elements": [_button()]}]
    lines = rendered({"text": "x", "blocks": blocks}).splitlines()
    assert [line.split() for line in lines[1:-1]] == [
        ["|", "TAGS", "POLICY"],
        ["|", "v1", "p"],
        ["|", "[Open]", "->", "https://example.com"],
    ]


def test_faults_and_messages_are_reached_over_http() -> None:
    headers = {"authorization": "Bearer xoxb-1"}
    with LocalSlack() as slack, httpx.Client(trust_env=False, headers=headers) as http:
        root = slack.api_url.removesuffix("/api")
        post = {"channel": "#a", "text": "hello"}
        http.post(f"{root}/faults", json={"kind": "rate", "count": 1, "retry_after": "7"})
        limited = http.post(f"{slack.api_url}/chat.postMessage", json=post)
        taken = http.post(f"{slack.api_url}/chat.postMessage", json=post).json()
        change = {**post, "channel": taken["channel"], "ts": taken["ts"], "text": "bye"}
        changed = http.post(f"{slack.api_url}/chat.update", json=change).json()
        lost = http.post(f"{slack.api_url}/chat.update", json={**change, "ts": "1.0"}).json()
        by_name = http.post(f"{slack.api_url}/chat.update", json={**change, "channel": "#a"}).json()
        [kept] = http.get(f"{root}/messages").json()["messages"]
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert (taken["ok"], changed["ok"], lost["error"], kept["text"]) == (True, True, "message_not_found", "bye")
    assert by_name["ok"] is False and kept["channel"] == "#a"


def test_a_fault_can_last_for_a_time() -> None:
    with LocalSlack() as slack, httpx.Client(trust_env=False) as http:
        root = slack.api_url.removesuffix("/api")
        http.post(f"{root}/faults", json={"kind": "error", "count": None, "seconds": 3600})
        answers = [http.post(slack.webhook_url, json={"text": "x"}).status_code for _ in range(3)]
    assert answers == [500, 500, 500]


def test_replies_stand_in_the_thread_of_a_message_of_the_same_channel() -> None:
    slack = Workspace()
    _, ts = slack.take({"channel": "#a", "text": "root"})
    assert slack.take({"channel": "CA", "text": "reply", "thread_ts": ts})[0] == ""
    assert slack.take({"channel": "CB", "text": "lost", "thread_ts": ts})[0] == "invalid_thread_ts"
    assert [one["text"] for one in slack.roots] == ["root"]
    assert [one["text"] for one in slack.replies(ts)] == ["reply"]


def test_a_message_that_was_updated_is_shown_again_and_keeps_its_thread() -> None:
    shown: list[str] = []
    slack = Workspace(show=shown.append)
    _, root = slack.take({"channel": "#a", "text": "root"})
    _, ts = slack.take({"channel": "#a", "text": "reply", "thread_ts": root})
    assert slack.change({"channel": "CA", "ts": ts, "text": "newer"}) == ("", ts)
    assert slack.replies(root)[0]["text"] == "newer"
    assert "(in a thread) (updated)" in shown[-1] and "newer" in shown[-1]
    assert slack.change({"channel": "CA", "ts": ts, "text": ""})[0] == "no_text"


def test_a_channel_that_is_closed_takes_nothing_and_a_deleted_message_is_gone() -> None:
    slack = Workspace()
    slack.closed.add("#typo")
    assert slack.take({"channel": "#typo", "text": "x"})[0] == "channel_not_found"
    _, ts = slack.take({"channel": "#a", "text": "x"})
    slack.delete(ts)
    assert slack.change({"channel": "CA", "ts": ts, "text": "y"})[0] == "message_not_found"
