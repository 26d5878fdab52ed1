"""What a stored verdict would be under other policies: the same statements, judged again, without asking anybody.

A verdict holds what this needs: each statement with its source and signer, under which trust and roots it was proven,
what each condition said of it, and the statement itself where it is small. What it does not hold cannot be told, and
is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from registry_verifier.candidate import PUBLIC_GOOD, Trust
from registry_verifier.errors import TrustRootError, Unavailable
from registry_verifier.judgement import stored_verdict, trusts
from registry_verifier.judgement.decision import Decision, Judge
from registry_verifier.judgement.kept import CannotTell, KeptChildren, KeptOutcomes, is_unchanged
from registry_verifier.judgement.stored_verdict import StoredStatement, StoredVerdict
from registry_verifier.judgement.tag_globs import possible_tags
from registry_verifier.models import Digest, ImageName, Json, Statement
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.model import Authority, Policy
from registry_verifier.reasons import CANNOT_JUDGE, Reason, Status
from registry_verifier.results import Cause
from registry_verifier.trusted_root import TrustedRoot


@dataclass(frozen=True)
class Replay:
    """One stored verdict, and what it would be."""

    image: ImageName
    digest: Digest
    before: Status
    after: Status | None
    """None where it cannot be told"""
    causes: tuple[Cause, ...] = ()
    why: str = ""
    """why it cannot be told"""

    @property
    def flips(self) -> bool:
        """Whether the status would be another one."""
        return self.after is not None and self.after != self.before


@dataclass(frozen=True)
class Simulation:
    """Policies and their trusted roots, to be tried on any number of stored verdicts."""

    policies: Sequence[Policy]
    roots: Mapping[str, TrustedRoot]
    """by the TrustRoot's name; PUBLIC_GOOD is the deployment's own"""
    _demands: dict[int, _Demand] = field(default_factory=dict, init=False, repr=False)
    _tags: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)

    def replay(self, document: Json) -> Replay:
        """Judge a stored verdict again; BadRequest where the document is no verdict."""
        stored = stored_verdict.read(document)
        try:
            decision = self._judged(stored)
        except (CannotTell, Unavailable) as error:
            return Replay(stored.image, stored.digest, stored.status, None, why=str(error))
        if decision.status == Status.UNKNOWN:
            why = decision.causes[0].text if decision.causes else "a policy cannot be judged"
            return Replay(stored.image, stored.digest, stored.status, None, decision.causes, why)
        return Replay(stored.image, stored.digest, stored.status, decision.status, decision.causes)

    def _judged(self, stored: StoredVerdict) -> Decision:
        _require_whole(stored)
        matching = self._matching(stored)
        _require_every_match(matching)
        known: dict[int, Sequence[Statement] | Cause] = {}

        def proven(authority: Authority) -> Sequence[Statement] | Cause:
            if id(authority) not in known:
                known[id(authority)] = self._proven(authority, stored, matching)
            return known[id(authority)]

        judge = Judge(proven, outcomes=KeptOutcomes(stored), children=KeptChildren(stored))
        return judge.decide(matching, waiting=stored.status == Status.PENDING)

    def _matching(self, stored: StoredVerdict) -> tuple[Policy, ...]:
        """The policies that match, and those that did then: a record is judged by them for ever, as `verify` has it."""
        by_name = policies_for(self.policies, stored.image, stored.digest, stored.tags or ())
        matching = {policy.name for policy in by_name}
        for policy in self.policies:
            if policy.name in matching:
                continue
            if is_unchanged(policy, stored) or (stored.is_record and policy.name in stored.policies):
                matching.add(policy.name)
            elif stored.tags is None and policies_for([policy], stored.image, stored.digest, self._tags_of(policy)):
                raise CannotTell(f"policy {policy.name} matches by tag, and the stored verdict does not say which tags")
        return tuple(policy for policy in self.policies if policy.name in matching)

    def _tags_of(self, policy: Policy) -> tuple[str, ...]:
        if policy.name not in self._tags:
            self._tags[policy.name] = possible_tags(policy.globs)
        return self._tags[policy.name]

    def _proven(
        self, authority: Authority, stored: StoredVerdict, matching: Sequence[Policy]
    ) -> Sequence[Statement] | Cause:
        if authority.cannot:
            return Cause(Reason.POLICY_UNSUPPORTED, f"authority {authority.name}: {authority.cannot}")
        if authority.key and authority.key.kms:
            raise CannotTell(f"authority {authority.name}: its key is in KMS, and nobody is asked here")
        demand = self._demand(authority)
        found = [_as_proven(demand.trust, authority, entries) for entries in _places(authority, stored)]
        if found and demand.roots:
            self._require_same_root(authority, demand, stored, matching, held=any(one.holds for one in found))
        return found

    def _require_same_root(
        self, authority: Authority, demand: _Demand, stored: StoredVerdict, matching: Sequence[Policy], *, held: bool
    ) -> None:
        """Raise CannotTell unless the roots that the authority names now are those that the evidence was tried with."""
        then = stored.other_roots.get(demand.trust)
        if then is None and (held or set(demand.roots) == {PUBLIC_GOOD}):
            then = stored.public_root
        if then is None:  # nothing held, so that no statement says; the policy's own hash does
            same_public = PUBLIC_GOOD not in demand.roots or stored.public_root == self.roots[PUBLIC_GOOD].sha256
            if same_public and any(is_unchanged(p, stored) for p in matching if authority in p.authorities):
                return
            raise CannotTell(f"authority {authority.name}: nothing says which {demand.named} was trusted then")
        if then != demand.root:
            raise CannotTell(f"authority {authority.name}: {demand.named} is another one than was trusted then")

    def _demand(self, authority: Authority) -> _Demand:
        # by identity: the policies are kept here
        if id(authority) not in self._demands:
            trust = trusts.ours(authority, {})
            self._demands[id(authority)] = _Demand(str(trust), trusts.root_names(trust), self._root_of(trust))
        return self._demands[id(authority)]

    def _root_of(self, trust: Trust) -> str:
        try:
            parts = [self.roots[name] for name in trusts.root_names(trust)]
            return TrustedRoot.compose(*parts).sha256 if parts else ""
        except (KeyError, TrustRootError):
            return ""


@dataclass(frozen=True)
class _Demand:
    """How an authority wants evidence proven, by the names and hashes that verdicts are stored with."""

    trust: str
    roots: tuple[str, ...]
    """the names of the roots that have a say"""
    root: str
    """the SHA-256 of what they make together; empty where they make nothing"""

    @property
    def named(self) -> str:
        """The roots for people."""
        named = sorted({name for name in self.roots if name != PUBLIC_GOOD})
        return " and ".join(f"TrustRoot {name}" for name in named) or "trusted root"


def _require_whole(stored: StoredVerdict) -> None:
    if stored.is_cut:
        raise CannotTell("the stored verdict was cut: it holds not every statement")
    if stored.kind == "child":
        raise CannotTell("a child of an index has the verdict of its index")
    outage = any(reason not in CANNOT_JUDGE for reason in stored.reasons)
    if not stored.is_judged or (stored.status == Status.UNKNOWN and outage):
        raise CannotTell("nobody could look at the image, or its manifest could not be read")


def _require_every_match(policies: Sequence[Policy]) -> None:
    """Raise CannotTell where `spec.policy` would see an authority that only somebody who fetches can judge."""
    for policy in policies:
        unknown = [a for a in policy.authorities if a.cannot and a.trust_roots]
        if policy.condition and unknown:
            raise CannotTell(f"authority {unknown[0].name}: {unknown[0].cannot}, and spec.policy looks at it")


def _places(authority: Authority, stored: StoredVerdict) -> list[list[StoredStatement]]:
    """The statements of the authority's source, those of one place together."""
    source = str(authority.source)
    if source not in stored.sources:
        raise CannotTell(
            f"authority {authority.name}: nobody looked {f'in {source}' if source else 'beside the image'}"
        )
    places: dict[str, list[StoredStatement]] = {}
    for one in stored.statements:
        if one.sources is None:
            raise CannotTell(f"{one.statement.place} was stored by a version that did not say where it is from")
        if source in one.sources:
            places.setdefault(one.statement.place, []).append(one)
    return list(places.values())


def _as_proven(trust: str, authority: Authority, entries: Sequence[StoredStatement]) -> Statement:
    """What is at one place, as it holds under this trust; `entries` are how it held by a key and by a certificate."""
    first = entries[0]
    place = first.statement.place
    if trust not in first.trusts:
        raise CannotTell(f"authority {authority.name}: {place} was never tried as '{trust}'")
    if reason := first.trusts[trust]:
        same = first.statement.reason == reason
        return first.statement if same else replace(first.statement, reason=reason, detail="did not hold as demanded")
    by_key = authority.key is not None
    signed = [e.statement for e in entries if e.statement.holds and (e.statement.key is not None) == by_key]
    if not signed:
        raise CannotTell(f"authority {authority.name}: {place} held as '{trust}', and by whom is not kept")
    documents = [e.statement.document for e in entries if e.statement.document]
    return signed[0] if signed[0].document or not documents else replace(signed[0], document=documents[0])
