"""What came of each publish, held against the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.simulation.truth import Told, Truth
from registry_verifier import incident_record, verdict_record
from registry_verifier.incident import Incident, Kind
from registry_verifier.models import Digest, ImageName
from registry_verifier.reasons import Status

if TYPE_CHECKING:
    from local.simulation.trial import Plan, Trial


@dataclass(frozen=True)
class Finding:
    """One publish's ending."""

    id: int
    kind: str
    wrong_verdicts: tuple[str, ...]
    wrong_incidents: tuple[str, ...]
    story: tuple[str, ...] = ()
    """everything that happened in its repository, where something is wrong"""

    @property
    def is_right(self) -> bool:
        """Whether everything ended as it was known beforehand."""
        return not self.wrong_verdicts and not self.wrong_incidents


def judge(trial: Trial, plan: Plan) -> Iterator[Finding]:
    """The ending of one publish: of each digest that it pushed, and of the children of its indexes."""
    stage = trial.stages[plan.id]
    endings = Endings(trial)
    verdicts = [
        f"{digest}: {text}" for digest, truth in stage.truths.items() for text in endings.verdict(plan, digest, truth)
    ]
    verdicts += [f"{c}: {text}" for c, index in stage.children.items() for text in endings.child(plan, c, index)]
    told = [f"{digest}: {text}" for digest, truth in stage.truths.items() for text in endings.told(plan, digest, truth)]
    told += [
        f"{child}: {one.key.kind} incident about a child"
        for child in stage.children
        for one in endings.incidents(plan.image, child)
        if one.key.kind is not Kind.UNKNOWN
    ]
    story = tuple(map(str, trial.world.journal.story(plan.image))) if verdicts or told or plan.id in trial.told else ()
    yield Finding(plan.id, plan.kind.name, tuple(verdicts), tuple(told), story)


class Endings:
    """What is found in the end."""

    def __init__(self, trial: Trial) -> None:
        self._world = trial.world

    def status(self, image: ImageName, digest: Digest) -> Status | None:
        """What is stored."""
        found = self._world.table.partition(verdict_record.partition(image, digest)).get(verdict_record.STATE)
        return Status(found["status"]["S"]) if found else None

    def verdict(self, plan: Plan, digest: Digest, truth: Truth) -> Iterator[str]:
        """What is wrong with the verdict, now or at any time."""
        status = self.status(plan.image, digest)
        if status != truth.status:
            yield f"is {status} (expected {truth.status})"
        for each in set(self._world.journal.statuses[plan.image, digest]) & set(truth.never):
            yield f"was {each} for some time"

    def child(self, plan: Plan, child: Digest, index: Digest) -> Iterator[str]:
        """A child is as its index, where anybody ever asked."""
        status, whole = self.status(plan.image, child), self.status(plan.image, index)
        if status is not None and whole is not Status.NO_POLICY and status != whole:
            yield f"is {status} (expected {whole}, as its index)"

    def told(self, plan: Plan, digest: Digest, truth: Truth) -> Iterator[str]:
        """What is wrong with what people were told."""
        every = self.incidents(plan.image, digest)
        told = [one for one in every if one.key.kind is not Kind.UNKNOWN]
        wanted = 0 if truth.told is Told.NOTHING else 1
        if len(told) != wanted:
            yield f"{len(told)} incidents (expected {wanted})"
        for one in told[:wanted]:
            if one.is_open != (truth.told is Told.OPEN):
                yield f"incident is {'open' if one.is_open else 'over'} (expected {truth.told})"
            if one.ts is None and not one.storm:
                yield "incident without a message"
        if any(one.is_open for one in every if one.key.kind is Kind.UNKNOWN):
            yield "an incident that nobody could look is still open"

    def incidents(self, image: ImageName, digest: Digest) -> Sequence[Incident]:
        """Everything that people were told about a digest."""
        found = self._world.table.partition(verdict_record.partition(image, digest))
        return [
            incident_record.read_incident(i) for name, i in found.items() if name.startswith(incident_record.PREFIX)
        ]
