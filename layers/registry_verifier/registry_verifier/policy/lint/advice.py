"""One warning, and the codes that there are."""

from __future__ import annotations

from dataclasses import dataclass

CODES = frozenset(
    {
        "attestations-replace-signature",
        "broad-glob",
        "broad-regexp",
        "ca-cert-never-verifies",
        "condition-on-other-type",
        "deprecated-predicate-type",
        "fulcio-url-unknown",
        "glob-matches-no-digest",
        "glob-never-matches",
        "ignore-sct",
        "impossible-identity",
        "key-without-log",
        "log-dropped",
        "match-not-applicable",
        "mode-warn",
        "predicate-type-lookalike",
        "provenance-digest-not-pinned",
        "provenance-two-signers",
        "several-keys",
        "signature-format",
        "static-pass",
        "unanchored-regexp",
        "unescaped-dot",
        "unsupported-here",
    }
)
"""stable, and each has a section in docs/policy-warnings.md"""


@dataclass(frozen=True)
class Advice:
    """One thing that a policy says and may not mean."""

    code: str
    """one of `CODES`"""
    path: str
    """where in the document, such as `spec.images[0].glob`; of what is absent, where it would stand in"""
    text: str
    """one fact with the value and the fix"""


def shown(value: str) -> str:
    """A value of the policy in quotes, short enough for a sentence; backslashes as they are written."""
    text = value if len(value) <= 160 else value[:159] + "…"
    return f"'{text}'" if text.isprintable() else ascii(text)
