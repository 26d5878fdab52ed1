"""The generated client at work: what was published is found by it, and the gate lets the right digest through.

It runs under .venv-contract, which has the client's types and this repository on its path.
"""
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, TypeVar

from registry_verifier_client import AuthenticatedClient
from registry_verifier_client.api.digests import get_digest, list_history
from registry_verifier_client.api.gate import gate
from registry_verifier_client.api.images import list_images
from registry_verifier_client.api.verdicts import list_verifications
from registry_verifier_client.models import (
    DigestVerdict,
    HistoryList,
    ImageList,
    ListVerificationsStatus,
    Problem,
    VerificationList,
)

from local.patience import Unexpected, require

T = TypeVar("T")

GATES = {"verified": 200, "failed": 403, "waiting": 409, "mended": 200}
STATUSES = {"verified": "VERIFIED", "failed": "FAILED", "waiting": "PENDING", "mended": "VERIFIED"}


def main() -> None:
    """Everything, with the addresses and digests in the first argument; an exception where something is not so."""
    asked = json.loads(sys.argv[1])
    owner, _, name = asked["name"].partition("/")
    with AuthenticatedClient(base_url=asked["api_url"], token="none") as client:  # noqa: S106 - the API is open here
        images(client, asked["name"])
        for kind, status in STATUSES.items():
            verdict(client, owner, name, asked[kind], status)
            may_run(client, asked["name"], asked[kind], GATES[kind])
        history(client, owner, name, asked["mended"])
        lists(client, asked)


def images(client: AuthenticatedClient, name: str) -> None:
    """The image is listed."""
    found = of_kind(ImageList, list_images.sync(client=client))
    print(f"list_images: {[item.image for item in found.items]}")
    require(f"ghcr.io/{name}" in [item.image for item in found.items], "the image is not listed")


def verdict(client: AuthenticatedClient, owner: str, name: str, digest: str, status: str) -> None:
    """A digest has its verdict, with what was found."""
    found = of_kind(DigestVerdict, get_digest.sync(owner, name, digest, client=client))
    print(f"get_digest {digest[:19]}…: {found.status.value} {found.reasons}, {len(found.statements)} statements")
    require(found.status.value == status, f"{digest} is {found.status.value} (expected {status})")


def may_run(client: AuthenticatedClient, name: str, digest: str, status_code: int) -> None:
    """The gate."""
    found = gate.sync_detailed(digest, client=client, image=f"ghcr.io/{name}")
    print(f"gate {digest[:19]}…: {found.status_code.value}")
    require(found.status_code == status_code, f"the gate says {found.status_code} (expected {status_code})")


def history(client: AuthenticatedClient, owner: str, name: str, digest: str) -> None:
    """What was mended was something else before."""
    found = of_kind(HistoryList, list_history.sync(owner, name, digest, client=client))
    print(f"list_history {digest[:19]}…: {[run.status.value for run in found.items]}")
    require("FAILED" in [run.status.value for run in found.items], "the history lacks the verdict before")


def lists(client: AuthenticatedClient, asked: dict[str, Any]) -> None:
    """Filters hold, pages go on where the last one ended, and a filter that is none is a problem."""
    failed = set(walked(client, status=ListVerificationsStatus.FAILED))
    print(f"list_verifications FAILED: {len(failed)}")
    require(asked["failed"] in failed and asked["verified"] not in failed, f"FAILED lists {failed}")
    of_image = list(walked(client, image=f"ghcr.io/{asked['name']}", limit=2))
    print(f"list_verifications of the image, two at a time: {len(of_image)}")
    require({asked[kind] for kind in STATUSES} <= set(of_image), f"the image lists {of_image}")
    require(len(of_image) == len(set(of_image)), "an entry is listed twice")
    wrong = of_kind(Problem, list_verifications.sync(client=client, digest=asked["failed"]))
    require(wrong.code == "bad_request", f"a digest without image is answered with {wrong.code}")


def walked(client: AuthenticatedClient, **filters: Any) -> Iterator[str]:
    """The digests of a list, page by page."""
    following: dict[str, Any] | None = {}
    while following is not None:
        page = of_kind(VerificationList, list_verifications.sync(client=client, **filters, **following))
        yield from (item.digest for item in page.items)
        following = {"cursor": page.next_cursor} if page.next_cursor else None


def of_kind(kind: type[T], found: object) -> T:
    """The answer, which has to be of this kind."""
    if not isinstance(found, kind):
        raise Unexpected(f"answered with {found} (expected {kind.__name__})")
    return found


if __name__ == "__main__":
    main()
