"""Conditions in Rego, as policy-controller has them: `package sigstore` with a rule `isCompliant`.

Their meaning is that of cosign's pkg/cosign/rego. The engine is OPA's own, see `opa`; what it does not take is refused
when the policy is loaded.
"""

from __future__ import annotations

from registry_verifier.policy.rego.condition import RegoCondition
from registry_verifier.policy.rego.problem import RegoProblem

__all__ = ["RegoCondition", "RegoProblem"]
