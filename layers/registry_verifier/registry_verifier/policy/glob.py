"""Which images a policy is about, as policy-controller matches them (its pkg/apis/glob/glob.go)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from registry_verifier.models import Digest, ImageName
from registry_verifier.policy import patterns
from registry_verifier.policy.model import Policy
from registry_verifier.policy.patterns import Pattern

_ALLOWED = re.compile(r"[a-zA-Z0-9\-_:/*.@]+\Z")
_DEFAULTS = {"*": "index.docker.io/library/*", "*/*": "index.docker.io/*/*"}
_LENGTH_LIMIT = 1024


@functools.lru_cache(maxsize=4096)
def compiled(glob: str) -> Pattern:
    """The expression of a glob, anchored at both ends; ValueError where policy-controller refuses the glob."""
    if len(glob) > _LENGTH_LIMIT or not _ALLOWED.match(glob):
        raise ValueError(f"glob is {glob[:80]!r} (expected letters, digits and -_:/*.@)")
    parts = re.split(r"(\*\*|\*)", _DEFAULTS.get(glob, glob))
    stars = {"**": ".*", "*": "[^/]*"}
    return patterns.compile("^" + "".join(stars.get(part) or re.escape(part) for part in parts) + "$")


def matches(glob: str, reference: str) -> bool:
    """Whether a glob matches `HOST/OWNER/NAME@sha256:…` or `HOST/OWNER/NAME:TAG`."""
    return compiled(glob).search(reference) is not None


def policies_for(
    policies: Iterable[Policy], image: ImageName, digest: Digest, tags: Sequence[str]
) -> tuple[Policy, ...]:
    """The policies of which a glob matches the image by its digest, as the cluster sees it, or by one of its tags."""
    name = _qualified(image)
    references = [f"{name}@{digest}", *(f"{name}:{tag}" for tag in tags)]
    return tuple(p for p in policies if any(matches(glob, reference) for glob in p.globs for reference in references))


def _qualified(image: ImageName) -> str:
    """The name in the form that policies are written for: Docker Hub's host and its own images have longer names."""
    if image.registry not in ("docker.io", "index.docker.io"):
        return str(image)
    return "index.docker.io/" + (image.repository if "/" in image.repository else f"library/{image.repository}")
