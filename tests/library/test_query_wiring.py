"""How the answer service is put together: from settings to what questions need."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from registry_verifier import query_wiring
from registry_verifier.errors import BadRequest, PolicyError, Unavailable
from registry_verifier.models import ImageName
from registry_verifier.settings import QuerySettings

POLICY = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: {name}
spec:
  images: [{{glob: "ghcr.io/acme/**"}}]
  authorities:
    - keyless:
        url: https://fulcio.sigstore.dev
        identities: [{{issuer: "https://token.actions.githubusercontent.com", subject: "https://github.com/acme/app/.github/workflows/sign.yml@refs/heads/main"}}]
"""


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "fake")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


def settings(folder: Path = Path("nowhere"), *, seal: str = "arn:seal", **more: str) -> QuerySettings:
    needed = {"VERDICTS_TABLE": "v", "LOOKS_QUEUE_URL": "https://q", "REVERIFY_AFTER_HOURS": "24"}
    return QuerySettings.read(needed | {"SEAL_SECRET_ARN": seal, "CONFIGURATION_DIRECTORY": str(folder)} | more)


def test_a_verdict_is_fresh_for_a_quarter_longer_than_until_the_next_look_is_due() -> None:
    assert query_wiring.world(settings()).fresh == timedelta(hours=30)
    assert query_wiring.world(settings(REVERIFY_AFTER_HOURS="4")).fresh == timedelta(hours=5)


def test_who_may_see_and_ask() -> None:
    world = query_wiring.world(
        settings(PUBLIC_IMAGES="acme/app", GITHUB_ORGANISATIONS="Acme,other", API_URL="https://api.example/")
    )
    assert world.public_images == {ImageName("ghcr.io", "acme/app")}
    assert world.owners == {"acme", "other"}
    assert world.api_url == "https://api.example"


def test_summaries_are_signed_only_where_there_is_a_key() -> None:
    assert query_wiring.world(settings()).signer is None
    world = query_wiring.world(settings(VSA_KEY_ARN="arn:aws:kms:eu-central-1:123456789012:key/k"))
    assert world.signer and world.signer() is world.signer()


def test_policies_are_loaded_when_they_are_asked_for_and_kept(tmp_path: Path) -> None:
    world = query_wiring.world(settings(tmp_path))
    (tmp_path / "policies").mkdir()
    file = tmp_path / "policies" / "one.yaml"
    file.write_text(POLICY.format(name="one"))
    assert [policy.name for policy in world.policies()] == ["one"]
    file.write_text(POLICY.format(name="two"))
    assert [policy.name for policy in world.policies()] == ["one"]


def test_policies_that_do_not_load_are_tried_again(tmp_path: Path) -> None:
    world = query_wiring.world(settings(tmp_path))
    with pytest.raises(PolicyError):
        world.policies()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "one.yaml").write_text(POLICY.format(name="one"))
    assert len(world.policies()) == 1


def test_a_seal_that_was_changed_still_opens_what_the_old_one_closed() -> None:
    with mock_aws():
        client = boto3.client("secretsmanager")
        old, both, other = (
            client.create_secret(Name=name, SecretString=text)["ARN"]
            for name, text in (("old", "o" * 64), ("both", json.dumps(["n" * 64, "o" * 64])), ("other", "n" * 64))
        )
        sealed = query_wiring.world(settings(seal=old)).seal().write("request", 1)
        assert query_wiring.world(settings(seal=both)).seal().read("request", sealed, name="id") == 1
        with pytest.raises(BadRequest):
            query_wiring.world(settings(seal=other)).seal().read("request", sealed, name="id")


def test_a_seal_that_cannot_be_read_is_unavailable() -> None:
    with mock_aws(), pytest.raises(Unavailable):
        query_wiring.world(settings(seal="arn:none")).seal()
