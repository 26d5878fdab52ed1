"""Warnings about a policy that loads: what it says may not be what it is meant to say.

Each warning has a code, and a section in docs/policy-warnings.md: why it matters, and the fix.

advise.py        begin here: everything about one policy
globs.py         which images
authorities.py   who must have signed, and where the cluster looks for it
identities.py    one issuer and subject
expression.py    the shape of a regular expression
attention.py     how many of them are looked at
predicates.py    one attestation and its condition
"""

from registry_verifier.policy.lint.advice import CODES, Advice
from registry_verifier.policy.lint.advise import advise

__all__ = ["CODES", "Advice", "advise"]
