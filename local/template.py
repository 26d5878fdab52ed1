"""template.yaml as plain values, so that the local stack and the tests read what AWS reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
"""the repository"""

TEMPLATE = ROOT / "template.yaml"


def read(path: Path = TEMPLATE) -> dict[str, Any]:
    """The template with every short tag in its long form: `!Ref X` becomes `{"Ref": "X"}`, `!Sub` `{"Fn::Sub": ...}`.

    Raises yaml.YAMLError where it is no YAML, OSError where it cannot be read.
    """
    template: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader with further tags
    return template


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The resources of this type, such as `AWS::SQS::Queue`, by logical id."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


class _Loader(yaml.SafeLoader):
    """Safe YAML and CloudFormation's tags."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    key = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value = _value(loader, node)
    return {key: value.split(".", 1) if suffix == "GetAtt" and isinstance(value, str) else value}


def _value(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # nothing else is left


_Loader.add_multi_constructor("!", _tag)
