"""Settings: what is missing or wrong is named, and plain http leads nowhere but to this machine."""

from __future__ import annotations

import pytest

from registry_verifier.errors import SettingsError
from registry_verifier.settings import (
    NotifySettings,
    QuerySettings,
    ReceiveSettings,
    VerifySettings,
    registry_endpoints,
)

WHOLE = {
    "WEBHOOK_SECRET_ARN": "arn:w",
    "LOOKS_QUEUE_URL": "https://queue",
    "VERDICTS_TABLE": "verdicts",
    "SLACK_SECRET_ARN": "arn:s",
    "RETENTION_DAYS": "400",
}


@pytest.mark.parametrize("settings", [ReceiveSettings, VerifySettings, NotifySettings, QuerySettings])
@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_what_is_missing_is_named(settings: type[QuerySettings], missing: str) -> None:
    settings.read(WHOLE)
    without = {name: value for name, value in WHOLE.items() if name != missing}
    try:
        settings.read(without)
    except SettingsError as error:
        assert missing in str(error)
    else:
        assert missing not in NEEDED[settings.__name__]


NEEDED = {
    "ReceiveSettings": {"WEBHOOK_SECRET_ARN", "LOOKS_QUEUE_URL"},
    "VerifySettings": {"LOOKS_QUEUE_URL", "VERDICTS_TABLE", "RETENTION_DAYS"},
    "NotifySettings": {"VERDICTS_TABLE", "SLACK_SECRET_ARN"},
    "QuerySettings": {"VERDICTS_TABLE"},
}


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "many", "\N{ARABIC-INDIC DIGIT ONE}x"])
def test_retention_is_a_count(days: str) -> None:
    with pytest.raises(SettingsError, match="RETENTION_DAYS"):
        VerifySettings.read(WHOLE | {"RETENTION_DAYS": days})


def test_no_match_policy_is_one_of_two() -> None:
    with pytest.raises(SettingsError, match="NO_MATCH_POLICY"):
        NotifySettings.read(WHOLE | {"NO_MATCH_POLICY": "deny"})


def test_endpoints() -> None:
    text = "ghcr.io=http://127.0.0.1:5000/, registry.example=https://mirror.example"
    assert registry_endpoints(text) == {
        "ghcr.io": "http://127.0.0.1:5000",
        "registry.example": "https://mirror.example",
    }
    assert registry_endpoints("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "ghcr.io",
        "=https://x.example",
        "ghcr.io=",
        "ghcr.io=http://mirror.example",
        "ghcr.io=http://127.0.0.1.evil.example:1",
        "ghcr.io=http://127.0.0.1@evil.example",
        "ghcr.io=file:///etc/passwd",
        "ghcr.io=https://",
    ],
)
def test_plain_http_is_for_this_machine_only(text: str) -> None:
    with pytest.raises(SettingsError, match="registry endpoint"):
        registry_endpoints(text)
