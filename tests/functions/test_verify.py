"""verify through its door: SQS events in, partial batch answers out, moto behind it and a registry on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.verify import handler
from local.registry.faults import Fault
from local.registry.server import LocalRegistry
from local.signing import publisher, signer
from local.signing.distribution import Repository
from registry_verifier import look_message
from registry_verifier.models import Digest, Look
from registry_verifier.reasons import Status
from registry_verifier.verdict_table import VerdictTable
from tests import material
from tests.functions.lambda_world import Context, event, set_environment
from tests.library.verdicts import TABLE, table
from tests.material import IMAGE, RELEASE_POLICY


class Bench:
    """The function wired to moto and to a registry with one image."""

    def __init__(self, registry: LocalRegistry, repository: Repository, verdicts: VerdictTable, queue: Any) -> None:
        self.registry, self.repository, self.verdicts, self.queue = registry, repository, verdicts, queue
        self.image = publisher.push_image(repository, tag="v1")
        self.digest = Digest(self.image["digest"])

    def sign(self) -> None:
        bundle = signer.bundle_signature(material.sigstore(), material.leaf(), self.digest)
        publisher.attach_bundle(self.repository, self.image, bundle)

    def unsign(self) -> None:
        """As a cleanup job does: nothing is left but the image."""
        kept = self.registry.state.store.find(IMAGE.repository)
        assert kept
        for digest in [d for d in kept.manifests if d != self.digest]:
            del kept.manifests[digest]
        kept.tags.clear()

    def look(self, **changes: Any) -> Look:
        return replace(Look(IMAGE, self.digest, "publish", tag="v1", delivery="d1"), **changes)

    def take(self, *looks: Look, body: str = "", count: int = 1) -> list[str]:
        bodies = [look_message.write(look) for look in looks] or [body]
        template = event("verify.one-image")["Records"][0]
        attributes = template["attributes"] | {"ApproximateReceiveCount": str(count)}
        records = [
            template | {"messageId": f"m{n}", "body": each, "attributes": attributes} for n, each in enumerate(bodies)
        ]
        answer = handler.lambda_handler({"Records": records}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    @property
    def status(self) -> Status | None:
        state = self.verdicts.state(IMAGE, self.digest)
        return state.status if state else None


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "release.yaml").write_text(json.dumps(RELEASE_POLICY))
    material.sigstore().write_trusted_root(tmp_path / "trusted_root.json")
    with table() as client, LocalRegistry() as registry, Repository(registry.url, IMAGE.repository) as repository:
        set_environment(monkeypatch)
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="looks")["QueueUrl"]
        settings = {"LOOKS_QUEUE_URL": url, "VERDICTS_TABLE": TABLE, "RETENTION_DAYS": "400"}
        more = {
            "CONFIGURATION_DIRECTORY": str(tmp_path),
            "REGISTRY_ENDPOINTS": f"ghcr.io={registry.url}",
            "LAMBDA_TASK_ROOT": "/var/task",
        }
        set_environment(monkeypatch, **settings, **more)
        handler.takers.cache_clear()
        asyncio.set_event_loop(handler.loop)
        yield Bench(registry, repository, VerdictTable(client, TABLE), lambda: waiting(sqs, url))
        handler.loop.run_until_complete(handler.takers().current().verification.finder.gatherer.registry.aclose())  # type: ignore[attr-defined] # the real client has it
        handler.takers.cache_clear()
        asyncio.set_event_loop(None)


def waiting(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def test_signed_image_is_verified(bench: Bench) -> None:
    bench.sign()
    assert bench.take(bench.look()) == []
    assert (bench.status, bench.queue()) == (Status.VERIFIED, 0)


def test_unsigned_image_is_pending_and_looked_at_later(bench: Bench) -> None:
    assert bench.take(bench.look()) == []
    assert (bench.status, bench.queue()) == (Status.PENDING, 1)


def test_ten_messages_side_by_side_are_one_verdict(bench: Bench) -> None:
    bench.sign()
    assert bench.take(*[bench.look()] * 10) == []
    state = bench.verdicts.state(IMAGE, bench.digest)
    assert state is not None
    assert (state.status, state.version) == (Status.VERIFIED, 1)


def test_connections_are_kept_between_invocations(bench: Bench) -> None:
    bench.take(bench.look())
    bench.take(bench.look(cause="recheck", tag=None))
    asked_for_tokens = [asked for asked in bench.registry.requests if "/token" in asked and asked.endswith("pull")]
    assert len(asked_for_tokens) == 1


def test_message_that_cannot_be_looked_at_comes_again(bench: Bench) -> None:
    bench.registry.fail(Fault(status=503))
    assert bench.take(bench.look()) == ["m0"]
    assert bench.status is None


def test_one_bad_message_does_not_hold_up_the_others(bench: Bench) -> None:
    missing = bench.look(digest=material.digest("not there"), tag="v2", delivery="d2")
    assert bench.take(bench.look(), missing) == ["m1"]
    assert bench.status == Status.PENDING


@pytest.mark.parametrize("body", ["", "{}", "nonsense", "[]"])
def test_message_that_nobody_of_us_wrote_is_left_for_the_dead_letter_queue(bench: Bench, body: str) -> None:
    assert bench.take(body=body) == ["m0"]


def test_outage_that_lasts_is_stored_as_unknown(bench: Bench) -> None:
    bench.registry.fail(Fault(status=429))
    assert bench.take(bench.look(), count=6) == []
    assert (bench.status, bench.queue()) == (Status.UNKNOWN, 1)


def test_a_trusted_root_that_cannot_be_had_stops_nothing_and_is_seen(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRUST_ROOT_BUCKET", "nowhere")
    bench.sign()
    assert bench.take(bench.look()) == []
    assert bench.status == Status.VERIFIED
    said = capsys.readouterr().out
    assert '"TrustRootStoreFailed":[1.0]' in said


# ---- what is counted, and what is logged


def entries(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was counted, one entry for each set of dimensions."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def dimensions(entry: dict[str, Any]) -> set[str]:
    (one,) = entry["_aws"]["CloudWatchMetrics"]
    return {name for each in one["Dimensions"] for name in each}


def whole(counted: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for entry in counted if dimensions(entry) == {"service"} for name, value in entry.items()}


def test_a_verdict_is_counted_as_a_whole_and_by_policy(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.sign()
    bench.take(bench.look(first_seen=datetime.now(UTC) - timedelta(seconds=5)))
    counted = entries(capsys)
    metrics = whole(counted)
    assert (metrics["VerificationPassed"], metrics["Look-verdict"], metrics["LooksTaken"]) == ([1.0], [1.0], [1.0])
    (by_policy,) = (entry for entry in counted if "Policy" in dimensions(entry))
    named = {name: by_policy[name] for name in ("VerificationPassed", "service", "Policy", "ReasonClass")}
    assert named == {"VerificationPassed": [1.0], "service": "verify", "Policy": "release", "ReasonClass": "none"}
    assert 5_000 <= metrics["PublishToVerdictLatency"][0] < 65_000
    assert metrics["VerificationDuration"][0] > 0


def test_dimensions_are_few_and_never_a_digest(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.take(bench.look())
    for entry in entries(capsys):
        assert dimensions(entry) <= {"service", "function_name", "Policy", "ReasonClass"}
        assert bench.digest not in json.dumps(entry) and "acme" not in json.dumps(entry)


def test_what_still_waits_has_no_latency(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.take(bench.look(first_seen=datetime.now(UTC)))
    metrics = whole(entries(capsys))
    assert metrics["VerificationPending"] == [1.0]
    assert "PublishToVerdictLatency" not in metrics


def test_requests_to_the_registry_are_counted(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(bench.registry.requests)
    bench.take(bench.look())
    asked = len(bench.registry.requests) - before
    metrics = whole(entries(capsys))
    assert (metrics["RegistryRequests"], metrics["RegistryThrottled"], metrics["RegistryErrors"]) == ([asked], [0], [0])
    bench.registry.fail(Fault(status=429))
    bench.take(bench.look(delivery="d2", tag="v2"))
    assert whole(entries(capsys))["RegistryThrottled"][0] > 0
    bench.registry.fail(Fault(status=503))
    bench.take(bench.look(delivery="d3", tag="v3"))
    metrics = whole(entries(capsys))
    assert metrics["RegistryErrors"][0] > 0 and metrics["RegistryThrottled"] == [0]


def test_lost_evidence_is_drift(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.sign()
    bench.take(bench.look())
    entries(capsys)
    bench.unsign()
    bench.take(bench.look(cause="sweep", tag=None, delivery="", attempt=1))
    metrics = whole(entries(capsys))
    assert (bench.status, metrics["DriftDetected"], metrics["VerificationFailed"]) == (Status.FAILED, [1.0], [1.0])
    assert "PublishToVerdictLatency" not in metrics


def test_a_look_that_comes_again_is_counted_and_logged_with_its_reason(
    bench: Bench, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    bench.registry.fail(Fault(status=503))
    bench.take(bench.look())
    assert whole(entries(capsys))["LookFailed"] == [1.0]
    logged = vars(caplog.records[-1])
    assert logged["levelname"] == "WARNING" and logged["reason"].endswith("_UNAVAILABLE")
    assert bench.digest in logged["body"]


def test_a_bug_is_logged_by_its_place_and_without_its_text(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: str) -> Look:
        raise RuntimeError("s3cr3t")

    monkeypatch.setattr(look_message, "read", broken)
    assert bench.take(bench.look()) == ["m0"]
    logged = vars(caplog.records[-1])
    assert (logged["levelname"], logged["reason"]) == ("ERROR", "RuntimeError")
    assert "in broken" in logged["note"] and "text" not in logged["note"].replace("context", "")


def test_a_look_is_logged_with_what_an_operator_searches_for(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.sign()
    bench.take(bench.look())
    logged = vars(caplog.records[-1])
    wanted = {"image": "ghcr.io/acme/app", "delivery_id": "d1", "cause": "publish", "policies": ["release"]}
    assert {name: logged[name] for name in wanted} == wanted
    assert (logged["digest"], logged["status"], logged["reasons"]) == (bench.digest, "VERIFIED", ())
