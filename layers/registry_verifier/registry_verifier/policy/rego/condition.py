"""A condition on a signed statement: compiled once when the policy is loaded, evaluated on each statement."""

from __future__ import annotations

from dataclasses import dataclass

from registry_verifier import opa
from registry_verifier.errors import Unavailable
from registry_verifier.models import Json
from registry_verifier.opa import OpaError, OpaUnavailable
from registry_verifier.policy.rego import answer, module
from registry_verifier.policy.rego.problem import RegoProblem, shown
from registry_verifier.reasons import Reason

TEXT_LIMIT = 256 << 10
"""characters of a condition"""


@dataclass(frozen=True)
class RegoCondition:
    """A condition in Rego. `read` makes one."""

    text: str

    @classmethod
    def read(cls, text: str) -> RegoCondition:
        """Compile it; RegoProblem where it cannot be evaluated, or never could hold."""
        if len(text) > TEXT_LIMIT:
            raise RegoProblem(1, f"has {len(text)} characters (expected at most {TEXT_LIMIT})")
        try:
            module.require(text)
        except OpaError as error:
            raise RegoProblem(error.line, shown(str(error))) from error
        return cls(text)

    def check(self, document: Json) -> str | None:
        """None where `isCompliant` holds for the document, else one sentence with what it says; raises Unavailable."""
        try:
            return answer.unmet(opa.evaluate(self.text, module.RULE, document))
        except OpaUnavailable as error:
            raise Unavailable(Reason.POLICY_UNSUPPORTED, f"condition in rego: {shown(str(error))}") from error
        except OpaError as error:
            return f"could not be evaluated: {shown(str(error))}"

    def check_as_cluster(self, document: Json) -> str | None:
        """The same: the engine and the reading of its answer are policy-controller's."""
        return self.check(document)
