"""The proofs of one look: every candidate of a source, proven once for each kind of trust that is demanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from registry_verifier import provenance
from registry_verifier.candidate import Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.evidence import attestation_digest
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
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False)

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

    def roots(self) -> dict[str, str]:
        """By kind of trust: the SHA-256 of the trusted root that something held against."""
        return {str(key[1]): s.root_sha256 for key in self._counting for s in self._known[key] if s.root_sha256}

    def judged_sources(self) -> tuple[Source, ...]:
        """The sources of which the statements are told; of others that were looked in, nobody wanted to know."""
        return tuple(dict.fromkeys(source for source, _ in self._counting))

    def found_in(self) -> dict[str, tuple[str, ...]]:
        """By place: the sources that have the candidate; one may be in two that differ in their tags only."""
        found: dict[str, dict[str, None]] = {}
        for source, trust in self._counting:
            for statement in self._known[source, trust]:
                found.setdefault(statement.place, {})[str(source)] = None
        return {place: tuple(sources) for place, sources in found.items()}

    def everything(self) -> tuple[Statement, ...]:
        """Each candidate once, or twice where it holds by a key and by a certificate.

        As it holds under the first trust that it holds under, else as it was refused first.
        """
        holding: dict[str, dict[bool, Statement]] = {}
        refused: dict[str, Statement] = {}
        for key in self._counting:
            for statement in self._known[key]:
                refused.setdefault(statement.place, statement)
                if statement.holds:
                    holding.setdefault(statement.place, {}).setdefault(statement.key is None, statement)
        return tuple(s for place, one in refused.items() for s in (holding.get(place, {}).values() or [one]))

    def _proven(self, candidate: Candidate, trust: Trust) -> Statement:
        try:
            statement = self.prover.prove(candidate, self.digest, trust)
        except EvidenceRejected as error:
            return self.prover.refused(candidate, error)
        said = provenance.disagreements(statement, self.image, self.digest)[:_CONTRADICTIONS_LIMIT]
        return replace(
            statement,
            contradictions=tuple(map(str, said)),
            compared=provenance.is_checked(statement),
            digest=self._attested(candidate, statement),
        )

    def _attested(self, candidate: Candidate, statement: Statement) -> str:
        """The digest of an attestation, worked out once however many proofs are asked for."""
        if statement.predicate_type is None:
            return ""
        if candidate.place not in self._digests:
            self._digests[candidate.place] = attestation_digest.of(candidate) or ""
        return self._digests[candidate.place]
