"""Admission: may a pod with these images run? Only what is VERIFIED may; all else is refused with its reason.

A pod names its images by references. Only a reference with a digest can be judged: what a tag points to may change
between the answer and the pull. Whoever asks gets status 200 with `allowed`; Kyverno reads it in a policy's context.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry_verifier.answer import Answer, ok
from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.image_reference import Reference
from registry_verifier.models import Digest, ImageName
from registry_verifier.query.gate import REFUSALS
from registry_verifier.query.operation import Operation
from registry_verifier.query.world import Verdicts, World
from registry_verifier.question.request import Asked, Reply
from registry_verifier.reasons import Status
from registry_verifier.shapes.asks import IMAGES_LIMIT, AdmissionRequest, AdmissionResult, AdmissionReview
from registry_verifier.shapes.verdicts import StatusWord

_REFERENCE_LIMIT = 600
_TEXT_LIMIT = 200


@dataclass(frozen=True)
class Reviewed:
    """The answers about some images, in their order, and why the table could not be asked, where it could not."""

    results: tuple[AdmissionResult, ...]
    unavailable: str | None = None


def references(value: Any, name: str) -> tuple[str, ...]:
    """The texts in a list of a request's body; BadRequest for anything else."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRequest(f"{name} is no list of texts")
    if not 1 <= len(value) <= IMAGES_LIMIT:
        raise BadRequest(f"{name} has {len(value)} entries (expected 1 to {IMAGES_LIMIT})")
    return tuple(value)


def reviewed(verdicts: Verdicts, images: Sequence[str]) -> Reviewed:
    """What is known of each image; a table that did not answer once is not asked again, since somebody waits."""
    results: dict[str, AdmissionResult] = {}
    unavailable: str | None = None
    for image in dict.fromkeys(images):
        try:
            results[image] = _unread(image, unavailable) if unavailable else _result(verdicts, image)
        except BadRequest as error:
            results[image] = _refused(image, "bad_request", str(error))
        except Unavailable as error:
            unavailable = error.reason.value.lower()
            results[image] = _unread(image, unavailable)
    return Reviewed(tuple(results[image] for image in images), unavailable)


def parse_reference(text: str) -> tuple[ImageName, Digest]:
    """Read `HOST/OWNER/NAME[:TAG]@sha256:…`; BadRequest for what is none, and for what has no digest or no host."""
    reference = Reference.parse(text[:_REFERENCE_LIMIT]) if "@" in text[:_REFERENCE_LIMIT] else None
    if reference is None or reference.digest is None:
        raise BadRequest(f"no digest in {text[:_TEXT_LIMIT]!r} (a tag may move before the image is pulled)")
    if not _is_host(reference.image.registry):
        raise BadRequest(f"no registry's host in {text[:_TEXT_LIMIT]!r}")
    return reference.image, reference.digest


def _is_host(text: str) -> bool:
    """Whether a reference's first part is a host: of all others, clients take a repository of Docker Hub."""
    return text == "localhost" or "." in text or ":" in text


def _result(verdicts: Verdicts, text: str) -> AdmissionResult:
    image, digest = parse_reference(text)
    state = verdicts.state(image, digest)
    if state is None:
        return _refused(text, "no_verdict", f"nothing is known about {image}@{digest}")
    reasons = [str(reason) for reason in state.document.get("reasons") or ()]
    if state.status is Status.VERIFIED:
        return _told(text, "verified", "every policy that matches holds", allowed=True, status=state.status)
    _, code, detail = REFUSALS[state.status]
    return {**_told(text, code, detail, allowed=False, status=state.status), "reasons": reasons}


def _unread(text: str, code: str) -> AdmissionResult:
    return _refused(text, code, "the verdicts cannot be read now")


def _refused(text: str, code: str, detail: str) -> AdmissionResult:
    return _told(text, code, detail, allowed=False, status=None)


def _told(text: str, code: str, detail: str, *, allowed: bool, status: Status | None) -> AdmissionResult:
    word: StatusWord | None = status.value if status else None
    return {"image": text, "allowed": allowed, "status": word, "code": code, "reasons": [], "detail": detail}


def _review(asked: Asked, world: World) -> Answer:
    found = reviewed(world.verdicts, references(asked.body.get("images"), "images"))
    review: AdmissionReview = {
        "allowed": all(result["allowed"] for result in found.results),
        "results": list(found.results),
    }
    return ok(review)


OPERATIONS = (
    Operation(
        name="review_images",
        method="POST",
        path="/v1/admission",
        summary="whether a pod with these images may run",
        description=(
            "Answers 200 also where an image may not run: `allowed` tells. Only VERIFIED images may; a reference"
            " without a digest is refused, since its tag may move. Where the verdicts cannot be read, `status` is null"
            " and `code` says why."
        ),
        answer=_review,
        body=AdmissionRequest,
        replies={200: Reply("The review", AdmissionReview)},
        tag="clients",
    ),
)
