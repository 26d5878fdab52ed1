"""The sender of webhooks, posting to a server on loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local.github import deliveries as github
from registry_verifier import webhook
from registry_verifier.models import PublishEvent
from registry_verifier.publish_event import Ignored

DIGEST = "sha256:" + "a" * 64


class Receiver:
    """Keeps what was posted to it, and answers 202, or `status_code`."""

    def __init__(self) -> None:
        self.got: list[github.Request] = []
        self.status_code = 202
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(github.Request(body, dict(self.headers.items())))
                self.send_response(receiver.status_code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/github"

    def events(self) -> list[PublishEvent | Ignored]:
        return [accepted(request) for request in self.got]


def accepted(request: github.Request, secret: str = github.TEST_SECRET) -> PublishEvent | Ignored:
    signature = webhook.header(request.headers, webhook.SIGNATURE_HEADER)
    webhook.authenticate(request.body, signature=signature, secrets=[secret.encode()])
    return webhook.read(request.body, headers=request.headers, received_at=datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.delenv("GITHUB_WEBHOOK_SECRET", raising=False)
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


def publish(event: PublishEvent | Ignored) -> PublishEvent:
    assert isinstance(event, PublishEvent)
    return event


def test_a_tagged_push(receiver: Receiver) -> None:
    assert github.main([receiver.url, "--image", "ghcr.io/Acme/app", "--digest", DIGEST, "--tag", "v1"]) == 0
    event = publish(receiver.events()[0])
    assert (str(event.image), event.digest, event.tag) == ("ghcr.io/acme/app", DIGEST, "v1")
    payload = json.loads(receiver.got[0].body)["package"]
    assert (payload["namespace"], payload["owner"]["login"]) == ("acme", "Acme")


def test_an_untagged_push_looks_as_githubs_do(receiver: Receiver) -> None:
    assert github.main([receiver.url, "--digest", DIGEST]) == 0
    version = json.loads(receiver.got[0].body)["package"]["package_version"]
    assert version["container_metadata"]["tag"]["name"] == ""
    assert version["package_url"] == "ghcr.io/acme/app:"
    assert publish(receiver.events()[0]).tag is None


def test_a_manifest_from_a_file(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"{}")
    assert github.main([receiver.url, "--manifest", str(tmp_path / "manifest.json"), "--index"]) == 0
    assert publish(receiver.events()[0]).digest == "sha256:" + hashlib.sha256(b"{}").hexdigest()


def test_a_form_as_an_app_gets_it(receiver: Receiver) -> None:
    assert github.main([receiver.url, "--digest", DIGEST, "--form", "--event", "registry_package"]) == 0
    assert receiver.got[0].body.startswith(b"payload=%7B")
    assert publish(receiver.events()[0]).digest == DIGEST


def test_copies_have_one_delivery_id(receiver: Receiver) -> None:
    assert github.main([receiver.url, "--digest", DIGEST, "--copies", "3", "--delay", "0.01"]) == 0
    assert len({publish(event).delivery for event in receiver.events()}) == 1
    assert len(receiver.got) == 3


def test_two_deliveries_have_two_ids(receiver: Receiver) -> None:
    for _ in range(2):
        github.main([receiver.url, "--digest", DIGEST])
    assert len({publish(event).delivery for event in receiver.events()}) == 2


def test_a_ping(receiver: Receiver) -> None:
    assert github.main([receiver.url, "--ping"]) == 0
    assert receiver.events() == [Ignored("ping")]


def test_the_secret_of_the_environment(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "another")
    github.main([receiver.url, "--digest", DIGEST])
    assert isinstance(accepted(receiver.got[0], "another"), PublishEvent)


def test_a_refusal_is_reported(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    receiver.status_code = 401
    assert github.main([receiver.url, "--digest", DIGEST]) == 1
    assert capsys.readouterr().out.startswith("401")


def test_nobody_at_the_other_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert github.main(["http://127.0.0.1:9/", "--digest", DIGEST]) == 1
    assert "not delivered" in capsys.readouterr().err


def test_something_must_have_been_pushed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        github.main(["http://127.0.0.1:9/"])
    assert "--digest" in capsys.readouterr().err
