"""The story of receive: what is asked in which order, and what the sender hears."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.github import deliveries as github
from local.github.payload import OCI_INDEX, Push, ping, published
from registry_verifier import webhook
from registry_verifier.errors import Unavailable
from registry_verifier.models import Digest, ImageName, Look
from registry_verifier.reasons import Reason
from registry_verifier.receive import Answer, Delivery, Receiver
from registry_verifier.verdict_document import VERSION
from tests.fakes import FakeLooks

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook"
DIGEST = "sha256:" + "0123456789abcdef" * 4
DELIVERY = "00000000-0000-4000-8000-000000000001"
PUSH = Push("acme/app", DIGEST, "v1.2.3", OCI_INDEX, pusher="octo-example", owner_login="Acme")


class FakeSecrets:
    """The kept values and the ones that a refresh finds; `down` makes reading fail, `refresh_down` only a refresh."""

    def __init__(self, *kept: str, newer: Sequence[str] | None = None) -> None:
        self.kept: Sequence[str] = kept
        self.newer = kept if newer is None else newer
        self.calls: list[str] = []
        self.down: Unavailable | None = None
        self.refresh_down: Unavailable | None = None

    def values(self, arn: str) -> Sequence[str]:
        return self._answer("values", arn, self.kept, self.down)

    def refresh(self, arn: str) -> Sequence[str]:
        return self._answer("refresh", arn, self.newer, self.refresh_down)

    def _answer(self, call: str, arn: str, values: Sequence[str], down: Unavailable | None) -> Sequence[str]:
        assert arn == ARN
        self.calls.append(call)
        if down:
            raise down
        return values


class World:
    """A receiver among fakes."""

    def __init__(self, secrets: FakeSecrets | None = None) -> None:
        self.secrets = secrets or FakeSecrets(github.TEST_SECRET)
        self.looks = FakeLooks()
        self.receiver = Receiver(self.secrets, ARN, self.looks)

    def receive(self, request: github.Request) -> Answer:
        return self.receiver.receive(Delivery(request.body, request.headers), now=NOW)


def request(payload: Any = None, event: str = "package", **more: Any) -> github.Request:
    return github.request(event, published(PUSH) if payload is None else payload, delivery=DELIVERY, **more)


def test_a_publish_is_put_on_the_queue_once_and_accepted() -> None:
    world = World()
    answer = world.receive(request())
    assert (answer.status_code, answer.outcome, answer.content_type) == (202, "accepted", "application/json")
    assert answer.body == {
        "accepted": {"image": "ghcr.io/acme/app", "digest": DIGEST, "tag": "v1.2.3", "delivery": DELIVERY}
    }
    look = Look(
        ImageName("ghcr.io", "acme/app"),
        Digest(DIGEST),
        "publish",
        tag="v1.2.3",
        delivery=DELIVERY,
        actor="octo-example",
        first_seen=NOW,
    )
    assert world.looks.sent == [(look, 0)]


def test_an_untagged_push_is_accepted_with_no_tag() -> None:
    answer = World().receive(request(published(replace(PUSH, tag=""))))
    assert answer.body["accepted"]["tag"] is None


def test_a_form_is_accepted() -> None:
    assert World().receive(request(content_type=github.FORM)).status_code == 202


def test_a_redelivery_is_put_on_the_queue_again() -> None:
    world = World()
    assert [world.receive(request()).status_code for _ in range(2)] == [202, 202]
    assert len(world.looks.sent) == 2


def test_a_ping_is_answered_with_the_version() -> None:
    world = World()
    answer = world.receive(request(ping(PUSH), "ping"))
    assert (answer.status_code, answer.body, answer.outcome) == (200, {"pong": VERSION}, "ignored")
    assert world.looks.sent == []


def test_what_is_ignored_is_named_and_not_queued() -> None:
    world = World()
    answer = world.receive(request(published(PUSH, action="deleted")))
    assert (answer.status_code, answer.body) == (202, {"ignored": "action-not-handled"})
    assert world.looks.sent == []


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    assert answer.body["status"] == answer.status_code
    assert answer.body["type"] == "about:blank"
    assert answer.body["title"]
    return answer.status_code, answer.body["detail"]


def test_a_forged_delivery_is_refused() -> None:
    world = World()
    status_code, detail = problem(world.receive(request(secret="another")))
    assert (status_code, world.looks.sent) == (401, [])
    assert "does not match" in detail


def test_a_delivery_without_signature_is_refused() -> None:
    world = World()
    bare = github.Request(request().body, {"X-GitHub-Event": "package"})
    assert problem(world.receive(bare))[0] == 401
    assert world.secrets.calls == ["values"]


def test_the_sha1_signature_alone_counts_for_nothing() -> None:
    sent = request()
    headers = {name: value for name, value in sent.headers.items() if name != webhook.SIGNATURE_HEADER}
    assert problem(World().receive(github.Request(sent.body, headers)))[0] == 401


def test_a_forged_ping_is_refused() -> None:
    assert problem(World().receive(request(ping(PUSH), "ping", secret="another")))[0] == 401


def test_a_signature_is_checked_before_the_body_is_read() -> None:
    sent = github.Request(b"\xff not json", {**request().headers, **github.sign(b"other", github.TEST_SECRET)})
    assert problem(World().receive(sent))[0] == 401


def test_the_signature_covers_the_bytes_as_they_came() -> None:
    sent = request()
    reformatted = github.Request(json.dumps(json.loads(sent.body), indent=1).encode(), sent.headers)
    assert problem(World().receive(reformatted))[0] == 401


def test_an_authentic_body_that_cannot_be_read_is_refused() -> None:
    body = b'{"action": "deleted", "action": "published"}'
    sent = github.Request(body, {**request().headers, **github.sign(body, github.TEST_SECRET)})
    assert problem(World().receive(sent))[0] == 400


def test_a_body_that_is_too_large_is_refused_and_no_secret_read_anew() -> None:
    world = World()
    body = b" " * 25_000_000
    sent = github.Request(body, {**request().headers, **github.sign(body, github.TEST_SECRET)})
    assert problem(world.receive(sent))[0] == 413
    assert world.secrets.calls == ["values"]


# rotation


@pytest.mark.parametrize("secret", ["old", "new"])
def test_both_secrets_are_valid_during_a_rotation(secret: str) -> None:
    world = World(FakeSecrets("new", "old"))
    assert world.receive(request(secret=secret)).status_code == 202
    assert world.secrets.calls == ["values"]


def test_a_secret_newer_than_ours_works_at_once() -> None:
    world = World(FakeSecrets("old", newer=["new", "old"]))
    assert world.receive(request(secret="new")).status_code == 202
    assert world.secrets.calls == ["values", "refresh"]


def test_a_secret_that_was_taken_away_is_refused_after_the_refresh() -> None:
    world = World(FakeSecrets("old", newer=["new"]))
    assert world.receive(request(secret="stolen")).status_code == 401


@pytest.mark.parametrize("values", [[], [""], [github.TEST_SECRET, ""]])
def test_no_secret_or_an_empty_one_lets_nobody_in(values: list[str]) -> None:
    world = World(FakeSecrets(*values))
    for secret in ("", github.TEST_SECRET):
        assert problem(world.receive(request(secret=secret)))[0] == 401
    assert world.looks.sent == []


# outages


def test_a_queue_that_is_down_is_told_to_the_sender_without_details() -> None:
    world = World()
    world.looks.down = Unavailable(Reason.QUEUE_UNAVAILABLE, "queue 123456789012 did not answer")
    answer = world.receive(request())
    assert problem(answer)[0] == 503
    assert "123456789012" not in json.dumps(dict(answer.body))
    assert answer.note == "QUEUE_UNAVAILABLE: queue 123456789012 did not answer"


def test_a_queue_that_is_down_does_not_matter_for_what_is_ignored() -> None:
    world = World()
    world.looks.down = Unavailable(Reason.QUEUE_UNAVAILABLE, "down")
    assert world.receive(request(ping(PUSH), "ping")).status_code == 200


def test_a_secret_that_cannot_be_read_lets_nobody_in() -> None:
    world = World()
    world.secrets.down = Unavailable(Reason.SECRET_UNAVAILABLE, f"secret {ARN} could not be read")
    answer = world.receive(request())
    assert (problem(answer)[0], world.looks.sent) == (503, [])
    assert ARN not in json.dumps(dict(answer.body))


def test_a_mismatch_while_the_secret_cannot_be_read_anew_is_not_called_forged() -> None:
    world = World()
    world.secrets.refresh_down = Unavailable(Reason.SECRET_UNAVAILABLE, "down")
    assert world.receive(request(secret="perhaps newer")).status_code == 503


@pytest.mark.parametrize("value", ["", "a b", "<!here>", "a" * 101])
def test_a_delivery_id_of_another_form_is_not_for_the_log(value: str) -> None:
    assert Delivery(b"", {"x-github-delivery": value}).id == ""
    assert Delivery(b"", {"X-GITHUB-DELIVERY": DELIVERY}).id == DELIVERY
