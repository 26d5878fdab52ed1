"""A GitHub App's tokens: what they say, how long they are kept, and that neither key nor token stands in an error."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from registry_verifier.errors import Unavailable
from registry_verifier.github.client import GitHubClient
from registry_verifier.github.token import AppToken, InstallationToken, read_app
from registry_verifier.reasons import Reason
from tests.library.github_wire import NOW, GitHub, Reply, Time, client_of

PATH = "/app/installations/42/access_tokens"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()


def _secret(**changes: Any) -> str:
    document = {"app_id": 7, "private_key": PEM, "installation_id": 42, **changes}
    return json.dumps({name: value for name, value in document.items() if value is not ...})


def _granted(value: object = "ghs_s3cr3tOne", *, minutes: float = 60) -> Reply:
    return Reply({"token": value, "expires_at": (NOW + timedelta(minutes=minutes)).isoformat()}, 201)


@pytest.fixture
def clock() -> Time:
    return Time()


Tokens = Callable[[], str]


@pytest.fixture
def installation(github: GitHub, http: httpx.Client, clock: Time) -> InstallationToken:
    return InstallationToken(_app_client(github, http, clock), _secret)


def _app_client(github: GitHub, http: httpx.Client, clock: Time) -> GitHubClient:
    return client_of(github, http, token=AppToken(_secret, now=clock), now=clock)


def _fails(tokens: Tokens, *hidden: str) -> Unavailable:
    with pytest.raises(Unavailable) as raised:
        tokens()
    shown = "".join(traceback.format_exception(raised.value))
    assert not any(secret in shown for secret in filter(None, ("BEGIN", "s3cr3t", *hidden)))
    assert raised.value.__cause__ is None and raised.value.__context__ is None
    return raised.value


def test_the_apps_own_token_says_who_and_for_how_long() -> None:
    made = AppToken(_secret, now=lambda: NOW)()
    assert jwt.get_unverified_header(made)["alg"] == "RS256"
    claims = jwt.decode(
        made, KEY.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert claims == {"iss": "7", "iat": NOW.timestamp() - 60, "exp": NOW.timestamp() + 540}
    assert claims["exp"] - claims["iat"] <= 600, "GitHub refuses more than ten minutes"


@pytest.mark.parametrize("app_id", ["7", "Iv1.8a61f9b3a7aba766", "Iv23liAbCdEf"])
def test_an_app_may_be_named_by_text(app_id: str) -> None:
    made = AppToken(lambda: _secret(app_id=app_id), now=lambda: NOW)()
    assert jwt.decode(made, options={"verify_signature": False})["iss"] == app_id


def test_the_token_of_an_installation_is_asked_for_as_the_app(github: GitHub, installation: InstallationToken) -> None:
    github.at(PATH, _granted())
    assert installation() == "ghs_s3cr3tOne"
    [seen] = github.seen
    assert (seen.method, seen.path) == ("POST", PATH)
    own = seen.headers["authorization"].removeprefix("Bearer ")
    assert jwt.decode(own, options={"verify_signature": False})["iss"] == "7"


def test_a_client_asks_as_the_installation(github: GitHub, http: httpx.Client, installation: InstallationToken) -> None:
    github.at(PATH, _granted())
    github.at("/orgs/acme/things", [])
    client_of(github, http, token=installation).pages("/orgs/acme/things", {}, count=1)
    assert github.seen[1].headers["authorization"] == "Bearer ghs_s3cr3tOne"


def test_a_token_is_kept_until_five_minutes_before_its_end(
    github: GitHub, installation: InstallationToken, clock: Time
) -> None:
    github.at(PATH, _granted("one", minutes=30), _granted("two", minutes=90))
    assert installation() == "one"
    clock.advance(minutes=24, seconds=59)
    assert installation() == "one"
    clock.advance(seconds=1)
    assert installation() == "two"


def test_no_token_is_kept_for_longer_than_it_can_live(
    github: GitHub, installation: InstallationToken, clock: Time
) -> None:
    github.at(PATH, _granted("one", minutes=10_000), _granted("two"))
    installation()
    clock.advance(minutes=55)
    assert installation() == "two"


def test_a_clock_that_was_set_back_keeps_no_token(github: GitHub, installation: InstallationToken, clock: Time) -> None:
    github.at(PATH, _granted("one"), _granted("two"))
    installation()
    clock.advance(minutes=-1)
    assert installation() == "two"


def test_a_token_that_ends_at_once_is_used_once(github: GitHub, installation: InstallationToken) -> None:
    github.at(PATH, _granted("one", minutes=1), _granted("two"))
    assert [installation(), installation()] == ["one", "two"]


def test_another_secret_means_another_token(github: GitHub, http: httpx.Client, clock: Time) -> None:
    secrets = [_secret(), _secret(), _secret(installation_id="43")]
    github.at(PATH, _granted("one"))
    github.at("/app/installations/43/access_tokens", _granted("two"))
    tokens = InstallationToken(_app_client(github, http, clock), lambda: secrets.pop(0))
    assert [tokens(), tokens(), tokens()] == ["one", "one", "two"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"s3cr3t",
        [],
        None,
        {},
        {"token": "ghs_s3cr3t"},
        {"token": "ghs_s3cr3t", "expires_at": "soon"},
        {"token": "ghs_s3cr3t", "expires_at": 5},
        {"token": None, "expires_at": "2026-11-25T13:00:00Z"},
        {"token": "", "expires_at": "2026-11-25T13:00:00Z"},
        b'{"token": "ghs_s3cr3t", "token": "ghs_s3cr3t"}',
    ],
)
def test_an_answer_without_a_token_is_unavailable(
    github: GitHub, installation: InstallationToken, body: object
) -> None:
    github.at(PATH, Reply(body, 201))
    assert _fails(installation).reason is Reason.GITHUB_UNAVAILABLE


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.GITHUB_FORBIDDEN),
        (404, Reason.GITHUB_FORBIDDEN),
        (429, Reason.GITHUB_THROTTLED),
        (500, Reason.GITHUB_UNAVAILABLE),
    ],
)
def test_an_app_that_gets_no_token_says_why_and_asks_again(
    github: GitHub, installation: InstallationToken, status: int, reason: Reason
) -> None:
    github.at(PATH, Reply({"message": "no"}, status), _granted("one"))
    assert _fails(installation).reason is reason
    assert installation() == "one"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3cr3t",
        "[]",
        '"s3cr3t"',
        "{}",
        "[" * 10_000,
        _secret(app_id=...),
        _secret(app_id=True),
        _secret(app_id=None),
        _secret(app_id="a b"),
        _secret(app_id=""),
        _secret(installation_id=...),
        _secret(installation_id=0),
        _secret(installation_id=-1),
        _secret(installation_id="42/../43"),
        _secret(installation_id=4.2),
        _secret(private_key=...),
        _secret(private_key=""),
        _secret(private_key=["s3cr3t"]),
        '{"app_id": 1, "app_id": 2}',
    ],
)
def test_a_secret_that_is_no_apps_is_refused_by_name(text: str) -> None:
    error = _fails(AppToken(lambda: text, now=lambda: NOW))
    assert error.reason is Reason.SECRET_UNAVAILABLE
    assert "expected json with app_id, private_key and installation_id" in str(error)


def _pem(key: Any, password: bytes | None = None) -> str:
    encryption: Any = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode())


@pytest.mark.parametrize(
    "key",
    [
        "s3cr3t",
        "-----BEGIN RSA PRIVATE KEY-----\ns3cr3t\n-----END RSA PRIVATE KEY-----\n",
        PEM[:200],
        PEM.replace("\n", "\\n"),
        PEM[:40] + "\udcff" + PEM[41:],
        PEM[:100] + "\x00" + PEM[101:],
        KEY.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        _pem(ec.generate_private_key(ec.SECP256R1())),
        _pem(KEY, b"password"),
    ],
    ids=["text", "no key", "cut", "escaped twice", "surrogate", "zero", "public", "elliptic", "encrypted"],
)
def test_a_key_that_cannot_sign_is_refused_and_not_shown(key: str) -> None:
    error = _fails(AppToken(lambda: _secret(private_key=key), now=lambda: NOW), key[60:90])
    assert error.reason is Reason.SECRET_UNAVAILABLE


def test_a_key_is_shown_by_no_representation(github: GitHub, installation: InstallationToken) -> None:
    github.at(PATH, _granted())
    installation()
    assert "BEGIN" not in repr(read_app(_secret()))
    assert "s3cr3t" not in repr(vars(installation))


def _raising(error: Exception) -> Callable[..., str]:
    def encode(*_: object, **__: object) -> str:
        raise error

    return encode


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(jwt.exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)]
)
def test_no_error_of_jwt_comes_through(monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    monkeypatch.setattr(jwt, "encode", _raising(kind("s3cr3t")))
    error = _fails(AppToken(_secret, now=lambda: NOW))
    assert error.reason is Reason.SECRET_UNAVAILABLE and kind.__name__ in str(error)
