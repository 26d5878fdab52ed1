"""sweep through its door: schedules' events in; moto, a TUF repository and GitHub's API on loopback behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.sweep import handler
from local.github.api import LocalGitHub
from local.github.hook_log import Fate
from local.github.payload import Push
from local.registry.faults import Fault
from local.sigstore.tuf_mirror import TufMirror
from local.sigstore.tuf_repository import TRUSTED_ROOT, TufRepository
from registry_verifier import look_message
from registry_verifier.errors import SettingsError, TrustRootError, Unavailable
from registry_verifier.models import Look
from registry_verifier.reasons import Status
from registry_verifier.trust_root_record import Record
from registry_verifier.trust_root_store import TrustRootStore
from registry_verifier.verdict_table import VerdictTable
from tests.functions.lambda_world import Context, event, set_environment
from tests.library.trust_root_bucket import BUCKET, NEWER, PACKAGED, sha256
from tests.library.verdicts import DIGEST, IMAGE, TABLE, digest, state, table

HOOK = "orgs/acme/hooks/2"
OLD = datetime(2026, 11, 22, 10, 1, tzinfo=UTC)


class Account:
    """The function's world: a table, a queue, a bucket, a configuration, a TUF repository, GitHub."""

    def __init__(self, configuration: Path, served: TufMirror, github: LocalGitHub) -> None:
        self.configuration, self.served, self.github = configuration, served, github
        self.secrets = boto3.client("secretsmanager")
        self.queue = boto3.client("sqs")
        self.url = self.queue.create_queue(QueueName="looks")["QueueUrl"]
        self.bucket = boto3.client("s3")
        self.bucket.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.store = TrustRootStore(self.bucket, BUCKET)
        self.table = VerdictTable(boto3.client("dynamodb"), TABLE)

    def environment(self) -> dict[str, str]:
        return {
            "LOOKS_QUEUE_URL": self.url,
            "VERDICTS_TABLE": TABLE,
            "CONFIGURATION_DIRECTORY": str(self.configuration),
            "RETENTION_DAYS": "400",
            "REVERIFY_AFTER_HOURS": "24",
            "REVERIFY_BATCH": "100",
            "REVERIFY_WINDOW_DAYS": "400",
            "TRUST_ROOT_BUCKET": BUCKET,
            "TUF_URL": self.served.url,
            "GITHUB_API_URL": self.github.url,
        }

    def secret(self, name: str, text: str) -> str:
        arn: str = self.secrets.create_secret(Name=name, SecretString=text)["ARN"]
        return arn

    def looks(self) -> list[Look]:
        """What can be seen on the queue now."""
        found = self.queue.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        return [look_message.read(message["Body"]) for message in found.get("Messages", [])]

    def proven(self, checked_at: datetime) -> None:
        """A refresh took place then."""
        self.store.keep(NEWER)
        self.store.replace(self.store.read(), Record(sha256(NEWER), checked_at, sha256(PACKAGED)))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Account]:
    repository = TufRepository({TRUSTED_ROOT: PACKAGED}, seed="tests").publish()
    (tmp_path / "trusted_root.json").write_bytes(PACKAGED)
    (tmp_path / "tuf_root.json").write_bytes(repository.root)
    set_environment(monkeypatch)
    with table(), TufMirror(repository) as served, LocalGitHub() as github:
        account = Account(tmp_path, served, github)
        set_environment(monkeypatch, **account.environment())
        handler.sweeps.cache_clear()
        yield account
        if handler.sweeps.cache_info().currsize:
            handler.sweeps().close()
        handler.sweeps.cache_clear()


def run(name: str) -> dict[str, Any]:
    done: dict[str, Any] = handler.lambda_handler(event(f"sweep.{name}"), Context(remaining=300_000))
    return done


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    found: dict[str, float] = {}
    for entry in entries:
        for metric in entry["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            value = entry[metric["Name"]]
            found[metric["Name"]] = sum(value) if isinstance(value, list) else value
    found.pop("ColdStart", None)
    return found


# ---- tasks


@pytest.mark.parametrize("given", [{}, {"task": "all"}, {"task": None}, {"task": ["missed"]}, {"task": "x" * 5000}])
def test_a_task_that_nobody_knows_is_an_error_that_names_those_that_are_known(given: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match=r"^task is ['\"].{0,80}['\"] \(expected one of reverify, missed, trust-root\)$"
    ):
        handler.lambda_handler(given, Context())


def test_a_setting_that_is_missing_is_named(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUST_ROOT_BUCKET")
    with pytest.raises(SettingsError, match="TRUST_ROOT_BUCKET"):
        run("reverify")


# ---- reverify


def test_what_was_verified_long_ago_is_looked_at_again(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.proven(datetime.now(UTC))
    account.table.record(None, state(Status.VERIFIED))
    assert run("reverify") == {"checked": 1, "sent": 1, "overdue": 0}
    (look,) = account.looks()
    assert (look.image, look.digest, look.cause) == (IMAGE, DIGEST, "sweep")
    assert counted(capsys).items() >= {"ReverifyChecked": 1, "ReverifySent": 1, "Overdue": 0, "SweepRun": 1}.items()


def test_what_was_looked_at_a_moment_ago_rests(account: Account) -> None:
    account.proven(datetime.now(UTC))
    account.table.record(None, state(Status.VERIFIED))
    run("reverify")
    account.looks()
    assert run("reverify") == {"checked": 1, "sent": 0, "overdue": 0}


def test_a_digest_whose_re_checks_were_lost_is_taken_up(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.proven(datetime.now(UTC))
    account.table.record(None, state(Status.PENDING))
    assert run("reverify")["overdue"] == 1
    assert counted(capsys)["Overdue"] == 1


def test_no_more_looks_are_sent_than_the_batch(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.proven(datetime.now(UTC))
    for number in range(5):
        account.table.record(None, state(Status.VERIFIED, digest=digest(number)))
    monkeypatch.setenv("REVERIFY_BATCH", "2")
    assert run("reverify")["sent"] == 2


def test_a_queue_that_is_gone_is_an_error_of_the_function(account: Account) -> None:
    account.proven(datetime.now(UTC))
    account.table.record(None, state(Status.VERIFIED))
    account.queue.delete_queue(QueueUrl=account.url)
    with pytest.raises(Unavailable, match="queue"):
        run("reverify")


# ---- the trusted root


def test_each_run_of_reverify_tells_the_age_of_the_trusted_root(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.proven(datetime.now(UTC) - timedelta(hours=30))
    run("reverify")
    assert counted(capsys)["TrustRootAgeSeconds"] == pytest.approx(30 * 3600, abs=60)
    assert account.served.asked == []


@pytest.mark.parametrize("is_for_another_deployment", [False, True])
def test_a_root_that_was_never_proven_for_this_deployment_is_at_once(
    account: Account, capsys: pytest.CaptureFixture[str], is_for_another_deployment: bool
) -> None:
    if is_for_another_deployment:
        account.store.replace(None, Record(sha256(NEWER), datetime.now(UTC), sha256(b"another")))
    run("reverify")
    metrics = counted(capsys)
    assert (metrics["TrustRootAgeSeconds"], metrics["TrustRootRefreshFailed"]) == (0, 0)
    stored = account.store.read()
    assert stored and stored.record and stored.record.stands_for(sha256(PACKAGED))


def test_the_trusted_root_is_refreshed(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.served.repository.targets[TRUSTED_ROOT] = NEWER
    account.served.repository.publish()
    assert run("trust-root") == {"sha256": sha256(NEWER), "age_seconds": 0.0, "changed": True, "trouble": ""}
    assert counted(capsys).items() >= {"TrustRootRefreshFailed": 0, "TrustRootAgeSeconds": 0}.items()
    assert account.store.root(sha256(NEWER)) == NEWER


def test_a_refresh_that_fails_is_counted_with_the_age_of_the_last_one(
    account: Account, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    account.proven(datetime.now(UTC) - timedelta(hours=13))
    account.served.faults["timestamp.json"] = 503
    done = run("trust-root")
    assert (done["sha256"], done["changed"]) == (sha256(NEWER), False)
    metrics = counted(capsys)
    assert metrics["TrustRootRefreshFailed"] == 1
    assert metrics["TrustRootAgeSeconds"] == pytest.approx(13 * 3600, abs=60)
    assert "the trusted root was not refreshed" in caplog.text


def test_a_deployment_without_a_root_to_begin_with_is_a_trouble_of_reverify(account: Account) -> None:
    (account.configuration / "tuf_root.json").unlink()
    account.table.record(None, state(Status.VERIFIED))
    assert run("reverify")["sent"] == 1
    with pytest.raises(TrustRootError, match="root.json"):
        run("trust-root")


def test_a_bucket_that_is_gone_is_a_trouble_and_the_sweep_goes_on(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.bucket.delete_bucket(Bucket=BUCKET)
    account.table.record(None, state(Status.VERIFIED))
    assert run("reverify")["sent"] == 1
    metrics = counted(capsys)
    assert metrics["SweepTrouble"] == 1
    assert "TrustRootAgeSeconds" not in metrics


# ---- what was missed


def test_nothing_is_asked_of_github_where_nothing_is_configured(account: Account) -> None:
    assert run("missed") == {"redelivered": 0, "missed": 0, "troubles": ()}
    assert account.github.requests == []


def test_a_delivery_that_failed_is_brought_again(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.github.hook(HOOK)
    account.github.pushed(Push("acme/app", DIGEST, "v1"), Fate.LOST)
    arn = account.secret("github", account.github.token("hooks"))
    set_environment(monkeypatch, GITHUB_HOOKS=HOOK, GITHUB_TOKEN_SECRET_ARN=arn)
    assert run("missed") == {"redelivered": 1, "missed": 0, "troubles": ()}
    assert counted(capsys).items() >= {"DeliveryRedelivered": 1, "PublishMissed": 0, "SweepTrouble": 0}.items()


def test_an_app_asks_for_its_own_hook(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.github.hook("app")
    account.github.pushed(Push("acme/app", DIGEST, "v1"), Fate.LOST)
    arn = account.secret("app", account.github.app_secret)
    set_environment(monkeypatch, GITHUB_HOOKS="app", GITHUB_APP_SECRET_ARN=arn)
    assert run("missed")["redelivered"] == 1


def test_a_publish_that_no_webhook_told_of_is_looked_at_and_counted(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = account.secret("github", account.github.token("packages"))
    set_environment(monkeypatch, GITHUB_OWNERS="orgs/acme", GITHUB_TOKEN_SECRET_ARN=arn)
    account.table.keep("missed/begun", "2026-01-01T00:00:00+00:00")
    account.github.pushed(Push("acme/app", DIGEST, "v1"), Fate.NEVER_SENT, at=datetime.now(UTC) - timedelta(hours=1))
    assert run("missed") == {"redelivered": 0, "missed": 1, "troubles": ()}
    (look,) = account.looks()
    assert (look.image, look.digest, look.cause, look.tag) == (IMAGE, DIGEST, "missed", "v1")
    assert counted(capsys)["PublishMissed"] == 1


def test_a_token_that_may_do_one_thing_does_that_one(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.github.hook(HOOK)
    account.github.pushed(Push("acme/app", DIGEST, "v1"), Fate.LOST, at=datetime.now(UTC) - timedelta(hours=1))
    arn = account.secret("github", account.github.token("packages"))
    set_environment(monkeypatch, GITHUB_HOOKS=HOOK, GITHUB_OWNERS="orgs/acme", GITHUB_TOKEN_SECRET_ARN=arn)
    done = run("missed")
    assert [look.cause for look in account.looks()] == ["missed"]
    assert len(done["troubles"]) == 1 and HOOK in done["troubles"][0]


def test_an_app_reads_hooks_and_a_token_packages(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.github.hook(HOOK)
    account.github.pushed(Push("acme/app", DIGEST, "v1"), Fate.LOST, at=datetime.now(UTC) - timedelta(hours=1))
    token = account.secret("github", account.github.token("packages"))
    app = account.secret("app", account.github.app_secret)
    set_environment(monkeypatch, GITHUB_TOKEN_SECRET_ARN=token, GITHUB_APP_SECRET_ARN=app)
    set_environment(monkeypatch, GITHUB_HOOKS=HOOK, GITHUB_OWNERS="orgs/acme")
    done = run("missed")
    assert (done["redelivered"], done["troubles"]) == (1, ())


def test_what_cannot_be_asked_is_a_trouble_and_counted(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    account.github.hook(HOOK)
    account.github.fail(Fault(status=503))
    arn = account.secret("github", account.github.token())
    set_environment(monkeypatch, GITHUB_HOOKS=HOOK, GITHUB_OWNERS="orgs/acme", GITHUB_TOKEN_SECRET_ARN=arn)
    assert len(run("missed")["troubles"]) == 2
    assert counted(capsys)["SweepTrouble"] == 2
    assert "a part was not swept" in caplog.text


def test_a_delivery_that_nobody_brings_any_more_is_a_trouble(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.github.hook(HOOK)
    account.github.pushed(Push("acme/app", DIGEST, "v1"), Fate.LOST)
    (entry,) = account.github.state.hooks.listed(HOOK)
    for _ in range(8):
        account.github.state.hooks.redeliver(HOOK, entry.id)
    arn = account.secret("github", account.github.token("hooks"))
    set_environment(monkeypatch, GITHUB_HOOKS=HOOK, GITHUB_TOKEN_SECRET_ARN=arn)
    assert run("missed")["troubles"] == (f"hook {HOOK}: 1 deliveries were given up",)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"GITHUB_HOOKS": "orgs/acme"}, "GITHUB_HOOKS names 'orgs/acme'"),
        ({"GITHUB_HOOKS": HOOK}, "expected a github token"),
        ({"GITHUB_OWNERS": "orgs/acme"}, "GITHUB_TOKEN_SECRET_ARN"),
    ],
)
def test_settings_that_cannot_be_used_are_named_and_stop_no_other_task(
    account: Account, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], text: str
) -> None:
    set_environment(monkeypatch, **settings)
    with pytest.raises(SettingsError, match=text):
        run("missed")
    assert run("reverify")["checked"] == 0
