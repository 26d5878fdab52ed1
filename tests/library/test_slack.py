"""Slack over a real socket: what is taken, what is refused, and that the secret stands nowhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import httpx
import pytest

from local.slack.receiver import REFUSED_TOKEN, Fault, LocalSlack
from registry_verifier import message
from registry_verifier.errors import ChannelRefused, SettingsError, Unavailable
from registry_verifier.incident import Key, Kind
from registry_verifier.reasons import Reason
from registry_verifier.slack import Receipt, Slack, client
from tests.library.verdicts import state

TOKEN = "xoxb-123-456-s3cr3t"
PAYLOAD = message.opened(state(), Key(Kind.FAILED))


class Bench(LocalSlack):
    """A local Slack, and an HTTP client for tests to reach it with."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__()
        self.http = http


@pytest.fixture
def local() -> Iterator[Bench]:
    with httpx.Client(timeout=0.5, trust_env=False) as http, Bench(http) as slack:
        yield slack


class Waits(list[float]):
    """A sleep that only writes down how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def _slack(local: Bench, secret: str = TOKEN, waits: Waits | None = None) -> Slack:
    return Slack(local.http, lambda: secret, api_url=local.api_url, sleep=waits if waits is not None else Waits())


def _fails(slack: Slack) -> Unavailable:
    with pytest.raises(Unavailable) as raised:
        slack.post("#releases", PAYLOAD)
    assert "s3cr3t" not in str(raised.value) and "services" not in str(raised.value)
    assert raised.value.__cause__ is None and raised.value.__context__ is None
    return raised.value


def test_a_token_posts_to_its_channel_and_gets_a_receipt(local: Bench) -> None:
    receipt = _slack(local).post("#releases", PAYLOAD)
    assert receipt == Receipt("CRELEASES", "1700000000.000100")
    [posted] = local.messages
    assert (posted["channel"], posted["blocks"]) == ("#releases", PAYLOAD["blocks"])


def test_a_reply_stands_in_the_thread(local: Bench) -> None:
    slack = _slack(local)
    first = slack.post("#releases", PAYLOAD)
    slack.post(first.channel, PAYLOAD, thread_ts=first.ts)
    assert [posted.get("thread_ts") for posted in local.messages] == [None, first.ts]


def test_a_message_is_updated_in_its_place(local: Bench) -> None:
    slack = _slack(local)
    first = slack.post("#releases", PAYLOAD)
    assert first.ts and slack.update(first.channel, first.ts, {**PAYLOAD, "text": "newer"})
    [posted] = local.messages
    assert (posted["text"], posted["ts"], posted["channel"]) == ("newer", first.ts, "#releases")


@pytest.mark.parametrize(
    "error", ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_archived"]
)
def test_a_message_that_cannot_be_updated_is_said_to_be_so(local: Bench, error: str) -> None:
    slack = _slack(local)
    first = slack.post("#releases", PAYLOAD)
    local.spoil(Fault(error))
    assert first.ts and slack.update(first.channel, first.ts, PAYLOAD) is False


def test_a_message_that_somebody_deleted_cannot_be_updated(local: Bench) -> None:
    slack = _slack(local)
    first = slack.post("#releases", PAYLOAD)
    assert first.ts
    local.delete(first.ts)
    assert slack.update(first.channel, first.ts, PAYLOAD) is False


@pytest.mark.parametrize("kind", ["error", "garbage", "hang", "invalid_auth", "msg_blocks_too_long", "rate"])
def test_an_update_that_did_not_work_is_unavailable(local: Bench, kind: str) -> None:
    slack = _slack(local)
    first = slack.post("#releases", PAYLOAD)
    local.spoil(Fault(kind, retry_after="60"))
    with pytest.raises(Unavailable) as raised:
        slack.update(first.channel, first.ts or "", PAYLOAD)
    assert "s3cr3t" not in str(raised.value) and raised.value.__context__ is None


def test_an_incoming_webhook_updates_nothing(local: Bench) -> None:
    slack = _slack(local, local.webhook_url)
    assert (slack.has_threads(), slack.update("#releases", "1.0", PAYLOAD)) == (False, False)
    assert local.requests == []


def test_a_token_has_threads(local: Bench) -> None:
    assert _slack(local).has_threads()


@pytest.mark.parametrize(
    "error", ["channel_not_found", "not_in_channel", "is_archived", "is_inactive", "restricted_action"]
)
def test_a_channel_that_takes_nothing_is_told_from_a_slack_that_does_not_answer(local: Bench, error: str) -> None:
    local.spoil(Fault(error))
    with pytest.raises(ChannelRefused, match=error):
        _slack(local).post("#releases", PAYLOAD)


def test_a_thread_that_is_gone_takes_no_reply(local: Bench) -> None:
    with pytest.raises(ChannelRefused, match="invalid_thread_ts"):
        _slack(local).post("#releases", PAYLOAD, thread_ts="1.0")


@pytest.mark.parametrize("error", ["invalid_auth", "message_not_found", "msg_blocks_too_long"])
def test_other_errors_are_no_matter_of_the_channel(local: Bench, error: str) -> None:
    local.spoil(Fault(error))
    assert not isinstance(_fails(_slack(local)), ChannelRefused)


def test_an_incoming_webhook_posts_and_names_no_message(local: Bench) -> None:
    assert _slack(local, local.webhook_url).post("#releases", PAYLOAD) == Receipt("#releases", None)
    assert [posted["text"] for posted in local.messages] == [PAYLOAD["text"]]


def test_a_short_rate_limit_is_waited_for_once(local: Bench) -> None:
    local.spoil(Fault("rate", retry_after="2"))
    waits = Waits()
    _slack(local, waits=waits).post("#releases", PAYLOAD)
    assert (waits, len(local.messages)) == ([2.0], 1)


@pytest.mark.parametrize("kind", ["rate", "ratelimited"])
def test_a_rate_limit_that_stays_is_unavailable(local: Bench, kind: str) -> None:
    local.spoil(Fault(kind, count=5, retry_after="1"))
    waits = Waits()
    error = _fails(_slack(local, waits=waits))
    assert (error.reason, error.retry_after, waits) == (Reason.SLACK_UNAVAILABLE, 1.0, [1.0])


def test_a_rate_limit_of_an_incoming_webhook_is_waited_for_too(local: Bench) -> None:
    local.spoil(Fault("rate"))
    waits = Waits()
    _slack(local, local.webhook_url, waits).post("", PAYLOAD)
    assert (waits, len(local.messages)) == ([1.0], 1)


@pytest.mark.parametrize(
    ("retry_after", "known"), [("60", 60.0), ("soon", None), ("-1", None), ("9" * 40, None), ("", None)]
)
def test_a_long_or_unreadable_rate_limit_is_not_waited_for(local: Bench, retry_after: str, known: float | None) -> None:
    local.spoil(Fault("rate", retry_after=retry_after))
    waits = Waits()
    assert (_fails(_slack(local, waits=waits)).retry_after, waits) == (known, [])


@pytest.mark.parametrize("kind", ["error", "garbage", "redirect", "hang", "channel_not_found", "msg_blocks_too_long"])
@pytest.mark.parametrize("by_webhook", [True, False])
def test_whatever_slack_answers_instead_is_unavailable(local: Bench, kind: str, by_webhook: bool) -> None:
    if by_webhook and kind not in ("error", "redirect", "hang"):
        return
    local.spoil(Fault(kind))
    error = _fails(_slack(local, local.webhook_url if by_webhook else TOKEN))
    assert error.reason is Reason.SLACK_UNAVAILABLE
    assert len(local.requests) == 1 and local.messages == []


@pytest.mark.parametrize(("secret", "word"), [(REFUSED_TOKEN, "invalid_auth"), (TOKEN, "channel_not_found")])
def test_a_permanent_refusal_names_slacks_word_for_it(local: Bench, secret: str, word: str) -> None:
    with pytest.raises(Unavailable, match=word):
        _slack(local, secret).post("", PAYLOAD)


def test_a_webhook_that_is_gone_is_unavailable(local: Bench) -> None:
    gone = local.webhook_url.replace("local", "gone")
    assert "status 404, no_service" in str(_fails(_slack(local, gone)))


def test_a_slack_that_does_not_listen_is_unavailable(local: Bench) -> None:
    with Bench(local.http) as stopped:
        pass
    assert "ConnectError" in str(_fails(_slack(stopped)))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "xoxp-user-token",
        "xoxb-",
        "xoxb-with space",
        "xoxb-é",
        "xoxb-a\nX-Injected: 1",
        "http://hooks.slack.com/services/s3cr3t",
        "https://hooks.slack.com.evil.example/services/s3cr3t",
        "https://evil.example/services/s3cr3t",
        "https://hooks.slack.com:444/services/s3cr3t",
        "https://hooks.slack.com@evil.example/services/s3cr3t",
        "https://[::1/services/s3cr3t",
        "ftp://127.0.0.1/s3cr3t",
    ],
)
def test_a_secret_of_another_kind_goes_nowhere(local: Bench, secret: str) -> None:
    assert _fails(_slack(local, secret)).reason is Reason.SECRET_UNAVAILABLE
    assert local.requests == []


def test_a_loopback_webhook_is_for_a_loopback_slack_only(local: Bench) -> None:
    slack = Slack(local.http, lambda: local.webhook_url, api_url="https://slack.com/api")
    assert _fails(slack).reason is Reason.SECRET_UNAVAILABLE
    assert local.requests == []


@pytest.mark.parametrize("url", ["http://slack.com/api", "slack.com", "", "http://127.0.0.1@evil.example", "file:///x"])
def test_an_api_url_that_would_show_the_token_is_a_settings_error(local: Bench, url: str) -> None:
    with pytest.raises(SettingsError, match="SLACK_API_URL"):
        Slack(local.http, lambda: TOKEN, api_url=url)


@pytest.mark.parametrize("by_webhook", [True, False])
def test_no_log_line_shows_the_secret(local: Bench, caplog: pytest.LogCaptureFixture, by_webhook: bool) -> None:
    slack = _slack(local, local.webhook_url if by_webhook else TOKEN)
    with caplog.at_level(logging.INFO):
        slack.post("#releases", PAYLOAD)
        local.spoil(Fault("error"))
        _fails(slack)
    assert "services" not in caplog.text and "s3cr3t" not in caplog.text


def test_a_payload_with_a_lone_surrogate_is_posted(local: Bench) -> None:
    _slack(local).post("#releases", {**PAYLOAD, "text": "lone \ud800"})
    assert len(local.messages) == 1


def test_the_client_waits_five_seconds_and_follows_nothing() -> None:
    with client() as http:
        assert (http.timeout, http.follow_redirects, http.trust_env) == (httpx.Timeout(5.0), False, False)
