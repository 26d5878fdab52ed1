"""What policy-controller's bundle reader takes for a statement: in-toto's protobuf message, and nothing beside it.

A name that the message lacks or a predicate that is no object is refused there before any condition is asked. Sources:
sigstore-go under cosign 2.5, pkg/verify; in-toto attestation 1.1, statement.proto and resource_descriptor.proto.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from registry_verifier.models import Json

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}", re.ASCII)
Holds = Callable[[Any], bool]


def refusal(document: Json) -> str | None:
    """Why a bundle's statement is not read there, a fact for people; None where it is."""
    for name, value in document.items():
        if name not in _STATEMENT:
            return f"statement has {name[:80]!r}, which in-toto's message has not"
        if value is not None and not _STATEMENT[name](value):
            return f"statement's {name} is of another type than in in-toto's message"
    return None


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


def _bytes(value: Any) -> bool:
    return isinstance(value, str) and _BASE64.fullmatch(value) is not None


def _subjects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and _is_subject(each) for each in value)


def _is_subject(subject: Json) -> bool:
    return all(name in _SUBJECT and (value is None or _SUBJECT[name](value)) for name, value in subject.items())


_SUBJECT: Mapping[str, Holds] = {
    **dict.fromkeys(("name", "uri", "downloadLocation", "download_location", "mediaType", "media_type"), _text),
    "digest": _texts,
    "content": _bytes,
    "annotations": _object,
}
_STATEMENT: Mapping[str, Holds] = {
    **dict.fromkeys(("_type", "type", "predicateType", "predicate_type"), _text),
    "subject": _subjects,
    "predicate": _object,
}
"""by JSON name; a reader of protobuf takes the message's own names too"""
