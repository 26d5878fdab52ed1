"""The kinds of publishes, each with what is done and with the truth about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from local.project import CYCLONEDX, PUBLISHING, SLSA
from local.simulation.stage import Stage
from local.simulation.truth import BAD, GOOD, LOST, MENDED, REPLACED, UNCLAIMED
from local.simulation.weather import DAY, MINUTE

LONGEST = 2.2 * DAY
"""how long a publish's story may be"""
_HOUR = 60 * MINUTE
_LATE = (26 * _HOUR, 44 * _HOUR)
"""after every delay, outage and grace period"""
Script = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    """One kind of publish."""

    name: str
    weight: int
    script: Script
    matched: bool = True
    """whether a policy matches its repository"""


async def signed(stage: Stage) -> None:
    """Two platforms, signed at once."""
    image = stage.push(stage.tag())
    stage.expect(image, GOOD)
    await stage.wait(10, 200)
    await stage.sign(image)


async def signed_in_layers(stage: Stage) -> None:
    """One platform, signed as cosign 2 does."""
    image = stage.push(stage.tag(), platforms=1)
    stage.expect(image, GOOD)
    await stage.wait(10, 200)
    await stage.sign(image, layers=True)


async def attested_build(stage: Stage) -> None:
    """BuildKit's attestations in the index, GitHub's own provenance first, then the demanded ones."""
    image = stage.push(stage.tag(), attested=True)
    stage.expect(image, GOOD)
    await stage.wait(3, 20)
    stage.attest_build(image)
    await stage.wait(30, 400)
    await stage.sign(image)


async def signed_late(stage: Stage) -> None:
    """Within the grace period, but only just."""
    image = stage.push(stage.tag(), platforms=stage.rng.choice((1, 2)))
    stage.expect(image, GOOD)
    await stage.wait(8 * MINUTE, 26 * MINUTE)
    await stage.sign(image, layers=stage.rng.random() < 0.5)


async def signed_too_late(stage: Stage) -> None:
    """After the grace period: it fails, and is verified at last."""
    image = stage.push(stage.tag())
    stage.expect(image, MENDED)
    await stage.wait(*_LATE)
    await stage.sign(image)


async def signed_wrong_then_right(stage: Stage) -> None:
    """Another workflow signs, and the right one the next day."""
    image = stage.push(stage.tag(), platforms=1)
    stage.expect(image, MENDED)
    await stage.wait(10, 200)
    await stage.sign(image, workflow=PUBLISHING)
    await stage.wait(*_LATE)
    await stage.sign(image)


async def unsigned(stage: Stage) -> None:
    """Nobody signs it, ever."""
    stage.expect(stage.push(stage.tag(), platforms=stage.rng.choice((1, 2))), BAD)


async def signed_by_stranger(stage: Stage) -> None:
    """A workflow signs that the policy does not name."""
    image = stage.push(stage.tag())
    stage.expect(image, BAD)
    await stage.wait(10, 200)
    await stage.sign(image, workflow=PUBLISHING, layers=stage.rng.random() < 0.5)


async def without_sbom(stage: Stage) -> None:
    """The SBOM is forgotten."""
    image = stage.push(stage.tag())
    stage.expect(image, BAD)
    await stage.wait(10, 200)
    await stage.sign(image, without=(CYCLONEDX,))


async def wrong_provenance(stage: Stage) -> None:
    """The provenance tells of another workflow than the policy wants."""
    image = stage.push(stage.tag())
    stage.expect(image, BAD)
    await stage.wait(10, 200)
    await stage.sign(image, predicate={"buildDefinition": {"externalParameters": {"signingWorkflow": "another.yml"}}})


async def moved_tag(stage: Stage) -> None:
    """A tag names another digest the next day; both hold."""
    for more in ("old", "new"):
        image = stage.push(stage.tag(), more=more)
        stage.expect(image, GOOD)
        await stage.wait(10, 200)
        await stage.sign(image)
        if more == "old":
            await stage.wait(*_LATE)


async def replaced(stage: Stage) -> None:
    """One that nobody signed is replaced by one that holds, under the same tag."""
    stage.expect(stage.push(stage.tag(), more="old"), REPLACED)
    await stage.wait(*_LATE)
    image = stage.push(stage.tag(), more="new")
    stage.expect(image, GOOD)
    await stage.wait(10, 200)
    await stage.sign(image)


async def evidence_lost(stage: Stage) -> None:
    """Verified, until a cleaning job deletes what was signed."""
    image = stage.push(stage.tag(), platforms=1)
    stage.expect(image, LOST)
    await stage.wait(10, 200)
    await stage.sign(image, layers=stage.rng.random() < 0.5)
    await stage.wait(30 * _HOUR, 50 * _HOUR)
    stage.lose_evidence(image)


async def tagged_again(stage: Stage) -> None:
    """The same digest gets a second tag, and a third one late."""
    image = stage.push(stage.tag())
    stage.expect(image, GOOD)
    stage.retag(image, f"{stage.tag()}-stable")
    await stage.wait(10, 200)
    await stage.sign(image)
    await stage.wait(*_LATE)
    stage.retag(image, f"{stage.tag()}-lts")


async def signed_twice(stage: Stage) -> None:
    """In both layouts, the second one a day later; nothing changes."""
    image = stage.push(stage.tag(), platforms=1)
    stage.expect(image, GOOD)
    await stage.wait(10, 100)
    await stage.sign(image, layers=True)
    await stage.wait(*_LATE)
    await stage.sign(image, without=(SLSA,))


async def unclaimed(stage: Stage) -> None:
    """A repository that no policy matches."""
    stage.expect(stage.push(stage.tag(), platforms=stage.rng.choice((1, 2))), UNCLAIMED)


KINDS = (
    Kind("signed", 14, signed),
    Kind("signed in layers", 12, signed_in_layers),
    Kind("attested build", 10, attested_build),
    Kind("signed late", 8, signed_late),
    Kind("signed too late", 6, signed_too_late),
    Kind("signed wrong, then right", 5, signed_wrong_then_right),
    Kind("unsigned", 7, unsigned),
    Kind("signed by a stranger", 6, signed_by_stranger),
    Kind("without SBOM", 5, without_sbom),
    Kind("wrong provenance", 5, wrong_provenance),
    Kind("moved tag", 6, moved_tag),
    Kind("replaced", 4, replaced),
    Kind("evidence lost", 5, evidence_lost),
    Kind("tagged again", 4, tagged_again),
    Kind("signed twice", 3, signed_twice),
    Kind("no policy", 4, unclaimed, matched=False),
)
