"""What a stored verdict would be under other policies: the same statements, judged again, without asking anybody.

A verdict holds what this needs: each statement with its signer, under which trust it was proven, what each condition
said of it, and the statement itself where it is small. What it does not hold cannot be told, and is never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry_verifier.errors import BadRequest, Unavailable
from registry_verifier.judgement import trusts
from registry_verifier.judgement.decision import Decision, Judge
from registry_verifier.judgement.outcomes import Outcomes, fingerprint
from registry_verifier.models import Digest, Identity, ImageName, Json, Statement, parse_digest
from registry_verifier.policy.glob import policies_for
from registry_verifier.policy.model import Authority, Condition, Policy
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause

_STATEMENTS_LIMIT = 2000


class CannotTell(Exception):
    """The stored verdict does not hold what the policies ask for; the text is a fact for people."""


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


def replay(document: Json, policies: Sequence[Policy]) -> Replay:
    """Judge a stored verdict again; BadRequest where the document is no verdict."""
    stored = _Stored.read(document)
    try:
        decision = stored.judged(policies)
    except (CannotTell, Unavailable) as error:
        return Replay(stored.image, stored.digest, stored.status, None, why=str(error))
    if decision.status == Status.UNKNOWN:
        why = decision.causes[0].text if decision.causes else "a policy cannot be judged"
        return Replay(stored.image, stored.digest, stored.status, None, decision.causes, why)
    return Replay(stored.image, stored.digest, stored.status, decision.status, decision.causes)


@dataclass(frozen=True)
class _Stored:
    """A verdict document, read as far as it is needed."""

    document: Json
    image: ImageName
    digest: Digest
    status: Status
    tags: tuple[str, ...]

    @classmethod
    def read(cls, document: Json) -> _Stored:
        try:
            tags = tuple(str(tag) for tag in document.get("tags") or ())
            image, digest = ImageName.parse(document["image"]), parse_digest(document["digest"])
            return cls(document, image, digest, Status(document["status"]), tags)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadRequest(f"result is no verdict: {type(error).__name__}: {str(error)[:200]}") from error

    def judged(self, policies: Sequence[Policy]) -> Decision:
        self._require_whole()
        matching = policies_for(policies, self.image, self.digest, self.tags)
        statements = self._statements()
        known = {s.place: dict(entry.get("conditions") or {}) for s, entry in statements}
        judge = Judge(lambda authority: self._proven(authority, statements), outcomes=_Kept(known))
        return judge.decide(matching, waiting=self.status == Status.PENDING)

    def _require_whole(self) -> None:
        if self.document.get("dropped") or "statements" not in self.document:
            raise CannotTell("the stored verdict was cut: it holds not every statement")
        if self.document.get("kind") == "child":
            raise CannotTell("a child of an index has the verdict of its index")
        if not self.document.get("sources"):
            raise CannotTell("no evidence was looked for, or by a version that did not say where")

    def _statements(self) -> list[tuple[Statement, Json]]:
        entries = self.document["statements"]
        try:
            return [(_statement(entry), entry) for entry in list(entries)[:_STATEMENTS_LIMIT]]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadRequest(
                f"statement of the result is malformed: {type(error).__name__}: {str(error)[:200]}"
            ) from error

    def _proven(self, authority: Authority, statements: list[tuple[Statement, Json]]) -> Sequence[Statement] | Cause:
        if authority.cannot:
            return Cause(Reason.POLICY_UNSUPPORTED, f"authority {authority.name}: {authority.cannot}")
        if authority.key and authority.key.kms:
            raise CannotTell(f"authority {authority.name}: its key is in KMS, and nobody is asked here")
        if str(authority.source) not in self.document["sources"]:
            raise CannotTell(f"authority {authority.name}: nobody looked in {authority.source}")
        trust = str(trusts.ours(authority, {}))
        return [_under(trust, statement, entry, authority) for statement, entry in statements]


def _under(trust: str, statement: Statement, entry: Json, authority: Authority) -> Statement:
    """The statement as it holds under this trust."""
    tried = entry.get("trusts") or {}
    if trust not in tried:
        raise CannotTell(f"authority {authority.name}: {statement.place} was never tried as '{trust}'")
    reason = tried[trust]
    if bool(reason) == (not statement.holds):
        return statement
    return _statement({**entry, "reason": reason, "detail": "" if reason is None else "did not hold under this trust"})


class _Kept(Outcomes):
    """Conditions that were asked when the verdict was made, and those that a kept statement still answers."""

    def __init__(self, kept: dict[str, dict[str, str | None]]) -> None:
        super().__init__({(place, mark): said for place, all_ in kept.items() for mark, said in all_.items()})

    def check(self, condition: Condition, statement: Statement) -> str | None:
        if (statement.place, fingerprint(condition)) not in self.known and not statement.document:
            raise CannotTell(f"{statement.place} is not kept in the verdict, and the condition on it is another one")
        return super().check(condition, statement)


def _statement(entry: Json) -> Statement:
    who: Any = entry.get("identity")
    return Statement(
        place=entry["place"],
        format=entry["format"],
        is_signature=bool(entry["is_signature"]),
        predicate_type=entry["predicate_type"],
        identity=Identity(who["subject"], who["issuer"], dict(who.get("claims") or {})) if who else None,
        key=entry.get("key"),
        log_index=entry.get("log_index"),
        signed_at=datetime.fromisoformat(entry["signed_at"]) if entry.get("signed_at") else None,
        reason=Reason(entry["reason"]) if entry.get("reason") else None,
        detail=str(entry.get("detail") or ""),
        contradictions=tuple(map(str, entry.get("contradictions") or ())),
        document=entry.get("document") or {},
    )
