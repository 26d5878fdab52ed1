"""Kubernetes objects beside an image, and whether `spec.match` applies to them."""

from __future__ import annotations

from typing import Any

import pytest

from registry_verifier.errors import BadRequest
from registry_verifier.judgement import kubernetes
from registry_verifier.judgement.kubernetes import Resource

POD = Resource("v1", "Pod", {"labels": {"app": "x"}}, {"serviceAccount": "default"})
DEPLOYMENT = Resource("apps/v1", "Deployment")
TEXT = b"apiVersion: v1\nkind: Pod\nmetadata: {labels: {app: x}}\nspec: {serviceAccount: default}\n"


def test_one_object_is_read() -> None:
    assert kubernetes.read(TEXT) == POD
    assert POD.type_meta == {"kind": "Pod", "apiVersion": "v1"}


@pytest.mark.parametrize(
    "text", [b"", b"x: [", TEXT + b"---\n" + TEXT, b"- a", b"kind: Pod", TEXT.replace(b"spec", b"x")]
)
def test_anything_else_is_refused(text: bytes) -> None:
    with pytest.raises(BadRequest, match="resource"):
        kubernetes.read(text)


@pytest.mark.parametrize(
    ("entry", "resource", "applies"),
    [
        ({"resource": "pods", "version": "v1"}, POD, True),
        ({"resource": "pods", "version": "*", "group": ""}, POD, True),
        ({"resource": "pods"}, POD, False),
        ({"resource": "pods", "version": "v2"}, POD, False),
        ({"resource": "deployments", "version": "v1", "group": "apps"}, DEPLOYMENT, True),
        ({"resource": "deployments", "version": "v1"}, DEPLOYMENT, False),
        ({"resource": "cronjobs", "version": "v1", "group": "batch"}, Resource("batch/v1", "CronJob"), True),
        ({"resource": "ingresses", "version": "v1"}, Resource("v1", "Ingress"), True),
        ({"resource": "policies", "version": "v1"}, Resource("v1", "Policy"), True),
        ({"resource": "pods", "version": "v1"}, None, False),
    ],
)
def test_type_of_object(entry: dict[str, Any], resource: Resource | None, applies: bool) -> None:
    assert kubernetes.matches((entry,), resource) == applies


@pytest.mark.parametrize(
    ("selector", "applies"),
    [
        ({"matchLabels": {"app": "x"}}, True),
        ({"matchLabels": {"app": "y"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "y"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["y"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["y"]}]}, True),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["y"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Unheard"}]}, False),
    ],
)
def test_labels(selector: dict[str, Any], applies: bool) -> None:
    assert kubernetes.matches(({"resource": "pods", "version": "v1", "selector": selector},), POD) == applies


def test_no_match_applies_to_everything() -> None:
    assert kubernetes.matches((), None)
