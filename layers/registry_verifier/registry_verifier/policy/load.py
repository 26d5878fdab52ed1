"""From policy files to policies, strictly: whatever is not understood is an error with its place, never passed over.

The format is policy-controller's ClusterImagePolicy (pkg/apis/policy/v1beta1). What it has and we do not evaluate
is an error that names the field. The problems of all files are reported together.
"""

from __future__ import annotations

from collections.abc import Mapping

from registry_verifier.errors import PolicyError, Problem
from registry_verifier.policy import specification
from registry_verifier.policy.fields import Field, Notes
from registry_verifier.policy.model import Policy
from registry_verifier.policy.nodes import Node, YamlProblem, documents


def load(text: bytes, *, file: str) -> tuple[Policy, ...]:
    """The policies in one file, which may hold several documents; PolicyError says what is wrong, and where."""
    return load_files({file: text})


def load_files(files: Mapping[str, bytes]) -> tuple[Policy, ...]:
    """The policies in these files, by name and content; PolicyError says what is wrong in any of them.

    A file without a policy is an error, and so are two policies of one name: verdicts are stored by it.
    """
    policies, problems, names = list[Policy](), list[Problem](), dict[str, str]()
    for file, content in files.items():
        notes = Notes(file)
        for place, policy in _read(content, notes):
            if policy.name in names:
                notes.add(place, "metadata.name", f"name {policy.name!r} stands in {names[policy.name]} already")
            names[policy.name] = file
            policies.append(policy)
        problems += sorted(notes.problems, key=lambda problem: (problem.line, problem.column))
    if problems:
        raise PolicyError(*problems)
    return tuple(policies)


def _read(content: bytes, notes: Notes) -> list[tuple[Node, Policy]]:
    try:
        nodes = documents(content)
    except YamlProblem as error:
        notes.problems.append(Problem(notes.file, error.line, error.column, "", str(error)))
        return []
    if not nodes:
        notes.problems.append(Problem(notes.file, 1, 1, "", "file holds no policy"))
    read = [(node, specification.read(Field(node, "", notes))) for node in nodes]
    return [(node, policy) for node, policy in read if policy]
