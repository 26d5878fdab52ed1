"""A condition on a document: read once when the policy is loaded, checked on each statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry_verifier.models import Json
from registry_verifier.policy.cue import grammar, names, strictness
from registry_verifier.policy.cue.evaluation import Evaluation
from registry_verifier.policy.cue.file import File
from registry_verifier.policy.cue.limits import Bottom, CannotEvaluate
from registry_verifier.policy.cue.nodes import Conjunct, Data, Node, Scope
from registry_verifier.policy.cue.problem import CueProblem
from registry_verifier.policy.cue.values import shown


@dataclass(frozen=True)
class CueCondition:
    """A condition in CUE; equal to another where the text is the same. `read` makes one."""

    text: str
    file: File = field(repr=False, compare=False)
    helpers: frozenset[str] = field(repr=False, compare=False)
    """fields of the condition that only the condition itself needs"""

    @classmethod
    def read(cls, text: str) -> CueCondition:
        """Compile it; CueProblem where a part cannot be evaluated, or where it can never hold."""
        file = grammar.parse(text)
        condition = cls(text, file, strictness.helpers(file, names.check(file)))
        strictness.must_demand(file, condition.helpers)
        condition._must_be_possible()
        return condition

    def check(self, document: Json) -> str | None:
        """None where the document meets every demand, else a sentence about the first that it does not.

        A field that is named here and missing there fails, which is stricter than CUE (see the package).
        """
        return self._answer(document, is_strict=True)

    def check_as_cluster(self, document: Json) -> str | None:
        """The same as policy-controller has it: what the document lacks is filled in."""
        return self._answer(document, is_strict=False)

    def _answer(self, document: Json, *, is_strict: bool) -> str | None:
        if not isinstance(document, Mapping):
            return f"statement is {shown(document)} (expected an object)"
        run, root = self._root(Data(document, is_own=True))
        try:
            run.check(root)
            return strictness.unmet(run, root, self.helpers) if is_strict else None
        except Bottom as bottom:
            return str(bottom)
        except CannotEvaluate as error:
            return f"could not be evaluated: {error}"
        except RecursionError:
            return "could not be evaluated: values are nested too deep"

    def _root(self, *data: Data) -> tuple[Evaluation, Node]:
        imports = {each.name: each.path for each in self.file.imports}
        run = Evaluation(imports, is_alone=not data)
        return run, Node(None, None, [*data, Conjunct(self.file.fields, Scope(None))])

    def _must_be_possible(self) -> None:
        """Refuse what no document could meet, as policy-controller does when it compiles a condition.

        Where that cannot be decided here, it is refused as well.
        """
        run, root = self._root()
        try:
            run.check(root)
            doubts = [each for option in run.options(root) for each in option.shape.doubts]
        except Bottom as bottom:
            raise CueProblem(bottom.at or 0, str(bottom)) from None
        except (CannotEvaluate, RecursionError) as error:
            raise CueProblem(0, f"could not be evaluated: {error}") from None
        if doubts:
            raise CueProblem(0, f"condition can never be decided: {doubts[0]}")
