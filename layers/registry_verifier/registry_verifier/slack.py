"""Slack, by the Web API (bot token) or by an incoming webhook (its URL is the secret, and it has one fixed channel).

With a token messages can be updated and replied to; an incoming webhook can only post, and learns no message's id.

Whatever goes wrong is `Unavailable`: the stream brings the record again until somebody mends it, and nothing is lost.
Neither the token nor the webhook's URL stands in an error text; httpx names URLs at level INFO, so that level is off.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from registry_verifier.errors import ChannelRefused, SettingsError, Unavailable
from registry_verifier.reasons import Reason

TIMEOUT = httpx.Timeout(5.0)
_WAIT_LIMIT = 5.0
"""seconds that a rate limit is waited for; a longer one is left to the stream"""
_ANSWER_LIMIT = 1_000_000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]{1,250}\Z")
_ERROR = re.compile(r"[a-z0-9_]{1,64}\Z")
_SECONDS = re.compile(r"[0-9]{1,5}\Z")
_TS = re.compile(r"[0-9]{1,20}\.[0-9]{1,10}\Z")
_REFUSED = (
    "channel_is_archived",
    "channel_not_found",
    "is_archived",
    "is_inactive",
    "not_in_channel",
    "restricted_action",
    "restricted_action_read_only_channel",
    # of a reply, where somebody deleted the message
    "cannot_reply_to_message",
    "invalid_thread_ts",
    "thread_not_found",
)
"""what `chat.postMessage` answers where another place is the only way"""
_GONE = ("cant_update_message", "edit_window_closed", "message_not_found")
"""what `chat.update` answers where the message cannot be updated, now or later"""


@dataclass(frozen=True)
class Receipt:
    """Where a message stands."""

    channel: str
    ts: str | None
    """Slack's id of the message in its channel; None where Slack named none (incoming webhooks)"""


@dataclass(frozen=True)
class _Answer:
    status_code: int
    headers: Mapping[str, str]
    body: bytes


class _Gone(Unavailable):
    """The message to be updated is not there, or not ours to be changed."""


Client = httpx.Client
"""what `client` makes"""


def client() -> Client:
    """An HTTP client as this room needs it: short timeouts, no proxies from the environment, no redirects."""
    return httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False)


class Slack:
    """Posts messages. `secret` gives a bot token (`xoxb-…`) or the URL of an incoming webhook at each call.

    Raises SettingsError where `api_url` is neither https nor plain http to this machine.
    """

    def __init__(
        self,
        http: httpx.Client,
        secret: Callable[[], str],
        *,
        api_url: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not _is_https(api_url) and not _is_loopback(api_url):
            raise SettingsError(f"SLACK_API_URL is {api_url[:80]!r} (expected https, or http to a loopback address)")
        self._http = http
        self._secret = secret
        self._api_url = api_url.rstrip("/")
        self._sleep = sleep
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def has_threads(self) -> bool:
        """Whether messages can be updated and replied to; raises Unavailable where the secret cannot be read."""
        return bool(_TOKEN.match(self._secret().strip()))

    def post(self, channel: str, payload: Mapping[str, Any], *, thread_ts: str | None = None) -> Receipt:
        """Post `payload`, as a reply where `thread_ts` names a message.

        Raises ChannelRefused where the channel or the thread takes no messages from us, Unavailable for all else,
        with `retry_after` in seconds where Slack named a time; a wait of at most 5 s is waited here, once. An incoming
        webhook posts to its own channel, whatever `channel` says, and never as a reply.
        """
        secret = self._secret().strip()
        if _TOKEN.match(secret):
            body = {**payload, "channel": channel} | ({"thread_ts": thread_ts} if thread_ts else {})
            return self._by_token(secret, channel, body)
        if self._is_webhook(secret):
            self._insist(lambda: self._by_webhook(secret, payload))
            return Receipt(channel, None)
        text = "slack secret is neither a bot token (xoxb-…) nor the url of an incoming webhook"
        raise Unavailable(Reason.SECRET_UNAVAILABLE, text)

    def update(self, channel: str, ts: str, payload: Mapping[str, Any]) -> bool:
        """Put `payload` in the place of a message; False where that cannot be done, as when somebody deleted it.

        Raises Unavailable as `post` does.
        """
        token = self._secret().strip()
        if not _TOKEN.match(token):
            return False
        body = {"channel": channel, "ts": ts, "text": payload["text"], "blocks": payload["blocks"]}
        try:
            self._call(token, "chat.update", body)
        except (_Gone, ChannelRefused):
            return False
        return True

    def _by_token(self, token: str, channel: str, body: Mapping[str, Any]) -> Receipt:
        answer = self._call(token, "chat.postMessage", body)
        ts, where = answer.get("ts"), answer.get("channel")
        known = isinstance(ts, str) and _TS.match(ts)
        return Receipt(where if isinstance(where, str) and where.isalnum() else channel, ts if known else None)

    def _call(self, token: str, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        url, authorization = f"{self._api_url}/{method}", {"authorization": f"Bearer {token}"}
        return self._insist(lambda: _accepted(self._send(url, body, authorization)))

    def _by_webhook(self, url: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._send(url, payload, {})
        if answer.status_code != 200:
            raise _refused(answer, answer.body[:64].decode("ascii", "replace"))
        return {}

    def _insist(self, attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return attempt()
        except Unavailable as error:
            if error.retry_after is None or error.retry_after > _WAIT_LIMIT:
                raise
            self._sleep(error.retry_after)
        return attempt()

    def _send(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> _Answer:
        content = json.dumps(body).encode()  # not httpx's json=, which raises for a lone surrogate
        sent = {"content-type": "application/json; charset=utf-8", "accept-encoding": "identity", **headers}
        try:
            with self._http.stream("POST", url, content=content, headers=sent) as response:
                return _Answer(response.status_code, response.headers, _read(response))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = type(error).__name__
        # Outside of the except clause and without `from`: httpx's errors carry the request, and so the secret.
        raise Unavailable(Reason.SLACK_UNAVAILABLE, f"slack did not answer: {failure}")

    def _is_webhook(self, secret: str) -> bool:
        if any(c.isspace() for c in secret):
            return False
        if _is_https(secret):
            return urlsplit(secret).netloc == "hooks.slack.com"
        return _is_loopback(secret) and _is_loopback(self._api_url)


def _accepted(answer: _Answer) -> dict[str, Any]:
    """The Web API's answer; most of its errors come with status 200."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        body = {}
    if answer.status_code != 200 or body.get("ok") is not True:
        raise _refused(answer, body.get("error"))
    return body


def _refused(answer: _Answer, error: object) -> Unavailable:
    name = error if isinstance(error, str) and _ERROR.match(error) else "no readable error"
    wait = answer.headers.get("retry-after", "").strip()
    limited = answer.status_code == 429 or name == "ratelimited"
    retry_after = float(wait) if _SECONDS.match(wait) and (limited or answer.status_code >= 500) else None
    text = f"slack took no message: status {answer.status_code}, {name}"
    kind = ChannelRefused if name in _REFUSED else _Gone if name in _GONE else Unavailable
    return kind(Reason.SLACK_UNAVAILABLE, text, retry_after=retry_after)


def _read(response: httpx.Response) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _ANSWER_LIMIT:
            text = f"slack's answer is larger than {_ANSWER_LIMIT} bytes"
            raise Unavailable(Reason.SLACK_UNAVAILABLE, text)
    return body


def _is_https(url: str) -> bool:
    return _host(url, "https") is not None


def _is_loopback(url: str) -> bool:
    return _host(url, "http") in _LOOPBACK


def _host(url: str, scheme: str) -> str | None:
    """The host of a URL of this scheme without user and password, or None."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme == scheme and "@" not in parts.netloc else None
    except ValueError:
        return None
