"""What a policy in Rego must have to hold at all: the package and the rule that policy-controller asks for."""

from __future__ import annotations

from typing import Any

from registry_verifier import opa
from registry_verifier.policy.rego.problem import RegoProblem

PACKAGE = "sigstore"
RULE = "isCompliant"


def require(text: str) -> None:
    """RegoProblem where the package or the rule is another; OpaError where OPA does not take the policy."""
    tree: Any = opa.parse(text)
    package, names = _package(tree), _names(tree)
    if package != PACKAGE:
        raise RegoProblem(_line_of_package(text), f"package is {package[:80]!r} (expected {PACKAGE!r})")
    if RULE not in names:
        got = ", ".join(sorted(names))[:80] or "none"
        raise RegoProblem(1, f"has no rule {RULE} (got {got})")
    opa.check(text)


def _package(tree: Any) -> str:
    try:
        return ".".join(str(part["value"]) for part in tree["package"]["path"][1:])
    except (KeyError, TypeError):
        raise opa.OpaError("opa answers what cannot be read") from None


def _names(tree: Any) -> set[str]:
    """The rules that are no functions: these have values of their own."""
    try:
        heads = [rule["head"] for rule in tree.get("rules") or ()]
        return {str(head["ref"][0]["value"]) for head in heads if "args" not in head}
    except (IndexError, KeyError, TypeError):
        raise opa.OpaError("opa answers what cannot be read") from None


def _line_of_package(text: str) -> int:
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if line.lstrip().startswith("package")), 1)
