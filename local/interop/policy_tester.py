"""policy-controller's own `policy-tester`: where it is, how it is built, and what it answers about one image.

`go install` refuses it (its go.mod replaces modules), so it is built in a copy of the module.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.go_command import go

VERSION = "v0.13.1"
_MODULE = f"github.com/sigstore/policy-controller@{VERSION}"
_NAME = "policy-tester"
_SURROUNDINGS = {"SYSTEM_NAMESPACE": "cosign-system"}
"""without it, it panics on a `secretRef` with a namespace"""
_SECONDS = 120


class PolicyTesterFailed(Exception):
    """policy-tester could not be built, or said neither yes nor no."""


@dataclass(frozen=True)
class Answer:
    """`admit`, `warn`, `deny`, or `invalid` for a policy that does not load; and what was said about it."""

    word: str
    text: str = ""


NOT_ASKED = Answer("-")


@dataclass(frozen=True)
class Question:
    """One image under the policies of one file, with a TrustRoot and a Kubernetes object where they are given."""

    image: str
    policies: Sequence[Mapping[str, Any]]
    trust_root: Path | None = None
    resource: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PolicyTester:
    """One binary, and the environment that tells it which Sigstore is the public one."""

    path: Path
    environment: Mapping[str, str]

    def ask(self, question: Question) -> Answer:
        """What it answers. It tells no warnings, so where a policy only warns it is asked again as if enforced."""
        answer = self._run(question)
        if answer.word != "admit" or all(_mode(policy) != "warn" for policy in question.policies):
            return answer
        enforced = [{**policy, "spec": {**policy["spec"], "mode": "enforce"}} for policy in question.policies]
        strict = self._run(Question(question.image, enforced, question.trust_root, question.resource))
        return Answer("warn", strict.text) if strict.word == "deny" else answer

    def _run(self, question: Question) -> Answer:
        with tempfile.TemporaryDirectory() as name:
            options = _options(question, Path(name))
            command = [str(self.path), *options, f"-image={question.image}", "-log-level=error"]
            environment = {**_SURROUNDINGS, "HOME": name, "PATH": os.environ.get("PATH", ""), **self.environment}
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        return _understood(done)


def write_policies(policies: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Write documents into one file; JSON is YAML, and this is the separator that policy-controller splits at."""
    path.write_text("\n---\n".join(json.dumps(policy, indent=1) for policy in policies) + "\n")
    return path


def find(*, built: Path) -> Path | None:
    """The binary: from POLICY_TESTER, from `built`, or from PATH."""
    named = (os.environ.get("POLICY_TESTER"), built / _NAME, shutil.which(_NAME))
    return next((Path(path) for path in named if path and Path(path).is_file()), None)


def build(*, built: Path) -> Path:
    """Build the pinned version with Go into `built`; PolicyTesterFailed where there is no Go or it does not build."""
    if shutil.which("go") is None:
        raise PolicyTesterFailed(f"no go to build {_NAME} with")
    built.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        described = go("mod", "download", "-json", _MODULE, failed=PolicyTesterFailed, folder=Path(name))
        copy = shutil.copytree(json.loads(described)["Dir"], Path(name) / "module")
        for folder in (copy, *filter(Path.is_dir, copy.rglob("*"))):
            folder.chmod(0o755)  # the module cache is read-only, and so would not go away
        go("build", "-o", str(built.resolve() / _NAME), "./cmd/tester", failed=PolicyTesterFailed, folder=copy)
    return built / _NAME


def _options(question: Question, folder: Path) -> list[str]:
    options = [f"-policy={write_policies(question.policies, folder / 'policy.yaml')}"]
    if question.trust_root:
        options.append(f"-trustroot={question.trust_root}")
    if question.resource is not None:
        options.append(f"-resource={write_policies([question.resource], folder / 'resource.yaml')}")
    return options


def _understood(done: subprocess.CompletedProcess[str]) -> Answer:
    """Both a refusal and a failure end with 1; only a refusal is JSON."""
    if done.returncode == 0:
        return Answer("admit")
    if done.stdout.startswith("{"):
        return _refusal(" | ".join(json.loads(done.stdout)["errors"]))
    said = done.stderr.strip()
    if "CIP is invalid" in said:
        return Answer("invalid", said[said.index("CIP is invalid") :])
    raise PolicyTesterFailed(f"exit {done.returncode}: {said[-500:]}")


def _refusal(text: str) -> Answer:
    if "initializing tuf" in text:  # its cache is locked or gone: no statement about the image
        raise PolicyTesterFailed(text[-500:])
    return Answer("deny", text)


def _mode(policy: Mapping[str, Any]) -> str:
    return str(policy["spec"].get("mode", ""))
