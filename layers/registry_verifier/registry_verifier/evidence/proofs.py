"""The proofs of one look: every candidate of a source, proven once for each kind of trust that is demanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from registry_verifier import provenance
from registry_verifier.candidate import Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.evidence.gatherer import Found
from registry_verifier.models import Digest, ImageName, Statement
from registry_verifier.policy.model import Source
from registry_verifier.reasons import Reason

_CONTRADICTIONS_LIMIT = 16


class Prover(Protocol):
    """Proves one candidate."""

    def prove(self, candidate: Candidate, digest: Digest, trust: Trust) -> Statement:
        """The statement or signature about `digest`; raises EvidenceRejected where it does not hold."""
        ...

    def refused(self, candidate: Candidate, error: EvidenceRejected) -> Statement:
        """What a candidate that does not hold claims to be."""
        ...


@dataclass(frozen=True)
class Proofs:
    """What is proven about one digest, worked out when it is asked for."""

    prover: Prover
    image: ImageName
    digest: Digest
    sources: Mapping[Source, Found]
    _known: dict[tuple[Source, Trust], tuple[Statement, ...]] = field(default_factory=dict, init=False, repr=False)
    _counting: dict[tuple[Source, Trust], None] = field(default_factory=dict, init=False, repr=False)

    def statements(self, source: Source, trust: Trust) -> tuple[Statement, ...]:
        """Every candidate of `source`, whether it holds under `trust` or not; for our own judgement."""
        self._counting[source, trust] = None
        return self.beside(source, trust)

    def beside(self, source: Source, trust: Trust) -> tuple[Statement, ...]:
        """The same for somebody else's judgement: what holds for them alone is not shown as holding."""
        key = source, trust
        if key not in self._known:
            found = self.sources.get(source, Found())
            self._known[key] = (*found.refused, *(self._proven(one, trust) for one in found.candidates))
        return self._known[key]

    def trusts(self) -> dict[str, dict[str, Reason | None]]:
        """By place, under which kinds of trust a candidate was tried, and what came of it: None where it holds."""
        tried: dict[str, dict[str, Reason | None]] = {}
        for source, trust in self._counting:
            for statement in self._known[source, trust]:
                tried.setdefault(statement.place, {})[str(trust)] = statement.reason
        return tried

    def everything(self) -> tuple[Statement, ...]:
        """Each candidate once: as it holds under the first trust that it holds under, else as it was refused first."""
        by_place: dict[str, Statement] = {}
        for key in self._counting:
            for statement in self._known[key]:
                known = by_place.get(statement.place)
                if known is None or (statement.holds and not known.holds):
                    by_place[statement.place] = statement
        return tuple(by_place.values())

    def _proven(self, candidate: Candidate, trust: Trust) -> Statement:
        try:
            statement = self.prover.prove(candidate, self.digest, trust)
        except EvidenceRejected as error:
            return self.prover.refused(candidate, error)
        said = provenance.disagreements(statement, self.image, self.digest)
        return replace(statement, contradictions=tuple(map(str, said[:_CONTRADICTIONS_LIMIT]))) if said else statement
