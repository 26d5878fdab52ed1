"""The pages that are looked at, by name, and what is read from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from playwright.sync_api import Page

from local.sample.calendar import APP, HOSTILE, OPENMED
from local.sample.stored import Sample
from registry_verifier.models import State
from registry_verifier.reasons import Reason, Status

TIMELINE = "table.timeline tbody tr"
_NO_DIGEST = "sha256:" + "0" * 64


def of_digest(state: State) -> str:
    """The page about a digest."""
    return f"images/{state.image.repository}/digests/{state.digest}"


def every(sample: Sample) -> Mapping[str, str]:
    """Name -> path below `/status/`, of one page of each kind."""
    records = sample.records
    return {
        "overview": "",
        "overview-filtered": "?status=FAILED&reason=IDENTITY_MISMATCH",
        "overview-nothing-fits": "?policy=no-such-policy",
        "image": f"images/{APP.repository}",
        "image-hostile": f"images/{HOSTILE.repository}",
        "digest-verified": of_digest(next(s for s in sample.of(OPENMED) if s.status is Status.VERIFIED)),
        "digest-failed": of_digest(_first(records, lambda s: bool(s.document["nearest_miss"]) and "<" not in s.actor)),
        "digest-replaced": of_digest(max(records, key=lambda s: s.version)),
        "digest-warned": of_digest(_first(records, lambda s: bool(s.document["warnings"]) and "<" not in s.actor)),
        "digest-forged": of_digest(_first(records, lambda s: Reason.SIGNATURE_INVALID in s.document["reasons"])),
        "digest-pending": of_digest(_first(records, lambda s: s.status is Status.PENDING)),
        "digest-unknown": of_digest(_first(records, lambda s: s.status is Status.UNKNOWN)),
        "digest-no-policy": of_digest(_first(records, lambda s: s.status is Status.NO_POLICY)),
        "digest-hostile": of_digest(next(s for s in sample.of(HOSTILE) if s.status is Status.FAILED)),
    }


def missing(name: str) -> str:
    """The page about a digest that nobody heard of, in this repository."""
    return f"images/{name}/digests/{_NO_DIGEST}"


def digests(page: Page) -> list[str]:
    """The digests in the rows of the timeline, in their order."""
    links = page.locator(f"{TIMELINE} a[href*='/digests/']").all()
    return [(link.get_attribute("href") or "").rpartition("/")[2] for link in links]


def statuses(page: Page) -> list[str]:
    """The words of the rows' statuses, without their icons."""
    texts = page.locator(f"{TIMELINE} .status").all_text_contents()
    return [" ".join(part for part in text.split() if part.isalpha()) for text in texts]


def _first(records: Iterable[State], fits: Callable[[State], bool]) -> State:
    return next(filter(fits, records))
