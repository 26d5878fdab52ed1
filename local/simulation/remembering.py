"""What is worked out once: a proof of the same bytes under the same trust, and a record that is read many times."""

from __future__ import annotations

from typing import Any

from registry_verifier.candidate import Candidate, Trust
from registry_verifier.errors import EvidenceRejected
from registry_verifier.models import Digest, State, Statement
from registry_verifier.proof import Prover
from registry_verifier.verdict_record import Item
from registry_verifier.verdict_table import VerdictTable


class RememberingProver:
    """Fits `proofs.Prover`."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover
        self._known: dict[tuple[object, ...], Statement | EvidenceRejected] = {}
        self.proven = 0

    def prove(self, candidate: Candidate, digest: Digest, trust: Trust) -> Statement:
        """As Prover."""
        annotations = tuple(sorted(candidate.annotations.items()))
        key = candidate.place, candidate.content, annotations, digest, trust
        if key not in self._known:
            self._known[key] = self._prove(candidate, digest, trust)
        found = self._known[key]
        if isinstance(found, EvidenceRejected):
            raise found
        return found

    def refused(self, candidate: Candidate, error: EvidenceRejected) -> Statement:
        """As Prover."""
        return self._prover.refused(candidate, error)

    def _prove(self, candidate: Candidate, digest: Digest, trust: Trust) -> Statement | EvidenceRejected:
        self.proven += 1
        try:
            return self._prover.prove(candidate, digest, trust)
        except EvidenceRejected as error:
            return error


class RememberingTable(VerdictTable):
    """The real table, which unpacks each version of a record once: sweeps read all of them every hour."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._states: dict[str, tuple[bytes, Item, State]] = {}

    def _read_state(self, item: Item) -> State:
        key, detail = item["PK"]["S"], item["detail"]["B"]
        known = self._states.get(key)
        if known is None or known[0] is not detail or known[1] != item:
            self._states[key] = known = (detail, item, super()._read_state(item))
        return known[2]
