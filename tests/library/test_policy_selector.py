"""Label selectors of `spec.match`: what Kubernetes compiles loads, and all else is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_verifier.errors import PolicyError
from registry_verifier.policy.load import load
from registry_verifier.policy.model import Policy

_TEAM = {"key": "team", "operator": "In", "values": ["payments"]}


def _load(selector: Any) -> tuple[Policy, ...]:
    match = [{"group": "", "version": "v1", "resource": "pods", "selector": selector}]
    spec = {"images": [{"glob": "a/b"}], "match": match, "authorities": [{"name": "a", "static": {"action": "fail"}}]}
    head = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": {"name": "p"}}
    return load(json.dumps({**head, "spec": spec}).encode(), file="p.yaml")


@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"matchLabels": {}},
        {"matchLabels": {"team": "payments", "app.kubernetes.io/name": "", "A_b.c-9": "A_b.c-9"}},
        {"matchExpressions": []},
        {"matchExpressions": [_TEAM, {**_TEAM, "operator": "NotIn"}]},
        {"matchExpressions": [{"key": "team", "operator": "Exists"}]},
        {"matchExpressions": [{"key": "team", "operator": "DoesNotExist", "values": []}]},
    ],
)
def test_selector_that_compiles_loads(selector: Any) -> None:
    (loaded,) = _load(selector)
    assert loaded.match[0]["selector"] == selector


@pytest.mark.parametrize(
    ("selector", "path"),
    [
        ({"matchLabels": ["team"]}, "matchLabels"),
        ({"matchLabels": "team"}, "matchLabels"),
        ({"matchLabels": {"team": 1}}, "matchLabels.team"),
        ({"matchLabels": {"team": True}}, "matchLabels.team"),
        ({"matchLabels": {"team": "two words"}}, "matchLabels.team"),
        ({"matchLabels": {"team": "x" * 64}}, "matchLabels.team"),
        ({"matchLabels": {"a/b/c": "x"}}, "matchLabels.a/b/c"),
        ({"matchExpressions": {}}, "matchExpressions"),
        ({"matchExpressions": ["team"]}, "matchExpressions[0]"),
        ({"matchExpressions": [{"operator": "Exists"}]}, "matchExpressions[0].key"),
        ({"matchExpressions": [{"key": "team"}]}, "matchExpressions[0].operator"),
        ({"matchExpressions": [{**_TEAM, "operator": "in"}]}, "matchExpressions[0].operator"),
        ({"matchExpressions": [{**_TEAM, "key": "two words"}]}, "matchExpressions[0].key"),
        ({"matchExpressions": [{**_TEAM, "key": 1}]}, "matchExpressions[0].key"),
        ({"matchExpressions": [{**_TEAM, "values": "payments"}]}, "matchExpressions[0].values"),
        ({"matchExpressions": [{**_TEAM, "values": [1]}]}, "matchExpressions[0].values[0]"),
        ({"matchExpressions": [{**_TEAM, "values": []}]}, "matchExpressions[0]"),
        ({"matchExpressions": [{**_TEAM, "operator": "Exists"}]}, "matchExpressions[0]"),
    ],
)
def test_selector_that_does_not_compile_is_refused(selector: Any, path: str) -> None:
    with pytest.raises(PolicyError) as refused:
        _load(selector)
    assert f"spec.match[0].selector.{path}" in [problem.path for problem in refused.value.problems]
