"""Every question that the API answers from the table, about the newest of `many_verdicts`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.apparatus.many_verdicts import APP, NOW, publish
from registry_verifier.question.request import Access
from registry_verifier.verdict_document import timestamp

_IMAGE = f"/v1/images/{APP.repository}"
_FAILED, _VERIFIED = publish(0).digest, publish(1).digest
_REFERENCES = [f"{APP}@{publish(number).digest}" for number in range(3)]


@dataclass(frozen=True)
class Question:
    """One request."""

    target: str
    body: Any = None
    """POST where there is one"""
    access: Access = Access.TRUSTED

    @property
    def method(self) -> str:
        """GET or POST."""
        return "GET" if self.body is None else "POST"


def every() -> Iterator[Question]:
    """All but those whose paths are told by answers."""
    yield from map(Question, (*_of_images(), *_of_digests(), *_of_lists(), *_of_gates()))
    yield Question("/v1/admission", {"images": _REFERENCES})
    gatekeeper = "externaldata.gatekeeper.sh/v1beta1"
    yield Question(
        "/v1/gatekeeper",
        {"apiVersion": gatekeeper, "kind": "ProviderRequest", "request": {"keys": _REFERENCES}},
    )
    for prefix, access in (("/status", Access.PUBLIC), ("/v1/status", Access.TRUSTED)):
        for path in ("/", f"/images/{APP.repository}", f"/images/{APP.repository}/digests/{_FAILED}"):
            yield Question(prefix + path, access=access)


HISTORY = Question(f"{_IMAGE}/digests/{_FAILED}/history")
"""names the ids of verdicts"""
LOOK = Question("/v1/verifications", {"image": str(APP), "digest": _VERIFIED})
"""names the id of a request"""


def _of_images() -> Iterator[str]:
    yield "/v1/images"
    for path in ("", "?limit=100", "/tags", f"/tags/{publish(0).tags[0]}"):
        yield _IMAGE + path


def _of_digests() -> Iterator[str]:
    then = timestamp(publish(0).at - timedelta(hours=10))
    for path in ("", f"?as_of={then}", "/statements", "/children", "/incidents"):
        yield f"{_IMAGE}/digests/{_FAILED}{path}"
    yield f"{_IMAGE}/digests/{_VERIFIED}/vsa"


def _of_lists() -> Iterator[str]:
    yield "/v1/verifications"
    an_hour_ago = timestamp(NOW - timedelta(hours=1))
    for anywhere in ("status=FAILED", f"since={an_hour_ago}", "reason=IDENTITY_MISMATCH", "policy=nobodys"):
        yield f"/v1/verifications?{anywhere}"
    for within in ("status=FAILED", f"digest={_FAILED}", f"tag={publish(0).tags[0]}", "limit=100"):
        yield f"/v1/verifications?image={APP}&{within}"
    yield "/v1/incidents"


def _of_gates() -> Iterator[str]:
    for prefix in ("/v1", "/oidc/v1"):
        yield f"{prefix}/gate/{_VERIFIED}?image={APP}"
    for badge in ("badge.svg", "shields.json"):
        yield f"/v1/badges/{APP.repository}/{badge}"
        yield f"/v1/badges/{APP.repository}/{badge}?tag={publish(1).tags[0]}"
