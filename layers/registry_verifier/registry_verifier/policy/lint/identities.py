"""One issuer and subject: expressions that let others in, and pairs that no certificate has.

Sources: fulcio/docs/oidc.md (which subject each issuer gives); GitHub, "OpenID Connect reference" (job_workflow_ref).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry_verifier.policy import patterns
from registry_verifier.policy.lint.advice import Advice, shown
from registry_verifier.policy.lint.attention import Attention
from registry_verifier.policy.lint.expression import End, Shape
from registry_verifier.policy.model import IdentityRule

GITHUB = "https://token.actions.githubusercontent.com"

_STRANGERS = {
    "issuer": ("https://a-stranger.example/oidc",),
    "subject": (
        "https://github.com/a-stranger/a-repository/.github/workflows/a-workflow.yml@refs/heads/a-branch",
        "https://gitlab.com/a-stranger/a-project//.gitlab-ci.yml@refs/heads/a-branch",
        "a-stranger@a-domain.example",
    ),
}
_NARROWER = {"issuer": "issuer with the one that is meant", "subject": "at least the owner and the repository"}
_SUBJECT = re.compile(
    r"https://github\.com/[^/]+/[^/]+/\.github/workflows/[^/@][^/]*\.ya?ml"
    r"@(?:refs/(?:heads|tags|pull)/.+|[0-9a-f]{40}|[0-9a-f]{64})\Z",
    re.DOTALL,
)
_REFS = ("refs/heads/", "refs/tags/", "refs/pull/")
_HEX = re.compile(r"[0-9a-f]{1,64}\Z")
_LOOKS_LIKE_EXPRESSION = re.compile(r"\A\^|\$\Z|\.[*+]|\\[./]|\[[^\]]+\][*+]|\*|\(\?|\|")
_NEVER_ISSUERS = {
    "https://oauth2.sigstore.dev/auth": "certificates name the issuer behind it, such as 'https://accounts.google.com'"
}
_PEOPLE = ("https://accounts.google.com", "https://github.com/login/oauth")
_BEGINS = "https://github.com/"


def advise(rule: IdentityRule, path: str, attention: Attention, *, public: bool) -> Iterator[Advice]:
    """Everything about one identity; `public`: certificates come from Sigstore's public instance."""
    for name, text in (("issuer", rule.issuer_regexp), ("subject", rule.subject_regexp)):
        if text:
            yield from _expression(name, text, rule, f"{path}.{name}RegExp", attention.shape(text))
    for name, text in (("issuer", rule.issuer), ("subject", rule.subject)):
        if text and (_LOOKS_LIKE_EXPRESSION.search(text) or text != text.strip()):
            fault = f"is compared exactly and is {shown(text)} (write {name}RegExp for an expression)"
            yield Advice("impossible-identity", f"{path}.{name}", fault)
    yield from _impossible_issuer(rule, f"{path}.issuer", public=public)
    yield from _impossible_subject(rule, path, attention.shape(rule.subject_regexp) if rule.subject_regexp else None)


def _expression(name: str, text: str, rule: IdentityRule, path: str, shape: Shape | None) -> Iterator[Advice]:
    if _matches_strangers(name, text):
        fault = f"expression {shown(text)} matches any {name} (write {_NARROWER[name]})"
        yield Advice("broad-regexp", path, fault)
    if shape is None:
        return
    yield from _unanchored(text, shape, path)
    if shape.dotted:
        yield Advice("unescaped-dot", path, _dots(shape, rule))


def _matches_strangers(name: str, text: str) -> bool:
    """Whether it matches one that nobody can mean; no probe is an address of somebody who exists."""
    compiled = patterns.compile(text)
    return any(compiled.search(stranger) for stranger in _STRANGERS[name])


def _unanchored(text: str, shape: Shape, path: str) -> Iterator[Advice]:
    start, end = shape.start is not End.ANCHORED, shape.end is End.OPEN
    if start and (end or (shape.end is End.FREE and shape.tokens[-1].kind != "end")):
        fault = f"expression {shown(text)} is anchored at neither end (begin it with '^' and end it with '$')"
    elif start:
        fault = (
            f"expression {shown(text)} is not anchored at its start, anything may stand before it (begin it with '^')"
        )
    elif end:
        fault = f"expression {shown(text)} is not anchored at its end, anything may stand behind it (end it with '$')"
    else:
        return
    yield Advice("unanchored-regexp", path, fault)


def _dots(shape: Shape, rule: IdentityRule) -> str:
    words = ", ".join(map(shown, shape.dotted[:5]))
    harmless = shape.start is End.ANCHORED and shape.end is not End.OPEN and rule.issuer is not None
    note = "; little can come of it here, the expression is anchored and the issuer exact" if harmless else ""
    return f"a bare '.' stands for any character (write {words}){note}"


def _impossible_issuer(rule: IdentityRule, path: str, *, public: bool) -> Iterator[Advice]:
    issuer = rule.issuer
    if issuer is None or _LOOKS_LIKE_EXPRESSION.search(issuer):
        return
    if issuer.rstrip("/") == GITHUB and issuer != GITHUB:
        yield _never(path, f"issuer is {shown(issuer)} with a slash at its end (GitHub's is {shown(GITHUB)})")
    elif issuer in _NEVER_ISSUERS:
        yield _never(path, f"issuer is {shown(issuer)}, which no certificate names: {_NEVER_ISSUERS[issuer]}")
    elif public and not issuer.startswith("https://"):
        yield _never(path, f"issuer is {shown(issuer)} (expected one that begins with 'https://')")


def _impossible_subject(rule: IdentityRule, path: str, shape: Shape | None) -> Iterator[Advice]:
    subject, regexp = rule.subject, rule.subject_regexp
    if rule.issuer in _PEOPLE and subject and "@" not in subject:
        fault = f"subject is {shown(subject)} (expected an e-mail address: so it is with issuer {shown(rule.issuer)})"
        yield _never(f"{path}.subject", fault)
    if rule.issuer != GITHUB and not (rule.issuer or "").startswith(f"{GITHUB}/"):
        return
    if subject and not _LOOKS_LIKE_EXPRESSION.search(subject) and not _SUBJECT.match(subject):
        yield _never(f"{path}.subject", f"subject is {shown(subject)}: {_fault(subject)}")
    if regexp and shape and (fault := _expression_fault(shape)):
        yield _never(f"{path}.subjectRegExp", f"expression {shown(regexp)} matches no workflow: {fault}")


def _fault(subject: str) -> str:
    """Why no workflow on GitHub has this subject: what is wrong first, from left to right."""
    address, at, ref = subject.partition("@")
    if not address.startswith(_BEGINS) or "/.github/workflows/" not in address:
        return "expected 'https://github.com/OWNER/NAME/.github/workflows/FILE.yml@REF'"
    if not address.endswith((".yml", ".yaml")):
        return f"the workflow's file is {shown(address.rpartition('/')[2])} (expected one that ends with .yml or .yaml)"
    if not at:
        return "the ref is missing (expected '@refs/heads/…', '@refs/tags/…' or a commit behind the file)"
    if _HEX.match(ref.lower()) and ref != ref.lower():
        return f"the commit is {shown(ref)} (expected lower case)"
    return f"the ref is {shown(ref)} (expected 'refs/heads/…', 'refs/tags/…', 'refs/pull/…' or a whole commit)"


def _expression_fault(shape: Shape) -> str:
    """The same of an expression, only where its literal parts leave no doubt."""
    prefix = shape.prefix.lower()
    if prefix and not _is_compatible(prefix, _BEGINS):
        return f"it begins with {shown(shape.prefix[:40])} (expected 'https://github.com/OWNER/…')"
    if shape.suffix.endswith((".yml", ".yaml")):
        return "it ends with the workflow's file (expected '@' and a ref behind it)"
    wrong = (ref for ref in shape.after("@") if ref and not _may_be_ref(ref))
    ref = next(wrong, "")
    return f"'@' is followed by {shown(ref)} (expected 'refs/heads/…', 'refs/tags/…' or a commit)" if ref else ""


def _may_be_ref(ref: str) -> bool:
    return bool(_HEX.match(ref)) or any(_is_compatible(ref, begin) for begin in _REFS)


def _is_compatible(literal: str, begin: str) -> bool:
    """Whether a literal, in which a dot is any character, can be the beginning of what begins so."""
    return all(one in (".", other) for one, other in zip(literal, begin, strict=False))


def _never(path: str, text: str) -> Advice:
    return Advice("impossible-identity", path, text)
