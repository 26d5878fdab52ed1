"""Payloads that GitHub sent to others, which lie beside this repository where it is developed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.github import deliveries as github
from registry_verifier import webhook
from registry_verifier.models import PublishEvent
from registry_verifier.publish_event import Ignored

PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="no ../shared/payloads beside this repository")

NOW = datetime(2026, 1, 2, tzinfo=UTC)
APP = "ghcr.io/example-org/app"
INDEX = "sha256-1bc04b5291c26a46d918139138b992d2de976d6851d0893b0476b85bfbdfc6e6"

# file -> the event it came with, and the image and tag it is read as, or the reason why it is ignored
EXPECTED: dict[str, tuple[str, tuple[str, str | None] | str]] = {
    "keel-fakeGithubContainerRegistryWebhook.json": ("package_v2", "event-not-handled"),
    "keel-fakeGithubPackageWebhook.json": ("registry_package", "no-digest"),
    "minder-package-published.json": ("package", ("ghcr.io/stacklok/demo-repo-go-debug", None)),
    "octokit-package-published.docker.payload.json": ("package", ("ghcr.io/codertocat/hello-world-npm", None)),
    "octokit-registry_package-published.docker.payload.json": (
        "registry_package",
        ("ghcr.io/codertocat/hello-world-npm", None),
    ),
    "octokit-ping.payload.json": ("ping", "ping"),
    "octokit-ping.with-app_id.payload.json": ("ping", "ping"),
    "octokit-ping.with-organization.payload.json": ("ping", "ping"),
    "theryangeary-package-published.index-tagged.json": ("package", ("ghcr.io/theryangeary/www", "0e2a89b")),
    "partial/build-push-action-877-registry_package.index-with-buildx-attestation.json": (
        "registry_package",
        "action-not-handled",
    ),
    "partial/disgit-3-package-published.user-owner-case.json": ("package", "no-package-version"),
    "partial/go-github-2033-package.body-object.json": ("package", "action-not-handled"),
    "partial/webhooks.js-646-registry_package.app-delivery.json": ("registry_package", "action-not-handled"),
    "partial/webhooks.net-178-package.docker-manifest.json": ("package", "action-not-handled"),
    "synthetic/01-child-amd64-untagged.package.json": ("package", (APP, None)),
    "synthetic/02-child-arm64-untagged.package.json": ("package", (APP, None)),
    "synthetic/03-index-tagged-v1.2.3.package.json": ("package", (APP, "v1.2.3")),
    "synthetic/04-cosign-sig-tag.package.json": ("package", (APP, f"{INDEX}.sig")),
    "synthetic/05-cosign-att-tag.package.json": ("package", (APP, f"{INDEX}.att")),
    "synthetic/06-referrer-untagged-bundle.package.json": ("package", (APP, None)),
    "synthetic/07-referrers-fallback-tag.package.json": ("package", (APP, INDEX)),
    "synthetic/08-index-tagged.registry_package.app.json": ("registry_package", (APP, "v1.2.3")),
    "synthetic/09-org-hook-unlinked-no-repository.package.json": ("package", (APP, "v1.2.3")),
    "synthetic/10-updated-null-container_metadata.package.json": ("package", (APP, None)),
    "synthetic/11-npm-not-container.package.json": ("package", "not-a-container"),
    "synthetic/12-nested-name-with-manifests.package.json": (
        "package",
        ("ghcr.io/example-org/svc/manifests/api", "v1.2.3"),
    ),
    "synthetic/13-ping.app.json": ("ping", "ping"),
}


def read(body: bytes, headers: dict[str, str]) -> PublishEvent | Ignored:
    return webhook.read(body, headers=headers, received_at=NOW)


def read_file(name: str, event: str) -> PublishEvent | Ignored:
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": "1", "Content-Type": github.JSON}
    return read((PAYLOADS / name).read_bytes(), headers)


def test_every_file_has_an_expectation() -> None:
    found = {
        str(path.relative_to(PAYLOADS))
        for folder in ("", "partial", "synthetic")
        for path in (PAYLOADS / folder).glob("*.json")
    }
    assert found == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_payload_is_accepted_or_ignored_for_the_right_reason(name: str) -> None:
    event, expected = EXPECTED[name]
    result = read_file(name, event)
    if isinstance(result, Ignored):
        assert result.reason == expected
    else:
        assert (str(result.image), result.tag) == expected
        assert str(result.digest) in (PAYLOADS / name).read_text()


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("event", ["package", "registry_package", "ping", "push"])
def test_no_payload_under_any_event_is_an_error(name: str, event: str) -> None:
    assert read_file(name, event)


@pytest.mark.parametrize("kind", ["json", "form"])
def test_a_whole_delivery_with_its_headers(kind: str) -> None:
    body = (PAYLOADS / "headers" / f"{kind}.body").read_bytes()
    headers: dict[str, Any] = json.loads((PAYLOADS / "headers" / f"{kind}.headers.json").read_text())
    signature = webhook.header(headers, webhook.SIGNATURE_HEADER)
    webhook.authenticate(body, signature=signature, secrets=[b"It's a Secret to Everybody"])
    result = read(body, headers)
    assert isinstance(result, PublishEvent)
    assert result.delivery == "72d3162e-cc78-11e3-81ab-4c9367dc0958"
