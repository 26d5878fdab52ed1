"""Reading a `policy` block: a condition in CUE or Rego, inline, in a ConfigMap or in a file known by its hash."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from registry_verifier.policy.beside import NAMESPACE, Beside
from registry_verifier.policy.cue.condition import CueCondition
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.fields import Field
from registry_verifier.policy.model import Condition, PolicyCondition
from registry_verifier.policy.nodes import Place, Scalar
from registry_verifier.policy.rego import RegoCondition, RegoProblem

_PLACES = ("data", "remote", "configMapRef")
_SPEC_ONLY = ("fetchConfigFile", "includeSpec", "includeObjectMeta", "includeTypeMeta")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_HTTPS = re.compile(r"https://[A-Za-z0-9.\[\]:-]+(?:/[!-~]*)?\Z")

Fields = Mapping[str, Field]


def of_attestation(policy: Field, beside: Beside) -> Condition | None:
    """The condition on one attestation; None where it is wrong, which is noted."""
    fields = policy.fields(("type", *_PLACES, *_SPEC_ONLY), need=("type",))
    for name in _SPEC_ONLY:
        if name in fields:
            fields[name].refuse("stands here and may only stand in spec.policy")
    return _condition(policy, fields, beside)


def of_policy(policy: Field, beside: Beside) -> PolicyCondition | None:
    """`spec.policy`; None where it is wrong, which is noted."""
    fields = policy.fields(("type", *_PLACES, *_SPEC_ONLY), need=("type",))
    wanted = [fields[name].boolean() if name in fields else False for name in _SPEC_ONLY]
    condition = _condition(policy, fields, beside)
    return PolicyCondition(condition, *wanted) if condition else None


def _condition(policy: Field, fields: Fields, beside: Beside) -> Condition | None:
    language = fields["type"].choice("cue", "rego") if "type" in fields else ""
    given = [name for name in _PLACES if name in fields]
    if policy.node.kind == "mapping" and len(given) != 1:
        got = " and ".join(given) or "none"
        policy.refuse(f"expected exactly one of {', '.join(_PLACES)}, got {got}")
    if len(given) != 1 or language not in _READERS:
        return None
    text = _TEXTS[given[0]](fields[given[0]], beside)
    return _READERS[language](fields[given[0]], text) if text else None


def _data(data: Field, _: Beside) -> str:
    return data.string()


def _remote(remote: Field, beside: Beside) -> str:
    """The text of a file that was put beside the policy; its address is shown, and its hash decides."""
    fields = remote.fields(("url", "sha256sum"), need=("url", "sha256sum"))
    url = fields["url"].string() if "url" in fields else ""
    if url and not _HTTPS.match(url):
        fields["url"].refuse(f"is {url[:80]!r} (expected an https address)")
    wanted = fields["sha256sum"].string() if "sha256sum" in fields else ""
    if not wanted or not _SHA256.match(wanted):
        if wanted:
            fields["sha256sum"].refuse(f"is {wanted[:80]!r} (expected 64 hex digits)")
        return ""
    content = beside.file(wanted)
    if content is None:
        remote.refuse(f"no file with this hash is beside the policy: put what {url[:200]} answers into remote/")
        return ""
    return _utf8(remote, content)


def _utf8(remote: Field, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        remote.refuse("the file with this hash is not utf-8")
        return ""


def _config_map(reference: Field, beside: Beside) -> str:
    fields = reference.fields(("name", "namespace", "key"), need=("name", "key"))
    name, namespace, key = (fields[part].line() if part in fields else "" for part in ("name", "namespace", "key"))
    if not name or not key:
        return ""
    text = beside.config_maps.get((namespace or NAMESPACE, name), {}).get(key, "")
    if not text:
        reference.refuse(f"no ConfigMap {namespace or NAMESPACE}/{name} with {key!r} is in these files: put it beside")
    return text


_TEXTS: Mapping[str, Callable[[Field, Beside], str]] = {"data": _data, "remote": _remote, "configMapRef": _config_map}


def _cue(source: Field, text: str) -> Condition | None:
    try:
        return CueCondition.read(text)
    except CueProblem as problem:
        source.refuse(str(problem), at=_place(source, text, problem.offset))
        return None


def _rego(source: Field, text: str) -> Condition | None:
    try:
        return RegoCondition.read(text)
    except RegoProblem as problem:
        offset = sum(len(line) + 1 for line in text.split("\n")[: problem.line - 1])
        source.refuse(str(problem), at=_place(source, text, offset))
        return None


def _place(source: Field, text: str, offset: int) -> Place:
    """Where in the file the character stands; the reference to it, where the text stands elsewhere."""
    node = source.node
    return node.place_of(offset) if isinstance(node, Scalar) and node.text == text else node


_READERS: Mapping[str, Callable[[Field, str], Condition | None]] = {"cue": _cue, "rego": _rego}
