"""What the tests of functions share: events, a Lambda context, and the environment that template.yaml gives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EVENTS = Path(__file__).parents[2] / "events"
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "fake",
    "AWS_SECRET_ACCESS_KEY": "fake",
    "VERDICTS_TABLE": "verdicts",
}


def event(name: str) -> dict[str, Any]:
    """One of `events/*.json`."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


def set_environment(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Give the process the variables that Lambda would."""
    for name, value in (ENVIRONMENT | more).items():
        monkeypatch.setenv(name, value)


@dataclass
class Context:
    """What Lambda tells a function about one call."""

    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"
    remaining: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the call."""
        return self.remaining
