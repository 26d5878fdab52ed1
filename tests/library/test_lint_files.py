"""Warnings about whole files: the first user's policy, and the examples of the page that explains them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from registry_verifier.policy.lint import CODES, advise
from registry_verifier.policy.load import load_files
from tests.conftest import ROOT

PAGE = (ROOT / "docs/policy-warnings.md").read_text()
EXAMPLE = re.compile(r"^## ([a-z-]+)$|^(Before|After):\n\n```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPEC = ("images", "mode", "match", "authorities")


def examples() -> dict[tuple[str, str], dict[str, Any]]:
    found, code = {}, ""
    for heading, when, text in EXAMPLE.findall(PAGE):
        code = heading or code
        if when:
            found[code, when] = yaml.safe_load(text)
    return found


EXAMPLES = examples()


def whole(fragment: dict[str, Any]) -> dict[str, Any]:
    """A policy of which one part is the fragment."""
    workflow = r"^https://github\.com/acme/app/\.github/workflows/release\.yml@refs/tags/v.*$"
    identity = {"issuer": "https://token.actions.githubusercontent.com", "subjectRegExp": workflow}
    authority: dict[str, Any] = {"name": "release"}
    authority |= {name: value for name, value in fragment.items() if name not in (*SPEC, "identities")}
    if "key" not in authority:
        authority.setdefault("keyless", {"identities": fragment.get("identities", [identity])})
    spec = {"images": [{"glob": "ghcr.io/acme/app@sha256:*"}], "authorities": [authority]}
    spec |= {name: value for name, value in fragment.items() if name in SPEC}
    kind = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy"}
    return {**kind, "metadata": {"name": "release"}, "spec": spec}


def codes(document: dict[str, Any]) -> set[str]:
    policies = load_files({"policy.yaml": json.dumps(document).encode()})
    return {advice.code for policy in policies.policies for advice in advise(policy, policies.policies)}


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_example_has_the_fault_before_and_not_after(code: str) -> None:
    assert code in codes(whole(EXAMPLES[code, "Before"]))
    assert code not in codes(whole(EXAMPLES[code, "After"]))


def test_the_first_users_file() -> None:
    file = ROOT / "layers/configuration/policies/openmed.yaml"
    policies = load_files({file.name: file.read_bytes()})
    found = [(advice.code, advice.path) for advice in advise(policies.policies[0])]
    assert found == [
        ("broad-glob", "spec.images[0].glob"),
        ("unescaped-dot", "spec.authorities[0].keyless.identities[0].subjectRegExp"),
        ("signature-format", "spec.authorities[0]"),
        ("attestations-replace-signature", "spec.authorities[0].attestations"),
        ("provenance-digest-not-pinned", "spec.authorities[0].attestations[1].policy"),
        ("provenance-two-signers", "spec.authorities[0].attestations[1]"),
    ]


def test_the_first_users_warnings_have_places() -> None:
    file = ROOT / "layers/configuration/policies/openmed.yaml"
    policies = load_files({file.name: file.read_bytes()})
    policy = policies.policies[0]
    lines = file.read_text().splitlines()
    there = {one.code: lines[policies.place(policy, one.path).line - 1].strip() for one in advise(policy)}
    assert there["broad-glob"] == "- glob: ghcr.io/maziyarpanahi/openmed*"
    assert there["unescaped-dot"].startswith("subjectRegExp: ")
    assert there["signature-format"] == "- name: openmed-github-actions"
    assert there["provenance-two-signers"] == "- name: slsa-provenance"
