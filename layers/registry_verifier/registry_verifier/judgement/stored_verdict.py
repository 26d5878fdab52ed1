"""A stored verdict, read by its types once: what other policies can be tried on, and no more of it.

The shape is `verdict_document`'s. Results come from files that anyone may have written: what is wrong is a BadRequest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from registry_verifier.errors import BadRequest
from registry_verifier.manifest import INDEX_TYPES
from registry_verifier.models import Digest, Identity, ImageName, Json, Statement, parse_digest, parse_tag
from registry_verifier.reasons import Reason, Status
from registry_verifier.results import Cause, RequirementResult

_STATEMENTS_LIMIT = 20_000
_DEPTH_LIMIT = 100
_T = TypeVar("_T")


@dataclass(frozen=True)
class StoredStatement:
    """One statement of a stored verdict, as it held for one kind of signer."""

    statement: Statement
    sources: tuple[str, ...] | None
    """which sources have it; None where that was not stored"""
    trusts: Mapping[str, Reason | None]
    """the kinds of trust under which it was tried, None where it held"""
    conditions: Mapping[str, str | None]
    """what conditions said of it, by the condition's fingerprint"""


@dataclass(frozen=True)
class StoredVerdict:
    """What is known of one look."""

    image: ImageName
    digest: Digest
    status: Status
    reasons: tuple[str, ...]
    kind: str
    is_image: bool
    """it is certain that it is no index"""
    tags: tuple[str, ...] | None
    """None where nobody said which tags there were"""
    policies: Mapping[str, str]
    """the SHA-256 of the policies that judged it, by their names"""
    leaves: Mapping[str, RequirementResult]
    """what the children came to, by the names of the policies that counted them"""
    presence: RequirementResult | None
    """whether the registry had every child, where somebody looked"""
    sources: tuple[str, ...]
    """where evidence was looked for"""
    statements: tuple[StoredStatement, ...]
    public_root: str
    """the SHA-256 of the deployment's own trusted root"""
    other_roots: Mapping[str, str]
    """by kind of trust: the SHA-256 of another root that something held against"""
    is_cut: bool
    """not everything is there"""
    is_judged: bool
    """policies were applied; else nobody could look, or the image's own manifest cannot be read"""
    is_record: bool
    """the table's record of a digest, which is judged for ever by every policy that matched it once"""


def read(document: Json) -> StoredVerdict:
    """Raises BadRequest, and nothing else, where the document is no verdict."""
    whole = _Fields(document, "")
    root, policies = whole.inner("trust_root"), whole.objects("policies")
    return StoredVerdict(
        image=whole.parsed("image", ImageName.parse),
        digest=whole.parsed("digest", parse_digest),
        status=whole.parsed("status", Status),
        reasons=whole.texts("reasons") or (),
        kind=whole.optional("kind", str) or "",
        is_image=(whole.optional("media_type", str) or INDEX_TYPES[0]) not in INDEX_TYPES,
        tags=_tags(whole),
        policies={one.given("name", str): one.given("sha256", str) for one in policies},
        leaves={one.given("name", str): leaves for one in policies if (leaves := _requirement(one, "leaves"))},
        presence=next(filter(None, (_requirement(one, "presence") for one in policies)), None),
        sources=whole.texts("sources") or (),
        statements=tuple(map(_statement, whole.objects("statements"))),
        public_root=(root and root.optional("sha256", str)) or "",
        other_roots=root.mapped("others", str) if root else {},
        is_cut=bool(whole.optional("dropped", dict)) or "statements" not in document,
        is_judged=whole.optional("policy_controller", dict) is not None,
        is_record=whole.optional("first_seen", str) is not None,
    )


def _tags(whole: _Fields) -> tuple[str, ...] | None:
    try:
        found = whole.texts("tags")
        return None if found is None else tuple(map(parse_tag, found))
    except ValueError as error:
        raise BadRequest(f"result is no verdict: tags: {error}") from error


def _requirement(policy: _Fields, name: str) -> RequirementResult | None:
    """A demand of a policy on the children of an index, which is stored without whether it was final."""
    entry = policy.inner(name)
    if entry is None:
        return None
    cause = entry.inner("cause")
    why = Cause(cause.parsed("code", Reason), cause.given("text", str)) if cause else None
    used = entry.optional("used", str)
    if (used is None) == (why is None):
        raise BadRequest(f"result is no verdict: {entry.path} has not exactly one of used and cause")
    return RequirementResult(name, None, used, why)


def _statement(entry: _Fields) -> StoredStatement:
    who = entry.inner("identity")
    reason = entry.optional("reason", str)
    statement = Statement(
        place=entry.given("place", str),
        format=entry.given("format", str),
        is_signature=entry.given("is_signature", bool),
        predicate_type=entry.optional("predicate_type", str),
        identity=_identity(who) if who else None,
        reason=entry.parsed("reason", Reason) if reason is not None else None,
        detail=entry.optional("detail", str) or "",
        contradictions=entry.texts("contradictions") or (),
        compared=entry.optional("compared", bool) or False,
        document=_document(entry),
        key=entry.optional("key", str),
        signature_id=entry.optional("signature_id", str) or "",
        digest=entry.optional("digest", str) or "",
    )
    said = entry.mapped("conditions", str, type(None))
    return StoredStatement(statement, entry.texts("sources"), _trusts(entry), said)


def _identity(who: _Fields) -> Identity:
    return Identity(who.given("subject", str), who.given("issuer", str), who.mapped("claims", str))


def _trusts(entry: _Fields) -> dict[str, Reason | None]:
    tried = entry.mapped("trusts", str, type(None))
    try:
        return {name: None if reason is None else Reason(reason) for name, reason in tried.items()}
    except ValueError as error:
        raise BadRequest(f"result is no verdict: {entry.path}.trusts: {str(error)[:200]}") from error


def _document(entry: _Fields) -> Json:
    found = entry.optional("document", dict) or {}
    if not _is_flat(found, _DEPTH_LIMIT):
        raise BadRequest(f"result is no verdict: {entry.path}.document is nested deeper than {_DEPTH_LIMIT}")
    return found


def _is_flat(value: object, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    return depth > 0 and all(_is_flat(one, depth - 1) for one in (value.values() if isinstance(value, dict) else value))


class _Fields:
    """One object of the document, whose members have types."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(path or "it", value, "an object")
        self._value: dict[str, Any] = value
        self.path = path

    def given(self, name: str, kind: type[_T]) -> _T:
        found = self._value.get(name)
        if not isinstance(found, kind):
            raise _wrong(self._at(name), found, kind.__name__)
        return found

    def optional(self, name: str, kind: type[_T]) -> _T | None:
        return None if self._value.get(name) is None else self.given(name, kind)

    def parsed(self, name: str, parse: Callable[[str], _T]) -> _T:
        text = self.given(name, str)
        try:
            return parse(text)
        except ValueError as error:
            raise BadRequest(f"result is no verdict: {self._at(name)}: {str(error)[:200]}") from error

    def texts(self, name: str) -> tuple[str, ...] | None:
        found = self.optional(name, list)
        for one in found or ():
            if not isinstance(one, str):
                raise _wrong(self._at(name), one, "a list of str")
        return None if found is None else tuple(found)

    def mapped(self, name: str, *kinds: type) -> dict[str, Any]:
        found = self.optional(name, dict) or {}
        for one in found.values():
            if not isinstance(one, kinds):
                raise _wrong(self._at(name), one, " or ".join(kind.__name__ for kind in kinds))
        return found

    def inner(self, name: str) -> _Fields | None:
        found = self.optional(name, dict)
        return None if found is None else _Fields(found, self._at(name))

    def objects(self, name: str) -> list[_Fields]:
        found = self.optional(name, list) or []
        if len(found) > _STATEMENTS_LIMIT:
            raise BadRequest(
                f"result is no verdict: {self._at(name)} has {len(found)} entries (at most {_STATEMENTS_LIMIT})"
            )
        return [_Fields(one, f"{self._at(name)}[{number}]") for number, one in enumerate(found)]

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _wrong(path: str, found: object, expected: str) -> BadRequest:
    return BadRequest(f"result is no verdict: {path} is {type(found).__name__} (expected {expected})")
