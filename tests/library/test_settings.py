"""Settings: what is missing or wrong is named, and plain http leads nowhere but to this machine."""

from __future__ import annotations

import pytest

from registry_verifier.errors import SettingsError
from registry_verifier.models import ImageName
from registry_verifier.settings import (
    NotifySettings,
    QuerySettings,
    ReceiveSettings,
    SweepSettings,
    VerifySettings,
    metrics_namespace,
    registry_endpoints,
)

WHOLE = {
    "WEBHOOK_SECRET_ARN": "arn:w",
    "LOOKS_QUEUE_URL": "https://queue",
    "VERDICTS_TABLE": "verdicts",
    "SLACK_SECRET_ARN": "arn:s",
    "RETENTION_DAYS": "400",
    "REVERIFY_AFTER_HOURS": "24",
    "REVERIFY_BATCH": "100",
    "REVERIFY_WINDOW_DAYS": "90",
    "TRUST_ROOT_BUCKET": "roots",
    "SEAL_SECRET_ARN": "arn:x",
}


@pytest.mark.parametrize("settings", [ReceiveSettings, VerifySettings, NotifySettings, QuerySettings, SweepSettings])
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
    "QuerySettings": {"LOOKS_QUEUE_URL", "REVERIFY_AFTER_HOURS", "SEAL_SECRET_ARN", "VERDICTS_TABLE"},
    "SweepSettings": {
        "LOOKS_QUEUE_URL",
        "VERDICTS_TABLE",
        "RETENTION_DAYS",
        "REVERIFY_AFTER_HOURS",
        "REVERIFY_BATCH",
        "REVERIFY_WINDOW_DAYS",
        "TRUST_ROOT_BUCKET",
    },
}


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "many", "\N{ARABIC-INDIC DIGIT ONE}x", "1000000", "9" * 5000])
@pytest.mark.parametrize("name", ["RETENTION_DAYS", "REVERIFY_AFTER_HOURS", "REVERIFY_BATCH", "REVERIFY_WINDOW_DAYS"])
def test_a_number_is_a_count(name: str, days: str) -> None:
    with pytest.raises(SettingsError, match=name):
        SweepSettings.read(WHOLE | {name: days})


def test_what_github_is_asked_about() -> None:
    given = {"GITHUB_HOOKS": "repos/acme/app/hooks/1, app,,app", "GITHUB_OWNERS": "orgs/acme,users/alice"}
    settings = SweepSettings.read(WHOLE | given)
    assert settings.github_hooks == ("repos/acme/app/hooks/1", "app")
    assert settings.github_owners == ("orgs/acme", "users/alice")
    assert SweepSettings.read(WHOLE | {"GITHUB_HOOKS": ""}).github_hooks == ()


def test_attestations_are_asked_for_where_that_is_said_and_as_somebody() -> None:
    assert not VerifySettings.read(WHOLE).github_attestations
    assert not VerifySettings.read(WHOLE | {"GITHUB_ATTESTATIONS": "false"}).github_attestations
    secret = {"GITHUB_APP_SECRET_ARN": "arn:g"}
    assert VerifySettings.read(WHOLE | {"GITHUB_ATTESTATIONS": "true"} | secret).github_attestations
    with pytest.raises(SettingsError, match="GITHUB_TOKEN_SECRET_ARN or GITHUB_APP_SECRET_ARN"):
        VerifySettings.read(WHOLE | {"GITHUB_ATTESTATIONS": "true"})


def test_attestations_are_true_or_false() -> None:
    with pytest.raises(SettingsError, match="GITHUB_ATTESTATIONS is 'yes'"):
        VerifySettings.read(WHOLE | {"GITHUB_ATTESTATIONS": "yes"})


def test_metrics_have_a_namespace_wherever_the_function_runs() -> None:
    assert metrics_namespace({}) == "RegistryVerifier"


def test_no_match_policy_is_one_of_two() -> None:
    with pytest.raises(SettingsError, match="NO_MATCH_POLICY"):
        NotifySettings.read(WHOLE | {"NO_MATCH_POLICY": "deny"})


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten"])
def test_the_storm_limit_is_a_small_number(limit: str) -> None:
    with pytest.raises(SettingsError, match="STORM_LIMIT"):
        NotifySettings.read(WHOLE | {"STORM_LIMIT": limit})


def test_without_a_bus_and_a_limit_notify_has_none_and_ten() -> None:
    settings = NotifySettings.read({name: WHOLE[name] for name in ("VERDICTS_TABLE", "SLACK_SECRET_ARN")})
    assert (settings.event_bus_name, settings.storm_limit) == ("", 10)


@pytest.mark.parametrize("name", ["API_AUTH", "ADMISSION_AUTH"])
@pytest.mark.parametrize("text", ["none", "NONE ", "JWT", "mutual_tls"])
def test_the_api_is_open_only_where_exactly_that_is_said(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is '{text}'"):
        QuerySettings.read(WHOLE | {name: text})


def test_the_api_is_closed_unless_something_is_said() -> None:
    settings = QuerySettings.read(WHOLE | {"API_AUTH": ""})
    assert (settings.api_auth, settings.admission_auth) == ("AWS_IAM", "AWS_IAM")
    assert (settings.public_images, settings.github_organisations, settings.vsa_key_arn) == ((), (), "")


def test_who_may_see_and_ask() -> None:
    given = {"PUBLIC_IMAGES": "acme/app, acme/deep/web", "GITHUB_ORGANISATIONS": "Acme,other", "API_URL": "https://a/"}
    settings = QuerySettings.read(WHOLE | given)
    assert settings.public_images == (ImageName("ghcr.io", "acme/app"), ImageName("ghcr.io", "acme/deep/web"))
    assert settings.github_organisations == ("acme", "other")
    assert settings.api_url == "https://a"


@pytest.mark.parametrize("text", ["*", "acme/*", "Acme/app", "https://ghcr.io/acme/app", "acme/app:v1"])
def test_a_public_image_is_named_whole(text: str) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_IMAGES"):
        QuerySettings.read(WHOLE | {"PUBLIC_IMAGES": text})


@pytest.mark.parametrize("text", ["*", "orgs/acme", "acme corp", "-acme", "acme-"])
def test_an_owner_is_a_login(text: str) -> None:
    with pytest.raises(SettingsError, match="GITHUB_ORGANISATIONS"):
        QuerySettings.read(WHOLE | {"GITHUB_ORGANISATIONS": f"other,{text}"})


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
