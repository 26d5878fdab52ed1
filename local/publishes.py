"""Some publishes of the first user's project, so that there is something to look at: one of each kind."""

from __future__ import annotations

from dataclasses import dataclass

from local.patience import waited
from local.project import IMAGE, Project
from local.world import World

_PATIENCE = 240.0
"""the functions start here, beside whatever else the machine does"""


@dataclass(frozen=True)
class Published:
    """The digests that were pushed; each is an index of two platforms."""

    verified: str
    """signed and attested, and verified; `latest` pointed to it"""
    failed: str
    """signed by another workflow; `latest` points to it"""
    waiting: str
    """not signed"""
    mended: str
    """first signed by another workflow, then by the right one"""


def publish(world: World) -> Published:
    """Push, sign, and wait for the verdicts; `local.patience.Unexpected` where one does not come."""
    project = Project(world)
    mended, verified = project.push("v0.9.0"), project.push("v1.0.0")
    project.sign(mended, ref="refs/heads/hotfix")
    project.attest_build(verified)
    project.sign(verified)
    project.push("latest", content="v1.0.0")
    failed = project.push("v1.1.0")
    project.sign(failed, workflow=".github/workflows/release.yml")
    project.push("latest", content="v1.1.0")
    waiting = project.push("v1.2.0")
    for image, status in ((mended, "FAILED"), (verified, "VERIFIED"), (failed, "FAILED"), (waiting, "PENDING")):
        until(world, image["digest"], status)
    project.sign(mended)
    until(world, mended["digest"], "VERIFIED")
    return Published(*(image["digest"] for image in (verified, failed, waiting, mended)))


def until(world: World, digest: str, status: str) -> None:
    """Wait until a digest has this status."""

    def has_it() -> bool:
        found = world.verdict(IMAGE, digest)
        return bool(found and found["status"] == status)

    waited(has_it, seconds=_PATIENCE)
