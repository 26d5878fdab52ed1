"""The label selector of `spec.match`, checked as Kubernetes does (apimachinery 0.32, `LabelSelectorAsSelector`).

Policy-controller 0.13 refuses every object of the kind where a selector does not compile, whatever other policies say.
"""

from __future__ import annotations

import re

from registry_verifier.policy.fields import Field

_WORD = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"(?:[a-z0-9][-a-z0-9.]{{0,252}}/)?{_WORD}")
_VALUE = re.compile(rf"(?:{_WORD})?")
_WITH_VALUES, _WITHOUT = ("In", "NotIn"), ("Exists", "DoesNotExist")


def check(selector: Field) -> None:
    """Note what is wrong with a selector."""
    fields = selector.fields(("matchLabels", "matchExpressions"))
    if "matchLabels" in fields:
        for name, value in fields["matchLabels"].entries().items():
            _label(value, name)
            _value(value)
    for expression in fields["matchExpressions"].items(empty=True) if "matchExpressions" in fields else ():
        _expression(expression)


def _expression(expression: Field) -> None:
    fields = expression.fields(("key", "operator", "values"), need=("key", "operator"))
    if "key" in fields:
        _label(fields["key"], fields["key"].string())
    operator = fields["operator"].choice(*_WITH_VALUES, *_WITHOUT) if "operator" in fields else ""
    values = fields["values"].items(empty=True) if "values" in fields else []
    for value in values:
        _value(value)
    if operator in _WITH_VALUES and not values:
        expression.refuse(f"{operator} needs values")
    if operator in _WITHOUT and values:
        expression.refuse(f"{operator} has values (expected none)")


def _label(field: Field, name: str) -> None:
    if not _LABEL.fullmatch(name):
        field.refuse(f"{name[:80]!r} is no label")


def _value(field: Field) -> None:
    if not _VALUE.fullmatch(text := field.text()):
        field.refuse(f"is {text[:80]!r} (expected a label's value)")
