"""What our command line says of one image: its verdict, and what it thinks policy-controller would say."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.interop.policy_tester import Answer, write_policies
from registry_verifier import command_line

_EXITS = {2: "invalid", 3: "unknown"}


@dataclass(frozen=True)
class Ours:
    """The document that `verify --output json` printed; where there is none, why not."""

    exit: int
    document: Mapping[str, Any] = field(default_factory=dict)
    complaint: str = ""

    @property
    def as_cluster(self) -> Answer:
        """What it thinks policy-controller would say; a policy that does not load is `invalid`."""
        if answer := self.document.get("policy_controller"):
            return Answer(answer["answer"], answer["text"])
        return Answer(_EXITS.get(self.exit, f"exit {self.exit}"), self.complaint)


@dataclass(frozen=True)
class Asked:
    """An image at a registry that is reached by plain HTTP, and what else the command line is given."""

    image: str
    registry_url: str
    policies: Path
    trusted_root: Path
    resource: Path | None = None


def ask(asked: Asked) -> Ours:
    """Run the command line in this process: a process of its own would import for a second each time."""
    host = asked.image.partition("/")[0]
    options = [
        f"--policy={asked.policies}",
        f"--trusted-root={asked.trusted_root}",
        f"--registry-endpoint={host}={asked.registry_url}",
        *([f"--resource={asked.resource}"] if asked.resource else []),
        "--output=json",
    ]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command_line.main(["verify", asked.image, *options])
    printed = out.getvalue()
    return Ours(code, json.loads(printed) if printed else {}, err.getvalue().strip())


def judge(
    image: str,
    registry_url: str,
    documents: Sequence[Mapping[str, Any]],
    trusted_root: Path,
    resource: Mapping[str, Any] | None = None,
) -> Ours:
    """The same for documents that are not in files yet."""
    with tempfile.TemporaryDirectory() as name:
        policies = write_policies(documents, Path(name) / "policy.yaml")
        written = write_policies([resource], Path(name) / "resource.yaml") if resource else None
        return ask(Asked(image, registry_url, policies, trusted_root, written))
