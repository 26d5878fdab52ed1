"""What was found, as the judgement takes it: what an authority asks for, and the children of an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from registry_verifier.errors import Unavailable
from registry_verifier.evidence import children as looks
from registry_verifier.evidence.findings import Findings
from registry_verifier.judgement import trusts
from registry_verifier.judgement.children import Child, Children, Unknown, missing
from registry_verifier.judgement.decision import Judge
from registry_verifier.manifest import MANIFEST_TYPES, Descriptor, is_index
from registry_verifier.models import Statement
from registry_verifier.policy.model import Authority
from registry_verifier.reasons import Reason
from registry_verifier.results import Cause


def proven(findings: Findings, authority: Authority) -> Sequence[Statement] | Cause:
    """Everything about the digest, proven as `authority` demands it, or why it cannot be judged."""
    if authority.cannot:
        return Cause(Reason.POLICY_UNSUPPORTED, f"authority {authority.name}: {authority.cannot}")
    try:
        trust = trusts.ours(authority, findings.kms_keys)
    except Unavailable as error:
        return Cause(error.reason, f"authority {authority.name}: {error}")
    return findings.proofs.statements(authority.source, trust)


def children(findings: Findings) -> Children | Unknown | None:
    """The children of an index, as far as somebody looked at them; None for what is no index."""
    own = findings.manifest
    if own is None:
        return Unknown("the image's manifest was not read, and if it is an index, its children count")
    if not is_index(own):
        return None
    listed = looks.by_digest(own)
    limit = looks.CHILDREN_LIMIT if len(listed) > looks.CHILDREN_LIMIT else None
    each = tuple(_child(one, listed[one.digest], findings) for one in own.children)
    return Children(each, findings.is_presence_asked, limit)


def unread(findings: Findings) -> Unavailable | None:
    """Why a place beside the registry could not be asked, about the digest or one of its children."""
    found = (child.found.unread for child in findings.children.values() if child.found)
    return next(filter(None, (findings.unread, *found)), None)


def _child(one: Descriptor, listed: Sequence[Descriptor], findings: Findings) -> Child:
    seen = findings.children.get(one.digest)
    if seen is None:
        return Child(one.digest, one.platform, looks.seems_to_run(listed))
    if seen.rejected:
        return Child(one.digest, one.platform, True, Cause(seen.rejected.reason, str(seen.rejected)))
    if seen.manifest is None:
        runs = looks.seems_to_run(listed) and one.media_type in MANIFEST_TYPES  # nobody gets what is no manifest
        return Child(one.digest, one.platform, runs, missing(one.digest, one.platform))
    judge = _judge(seen.found, findings) if seen.found else None
    return Child(one.digest, one.platform, looks.runs(seen.manifest, listed), judge=judge, note="in the registry")


def _judge(found: Findings, index: Findings) -> Judge:
    """The judge of one child by its own evidence; keys were asked for once, with the index's."""
    leaf = replace(found, kms_keys=index.kms_keys)
    return Judge(lambda authority: proven(leaf, authority), leaf.around)
