"""The sweep on the emulator, with its own role: GitHub, the queue, the table and the bucket are within its reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from local import emulator, stack, template
from local.github.api import LocalGitHub
from local.github.hook_log import Fate
from local.github.payload import Push
from local.sigstore.tuf_mirror import TufMirror
from local.sigstore.tuf_repository import TRUSTED_ROOT, TufRepository
from registry_verifier.models import digest_of
from tests import material

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.skipif(not emulator.PROGRAM.exists(), reason="no .venv-ministack: `make test` makes it"),
]

HOOK = "orgs/acme/hooks/2"
ROOT = json.dumps(material.sigstore().trusted_root()).encode()


@dataclass(frozen=True)
class Up:
    stack: stack.Running
    github: LocalGitHub


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("configuration")
    repository = TufRepository({TRUSTED_ROOT: ROOT}, seed="tests").publish()
    policies = template.ROOT / "layers" / "configuration" / "policies"
    (folder / "policies").mkdir()
    for policy in policies.glob("*.yaml"):
        (folder / "policies" / policy.name).write_bytes(policy.read_bytes())
    (folder / "trusted_root.json").write_bytes(ROOT)
    (folder / "tuf_root.json").write_bytes(repository.root)
    with ExitStack() as opened:
        mirror = opened.enter_context(TufMirror(repository))
        github = opened.enter_context(LocalGitHub())
        parameters = {
            "TufUrl": mirror.url,
            "GitHubApiUrl": github.url,
            "GitHubHooks": HOOK,
            "GitHubOwners": "orgs/acme",
        }
        secrets = {
            "WebhookSecretArn": "it is a secret",
            "SlackSecretArn": "xoxb-example",
            "GitHubTokenSecretArn": github.token("packages"),
            "GitHubAppSecretArn": github.app_secret,
        }
        github.hook(HOOK)
        yield Up(opened.enter_context(stack.up(parameters, secrets=secrets, configuration=folder)), github)


def test_the_trusted_root_is_kept_in_the_bucket(up: Up) -> None:
    done = up.stack.invoke("sweep", {"task": "trust-root"})
    assert (done["age_seconds"], done["trouble"]) == (0, "")
    listed = up.stack.client("s3").list_objects_v2(Bucket=up.stack.trust_root_bucket)["Contents"]
    assert {entry["Key"] for entry in listed} == {"current.json", f"roots/{done['sha256']}.json"}


def test_old_verdicts_are_looked_for(up: Up) -> None:
    assert up.stack.invoke("sweep", {"task": "reverify"}) == {"checked": 0, "sent": 0, "overdue": 0}


def test_a_delivery_that_failed_is_brought_again(up: Up) -> None:
    up.github.pushed(Push("acme/app", digest_of(b"some"), "v1"), Fate.LOST)
    assert up.stack.invoke("sweep", {"task": "missed"}) == {"redelivered": 1, "missed": 0, "troubles": []}


def test_a_task_that_nobody_knows_is_an_error_of_the_function(up: Up) -> None:
    with pytest.raises(RuntimeError, match="expected one of reverify, missed, trust-root"):
        up.stack.invoke("sweep", {"task": "everything"})


def test_no_right_is_missing(up: Up) -> None:
    assert "AccessDenied" not in "".join(up.stack.logs("sweep"))
