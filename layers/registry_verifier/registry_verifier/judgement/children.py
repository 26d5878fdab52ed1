"""The children of an index: whether each is there, and has the evidence by itself where a policy asks for that.

A nested index counts as one child and needs evidence of its own; it is not opened. What BuildKit puts beside an image
(platform `unknown/unknown`, nothing but in-toto layers) cannot be run, and nothing is demanded of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from registry_verifier.judgement.decision import Judge, is_final, is_uncertain
from registry_verifier.models import Digest
from registry_verifier.policy.model import Policy
from registry_verifier.reasons import CANNOT_JUDGE, Reason
from registry_verifier.results import (
    EITHER,
    INDEX,
    Cause,
    ChildResult,
    ChildState,
    NearestMiss,
    PolicyResult,
    RequirementResult,
)

ROWS_LIMIT = 128
"""rows of the table that is shown"""
_FIRST = (ChildState.WRONG, ChildState.MISSING, ChildState.UNSIGNED, ChildState.NOT_LOOKED_AT)
"""which child that fails is told of first"""


@dataclass(frozen=True)
class Child:
    """One entry of an index, and what was found where somebody looked."""

    digest: Digest
    platform: str | None
    runs: bool
    """whether it can be run, as far as is known"""
    trouble: Cause | None = None
    """CHILD_MISSING, or why its manifest cannot be read"""
    judge: Judge | None = None
    """for its own evidence; None where nobody looked for that"""
    note: str = ""

    @property
    def named(self) -> str:
        """The child for people."""
        return f"{self.platform} {self.digest}" if self.platform else self.digest


@dataclass(frozen=True)
class _Said:
    state: ChildState
    cause: Cause | None = None
    miss: NearestMiss | None = None


@dataclass(frozen=True)
class Children:
    """All children of one index; fits `decision.Children`."""

    listed: tuple[Child, ...]
    is_presence_asked: bool = False
    limit: int | None = None
    """how many are looked at, where there are more"""
    _known: dict[tuple[Digest, int], _Said] = field(default_factory=dict, init=False, repr=False)

    def leaves(self, policy: Policy) -> RequirementResult | None:
        """Whether every child that can be run has the evidence by itself; none at all is not every one."""
        if policy.children == INDEX:
            return None
        if self.limit is not None:
            count = len({child.digest for child in self.listed})
            return _unmet(Reason.CHILD_UNVERIFIED, f"index has {count} children (at most {self.limit})", final=True)
        running = self._running()
        if not running:
            return _unmet(Reason.CHILD_UNVERIFIED, "index lists no child that can be run", final=True)
        said = [(child, self._said(child, policy)) for child in running]
        failing = [pair for pair in said if pair[1].state != ChildState.VERIFIED]
        if not failing:
            return RequirementResult("leaves", None, "every leaf", None)
        return _worst(failing, len(running))

    def presence(self) -> RequirementResult | None:
        """Whether the registry has every child that can be run."""
        if not self.is_presence_asked:
            return None
        missing = [child.trouble for child in self._running() if _is_missing(child)]
        used = None if missing else "every child"
        return RequirementResult("children", None, used, missing[0] if missing else None)

    def nearest_miss(self, policies: Sequence[Policy]) -> NearestMiss | None:
        """Who came nearest to signing the first child of which somebody is known."""
        if self.limit is not None:
            return None
        said = (self._said(child, p) for p in policies if p.children != INDEX for child in self._running())
        return next((one.miss for one in said if one.miss), None)

    def table(self, policies: Sequence[Policy], results: Sequence[PolicyResult]) -> tuple[ChildResult, ...]:
        """A row for each child, once for each platform."""
        judged = list(zip(policies, results, strict=True))
        rows = {(child.digest, child.platform): child for child in self.listed}
        return tuple(self._row(child, judged) for child in list(rows.values())[:ROWS_LIMIT])

    def _row(self, child: Child, judged: Sequence[tuple[Policy, PolicyResult]]) -> ChildResult:
        state, text = ChildState.NOT_LOOKED_AT, child.note
        if child.trouble:
            state, text = _troubled(child).state, child.trouble.text
        elif not child.runs:
            state, text = ChildState.ATTESTATION, ""
        elif child.judge and (said := self._worst_of(child, judged)):
            state, text = said.state, said.cause.text if said.cause else ""
        elif judged and all(result.is_proven for _, result in judged):
            state, text = ChildState.COVERED, ""
        return ChildResult(child.digest, child.platform, state, text)

    def _worst_of(self, child: Child, judged: Sequence[tuple[Policy, PolicyResult]]) -> _Said | None:
        said = [_seen(self._said(child, p), result) for p, result in judged if p.children != INDEX]
        order = (*_FIRST, ChildState.COVERED, ChildState.VERIFIED)
        return min(said, key=lambda one: order.index(one.state), default=None)

    def _running(self) -> list[Child]:
        """What can be run, each digest once."""
        return list({child.digest: child for child in self.listed if child.runs}.values())

    def _said(self, child: Child, policy: Policy) -> _Said:
        key = child.digest, id(policy)
        if key not in self._known:
            self._known[key] = _judged(child, policy)
        return self._known[key]


@dataclass(frozen=True)
class Unknown:
    """What may be an index, and nobody looked; fits `decision.Children`."""

    why: str

    def leaves(self, policy: Policy) -> RequirementResult | None:
        """Nobody knows, where a policy asks."""
        return None if policy.children == INDEX else _unmet(Reason.POLICY_UNSUPPORTED, self.why)

    def presence(self) -> RequirementResult | None:
        """Nobody asked."""
        return None

    def nearest_miss(self, policies: Sequence[Policy]) -> NearestMiss | None:
        """Nobody is known."""
        return None


def missing(digest: Digest, platform: str | None) -> Cause:
    """Why a child that is listed cannot be had."""
    return Cause(Reason.CHILD_MISSING, f"{platform or 'child'} {digest} is listed by the index and not in the registry")


def _judged(child: Child, policy: Policy) -> _Said:
    if child.trouble:
        return _troubled(child)
    if child.judge is None:
        return _Said(ChildState.NOT_LOOKED_AT, Cause(Reason.POLICY_UNSUPPORTED, "nobody looked for its own evidence"))
    decision = child.judge.decide((policy,), waiting=False)
    state = _state(decision.policies[0])
    causes = [c for c in decision.causes if state != ChildState.NOT_LOOKED_AT or c.code in CANNOT_JUDGE]
    first = next((Cause(c.code, f"{c.code.value}: {c.text}") for c in causes), None)
    return _Said(state, first, decision.nearest_miss)


def _troubled(child: Child) -> _Said:
    return _Said(ChildState.MISSING if _is_missing(child) else ChildState.WRONG, child.trouble)


def _is_missing(child: Child) -> bool:
    return child.trouble is not None and child.trouble.code == Reason.CHILD_MISSING


def _state(result: PolicyResult) -> ChildState:
    if result.holds:
        return ChildState.VERIFIED
    if is_uncertain(result):
        return ChildState.NOT_LOOKED_AT
    return ChildState.WRONG if is_final(result) else ChildState.UNSIGNED


def _seen(said: _Said, result: PolicyResult) -> _Said:
    """The same for the table: where the index has the evidence and that is enough, nothing is amiss."""
    is_covered = result.children == EITHER and result.by_itself and said.state != ChildState.VERIFIED
    return _Said(ChildState.COVERED) if is_covered else said


def _worst(failing: Sequence[tuple[Child, _Said]], count: int) -> RequirementResult:
    """The children that fail, as one demand that is not met."""
    child, said = min(failing, key=lambda pair: _FIRST.index(pair[1].state))
    more = f" ({len(failing)} of {count} children do not hold)" if len(failing) > 1 else ""
    text = said.cause.text if said.cause else said.state.value
    if said.state == ChildState.MISSING:
        return _unmet(Reason.CHILD_MISSING, f"{text}{more}")
    if said.state == ChildState.NOT_LOOKED_AT:  # every child that fails is one that nobody can judge
        code = said.cause.code if said.cause else Reason.POLICY_UNSUPPORTED
        return _unmet(code, f"{child.named}: {text}{more}")
    is_wrong = said.state == ChildState.WRONG
    return _unmet(Reason.CHILD_UNVERIFIED, f"{child.named}: {text}{more}", final=is_wrong)


def _unmet(code: Reason, text: str, *, final: bool = False) -> RequirementResult:
    return RequirementResult("leaves", None, None, Cause(code, text), final=final)


def platforms(children: Iterable[Child]) -> tuple[str, ...]:
    """The platforms that can be run, each once, in order."""
    return tuple(dict.fromkeys(child.platform for child in children if child.runs and child.platform))
