"""Deliveries as GitHub sends them, and as it never would."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from local.github import deliveries as github
from local.github.payload import OCI_INDEX, Push, ping, published
from registry_verifier import webhook
from registry_verifier.errors import DeliveryRejected
from registry_verifier.models import Digest, ImageName, PublishEvent
from registry_verifier.publish_event import Ignored

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "f" * 64
DELIVERY = "00000000-0000-4000-8000-000000000001"
PUSH = Push("acme/app", DIGEST, "v1.2.3", OCI_INDEX, pusher="octo-example", owner_login="Acme")
DOCS_SECRET = b"It's a Secret to Everybody"
DOCS_SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def headers(event: str = "package", content_type: str = github.JSON, delivery: str = DELIVERY) -> dict[str, str]:
    return {"X-GitHub-Event": event, "Content-Type": content_type, "X-GitHub-Delivery": delivery}


def body(payload: object) -> bytes:
    return json.dumps(payload).encode()


def read(payload: object, event: str = "package") -> PublishEvent | Ignored:
    return webhook.read(body(payload), headers=headers(event), received_at=NOW)


def read_publish(payload: object, event: str = "package") -> PublishEvent:
    result = read(payload, event)
    assert isinstance(result, PublishEvent)
    return result


def changed(path: str, value: object, *, of: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The usual payload with one value, named by a dotted path, put in place of what it has."""
    payload: dict[str, Any] = copy.deepcopy(dict(of or published(PUSH)))
    target = payload
    *parents, last = path.split(".")
    for key in parents:
        target = target[key]
    target[last] = value
    return payload


def without(path: str) -> dict[str, Any]:
    payload = changed(path, None)
    target = payload
    *parents, last = path.split(".")
    for key in parents:
        target = target[key]
    del target[last]
    return payload


def rejection(content: bytes, with_headers: Mapping[str, str] | None = None) -> DeliveryRejected:
    with pytest.raises(DeliveryRejected) as caught:
        webhook.read(content, headers=headers() if with_headers is None else with_headers, received_at=NOW)
    return caught.value


# authenticate


def signature(content: bytes, secret: bytes) -> str:
    return "sha256=" + hmac.new(secret, content, hashlib.sha256).hexdigest()


def test_the_vector_of_githubs_documentation() -> None:
    webhook.authenticate(b"Hello, World!", signature=DOCS_SIGNATURE, secrets=[DOCS_SECRET])


@pytest.mark.parametrize("position", [0, 1])
def test_either_secret_is_valid_during_a_rotation(position: int) -> None:
    secrets = [b"old", b"new"]
    webhook.authenticate(b"{}", signature=signature(b"{}", secrets[position]), secrets=secrets)


class Watched(list[bytes]):
    """Secrets that count how many of them each round over them reads."""

    rounds: list[int]

    def __iter__(self) -> Iterator[bytes]:
        self.rounds.append(0)
        for secret in super().__iter__():
            self.rounds[-1] += 1
            yield secret


def test_every_secret_is_tried_when_the_first_one_matches() -> None:
    secrets = Watched([b"first", b"second", b"third"])
    secrets.rounds = []
    webhook.authenticate(b"{}", signature=signature(b"{}", b"first"), secrets=secrets)
    assert secrets.rounds[-1] == 3


MALFORMED = {
    "missing": None,
    "empty": "",
    "without prefix": DOCS_SIGNATURE.removeprefix("sha256="),
    "prefix of another hash": DOCS_SIGNATURE.replace("sha256=", "sha1="),
    "prefix in capitals": DOCS_SIGNATURE.replace("sha256=", "SHA256="),
    "digits in capitals": "sha256=" + DOCS_SIGNATURE.removeprefix("sha256=").upper(),
    "newline at the end": DOCS_SIGNATURE + "\n",
    "space before": " " + DOCS_SIGNATURE,
    "one digit short": DOCS_SIGNATURE[:-1],
    "one digit more": DOCS_SIGNATURE + "0",
    "two, joined by a proxy": f"{DOCS_SIGNATURE},{DOCS_SIGNATURE}",
    "digits of another script": "sha256=" + "\u0661" * 64,
    "nul": DOCS_SIGNATURE[:-1] + "\0",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_signature_is_refused(text: str | None) -> None:
    with pytest.raises(DeliveryRejected) as caught:
        webhook.authenticate(b"Hello, World!", signature=text, secrets=[DOCS_SECRET])
    assert caught.value.status_code == 401
    assert not isinstance(caught.value, webhook.SignatureMismatch)


@pytest.mark.parametrize("content", [b"Hello, World", b"Hello, World!\n", b"hello, World!", b""])
def test_a_signature_of_another_body_is_refused(content: bytes) -> None:
    with pytest.raises(webhook.SignatureMismatch) as caught:
        webhook.authenticate(content, signature=DOCS_SIGNATURE, secrets=[DOCS_SECRET])
    assert caught.value.status_code == 401


def test_no_secrets_let_nobody_in() -> None:
    with pytest.raises(DeliveryRejected, match="no secret") as caught:
        webhook.authenticate(b"{}", signature=signature(b"{}", b""), secrets=[])
    assert caught.value.status_code == 401


@pytest.mark.parametrize("secrets", [[b""], [b"good", b""], [b"", b"good"]])
def test_an_empty_secret_lets_nobody_in(secrets: list[bytes]) -> None:
    for secret in (b"", b"good"):
        with pytest.raises(DeliveryRejected, match="no secret"):
            webhook.authenticate(b"{}", signature=signature(b"{}", secret), secrets=secrets)


def test_a_refusal_quotes_neither_secret_nor_expected_signature() -> None:
    with pytest.raises(DeliveryRejected) as caught:
        webhook.authenticate(b"forged", signature=DOCS_SIGNATURE, secrets=[DOCS_SECRET])
    assert DOCS_SECRET.decode() not in str(caught.value)
    assert signature(b"forged", DOCS_SECRET).removeprefix("sha256=") not in str(caught.value)


def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_refused() -> None:
    full = b" " * webhook.BODY_LIMIT
    webhook.authenticate(full, signature=signature(full, b"s"), secrets=[b"s"])
    more = full + b" "
    with pytest.raises(DeliveryRejected) as caught:
        webhook.authenticate(more, signature=signature(more, b"s"), secrets=[b"s"])
    assert caught.value.status_code == 413


# what a delivery says


@pytest.mark.parametrize("event", ["package", "registry_package"])
@pytest.mark.parametrize("action", ["published", "updated"])
def test_a_publish_is_read(event: str, action: str) -> None:
    assert read_publish(published(PUSH, event=event, action=action), event) == PublishEvent(
        delivery=DELIVERY,
        image=ImageName("ghcr.io", "acme/app"),
        digest=Digest(DIGEST),
        tag="v1.2.3",
        actor="octo-example",
        received_at=NOW,
    )


def test_a_form_says_the_same_as_json() -> None:
    sent = github.request("package", published(PUSH), content_type=github.FORM, delivery=DELIVERY)
    assert webhook.read(sent.body, headers=sent.headers, received_at=NOW) == read(published(PUSH))


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_header_names_are_read_in_any_case(case: Any) -> None:
    sent = {case(name): value for name, value in headers().items()}
    assert isinstance(webhook.read(body(published(PUSH)), headers=sent, received_at=NOW), PublishEvent)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;x=y"]
)
def test_parameters_and_case_of_the_content_type_do_not_matter(content_type: str) -> None:
    sent = headers(content_type=content_type)
    assert isinstance(webhook.read(body(published(PUSH)), headers=sent, received_at=NOW), PublishEvent)


def test_a_ping_is_ignored_by_name() -> None:
    assert read(ping(PUSH), "ping") == Ignored("ping")


@pytest.mark.parametrize("event", ["push", "package_v2", "Package", "package ", "workflow_run"])
def test_other_events_are_ignored(event: str) -> None:
    assert read(published(PUSH), event) == Ignored("event-not-handled")


@pytest.mark.parametrize("action", ["deleted", "create", "", None, ["published"], "PUBLISHED", {}])
def test_other_actions_are_ignored(action: object) -> None:
    assert read(changed("action", action)) == Ignored("action-not-handled")


@pytest.mark.parametrize("value", [None, {}, [], "package", 1])
def test_a_payload_without_the_events_object_is_ignored(value: object) -> None:
    assert read(changed("package", value)) == Ignored("no-package")


def test_the_object_of_the_other_event_is_not_taken_for_it() -> None:
    assert read(published(PUSH, event="registry_package"), "package") == Ignored("no-package")


# container or not


@pytest.mark.parametrize(
    ("package_type", "ecosystem", "registry_type"),
    [
        ("CONTAINER", "CONTAINER", "CONTAINER"),
        ("container", None, None),
        (None, "Container", None),
        ("docker", "docker", "docker"),
        ("npm", "docker", "CONTAINER"),
        ("CONTAINER", "npm", "npm"),
        (None, None, "CONTAINER"),
        ("", "", "container"),
        (7, [], "container"),
    ],
)
def test_a_container_in_one_of_the_words_is_enough(package_type: object, ecosystem: object, registry_type: str) -> None:
    payload = changed("package.package_type", package_type)
    payload = changed("package.ecosystem", ecosystem, of=payload)
    assert isinstance(read(changed("package.registry.type", registry_type, of=payload)), PublishEvent)


def test_an_npm_package_is_none_even_where_its_registry_is_called_a_container_registry() -> None:
    assert read(changed("package.package_type", "npm", of=changed("package.ecosystem", "npm"))) == Ignored(
        "not-a-container"
    )


def test_a_package_that_says_nothing_about_its_type_is_no_container() -> None:
    payload = changed("package.package_type", None, of=changed("package.ecosystem", None))
    assert read(changed("package.registry", None, of=payload)) == Ignored("not-a-container")


# which digest


@pytest.mark.parametrize("value", [None, {}, [], "sha256:", 3])
def test_a_package_without_a_version_is_ignored(value: object) -> None:
    assert read(changed("package.package_version", value)) == Ignored("no-package-version")


def test_the_digest_without_container_metadata() -> None:
    event = read_publish(changed("package.package_version.container_metadata", None))
    assert (event.digest, event.tag) == (DIGEST, None)


def test_the_digest_of_the_version_wins_over_all_others() -> None:
    payload = changed("package.package_version.name", OTHER)
    payload = changed("package.package_version.container_metadata.tag.digest", OTHER, of=payload)
    payload = changed("package.package_version.container_metadata.manifest.digest", OTHER, of=payload)
    assert read_publish(payload).digest == DIGEST


@pytest.mark.parametrize("kept", ["name", "container_metadata.manifest.digest", "container_metadata.tag.digest"])
def test_each_place_of_the_digest_will_do_alone(kept: str) -> None:
    payload = published(PUSH)
    for place in ("version", "name", "container_metadata.manifest.digest", "container_metadata.tag.digest"):
        if place != kept:
            payload = changed(f"package.package_version.{place}", "sha256:" + "0" * 40, of=payload)
    assert read_publish(payload).digest == DIGEST


NO_DIGESTS: dict[str, object] = {
    "40 digits": "sha256:" + "a" * 40,
    "capitals": DIGEST.upper(),
    "another algorithm": "sha512:" + "a" * 128,
    "a version number": "1.0.0",
    "newline at the end": DIGEST + "\n",
    "nul": DIGEST[:-1] + "\0",
    "path": f"{DIGEST}/../x",
    "number": 1,
    "null": None,
    "list": [DIGEST],
}


@pytest.mark.parametrize("value", NO_DIGESTS.values(), ids=NO_DIGESTS.keys())
def test_no_digest_of_the_right_form_anywhere_is_ignored(value: object) -> None:
    payload = published(PUSH)
    for place in ("version", "name", "container_metadata.manifest.digest", "container_metadata.tag.digest"):
        payload = changed(f"package.package_version.{place}", value, of=payload)
    assert read(payload) == Ignored("no-digest")


# which tag

NO_TAGS: dict[str, object] = {
    "empty": "",
    "the digest": DIGEST,
    "too long": "a" * 129,
    "leading dot": ".hidden",
    "slash": "a/b",
    "parent folder": "../../v2",
    "newline at the end": "v1\n",
    "nul": "v1\0",
    "slack markup": "<!channel>",
    "another script": "v\u0661",
    "lone surrogate": "\ud800",
    "number": 1,
    "null": None,
}


@pytest.mark.parametrize("value", NO_TAGS.values(), ids=NO_TAGS.keys())
def test_what_is_no_tag_is_left_out_and_the_digest_is_looked_at(value: object) -> None:
    event = read_publish(changed("package.package_version.container_metadata.tag.name", value))
    assert (event.tag, event.digest) == (None, DIGEST)


@pytest.mark.parametrize("metadata", [[], "x", {"tag": None}, {"tag": []}, {"tag": "v1"}, {}])
def test_container_metadata_of_any_shape_leaves_the_digest(metadata: object) -> None:
    event = read_publish(changed("package.package_version.container_metadata", metadata))
    assert (event.tag, event.digest) == (None, DIGEST)


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_evidence_is_no_reason_to_ignore_a_push(suffix: str) -> None:
    tag = "sha256-" + "a" * 64 + suffix
    assert read_publish(changed("package.package_version.container_metadata.tag.name", tag)).tag == tag


# which image


def test_the_owners_capitals_are_lowered() -> None:
    payload = changed("package.owner.login", "NoahExample", of=changed("package.namespace", "noahexample"))
    assert read_publish(payload).image == ImageName("ghcr.io", "noahexample/app")


def test_the_owners_login_wins_over_the_namespace() -> None:
    payload = changed("package.owner.login", "Acme", of=changed("package.namespace", "Acme/hello-world"))
    assert read_publish(payload).image == ImageName("ghcr.io", "acme/app")


@pytest.mark.parametrize("owner", [None, {}, {"login": ""}, {"login": 1}, "acme"])
def test_the_namespace_stands_in_for_an_owner_without_a_login(owner: object) -> None:
    payload = changed("package.owner", owner, of=changed("package.namespace", "Example-Org"))
    assert read_publish(payload).image == ImageName("ghcr.io", "example-org/app")


def test_a_package_without_owner_and_namespace_is_ignored() -> None:
    assert read(changed("package.owner", None, of=changed("package.namespace", None))) == Ignored("no-owner")


@pytest.mark.parametrize("name", ["svc/api", "svc/manifests/api", "manifests/blobs", "a/b/c/d"])
def test_a_name_with_slashes(name: str) -> None:
    assert read_publish(changed("package.name", name)).image == ImageName("ghcr.io", f"acme/{name}")


NO_NAMES: dict[str, object] = {
    "empty": "",
    "null": None,
    "number": 1,
    "parent folder": "../other",
    "parent folder inside": "app/../../other",
    "dot": ".",
    "trailing slash": "app/",
    "double slash": "a//b",
    "nul": "app\0",
    "newline at the end": "app\n",
    "query": "app?x=y",
    "fragment": "app#x",
    "percent": "app%2f..",
    "colon": "app:latest",
    "at": "app@" + DIGEST,
    "space": "app x",
    "backslash": "app\\x",
    "cyrillic look-alike": "\u0430pp",
    "kelvin sign": "\u212aube",
    "full width": "\uff41pp",
    "lone surrogate": "\ud800",
    "too long": "a" * 300,
    "slack markup": "<!channel>",
}


@pytest.mark.parametrize("value", NO_NAMES.values(), ids=NO_NAMES.keys())
def test_a_name_that_no_registry_would_take_is_ignored(value: object) -> None:
    assert read(changed("package.name", value)) == Ignored("name-not-usable")


@pytest.mark.parametrize(
    "owner", ["acme/app", "..", "\u212a8s", "evil.example.org/acme", "acme\n", "-", "a b", "acme:80"]
)
def test_an_owner_that_github_would_not_have_is_ignored(owner: str) -> None:
    assert read(changed("package.owner.login", owner)) == Ignored("name-not-usable")


@pytest.mark.parametrize("gone", ["repository", "organization", "package.registry", "package.namespace"])
def test_what_an_unlinked_package_lacks_is_not_needed(gone: str) -> None:
    assert isinstance(read(without(gone)), PublishEvent)


# who


@pytest.mark.parametrize("login", ["octo-example", "github-actions[bot]", "Octo_corp", "x"])
def test_the_actor(login: str) -> None:
    assert read_publish(changed("sender.login", login)).actor == login


@pytest.mark.parametrize(
    "login", ["", None, 1, "a b", "<@U1>", "[bot]", "a[bot]b", "x\n", "\u0430lice", "a" * 101, "a[bot][bot]", {}]
)
def test_an_actor_that_is_no_login_is_left_empty(login: object) -> None:
    assert read_publish(changed("sender.login", login)).actor == ""


@pytest.mark.parametrize("sender", [None, [], "octo-example", {}])
def test_a_delivery_without_sender_has_no_actor(sender: object) -> None:
    assert read_publish(changed("sender", sender)).actor == ""


# what cannot be a delivery

UNREADABLE: dict[str, bytes] = {
    "empty": b"",
    "not utf-8": b'{"action": "\xff"}',
    "utf-16": '{"action": "published"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"action": "published"}',
    "cut off": b'{"action": "publ',
    "two documents": b"{}{}",
    "list": b"[]",
    "text": b'"published"',
    "null": b"null",
    "not a number": b'{"action": NaN}',
    "infinity": b'{"action": -Infinity}',
    "number of 5000 digits": b'{"id": ' + b"9" * 5000 + b"}",
    "key twice": b'{"action": "deleted", "action": "published"}',
    "key twice, deep": b'{"package": {"name": "a", "name": "b"}}',
    "key twice, one escaped": b'{"name": 1, "\\u006eame": 2}',
    "nested lists": b"[" * 200_000,
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nul": b"\0",
    "single quotes": b"{'action': 'published'}",
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_body_that_is_no_json_object_is_refused(content: bytes) -> None:
    assert rejection(content).status_code == 400


def test_a_number_beyond_all_bounds_is_refused() -> None:
    content = body(published(PUSH)).replace(b'"id": 3001', b'"id": 1e999999', 1)
    assert rejection(content).status_code == 400


def test_a_refused_body_is_not_quoted() -> None:
    caught = rejection(b'{"password": 1, "password": 2}')
    assert "password" not in str(caught)
    assert caught.__suppress_context__


@pytest.mark.parametrize("size", [webhook.BODY_LIMIT + 1, 25_000_000])
def test_a_body_that_is_too_large_is_refused(size: int) -> None:
    assert rejection(b" " * size).status_code == 413


@pytest.mark.parametrize("missing", ["X-GitHub-Event", "X-GitHub-Delivery", "Content-Type"])
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_delivery_without_one_of_githubs_headers_is_refused(missing: str, is_empty: bool) -> None:
    sent = headers()
    del sent[missing]
    if is_empty:
        sent[missing] = ""
    assert rejection(body(published(PUSH)), sent).status_code == 400


@pytest.mark.parametrize("delivery", ["a" * 101, "a b", "x\n", "../x", "\u0661", "<!here>", "a,a", "\0"])
def test_a_delivery_id_of_another_form_is_refused(delivery: str) -> None:
    assert rejection(body(published(PUSH)), headers(delivery=delivery)).status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data", "application/jsonp", "json", ";"])
def test_another_content_type_is_refused(content_type: str) -> None:
    assert rejection(body(published(PUSH)), headers(content_type=content_type)).status_code == 400


FORMS: dict[str, bytes] = {
    "no payload": b"other=1",
    "empty": b"",
    "empty payload": b"payload=",
    "two payloads": b"payload=%7B%7D&payload=%7B%7D",
    "two payloads, one name escaped": b"payload=%7B%7D&p%61yload=%7B%7D",
    "capitals": b"Payload=%7B%7D",
    "nine fields": b"payload=%7B%7D" + b"&a=1" * 8,
    "field without value": b"payload=%7B%7D&a",
    "not utf-8": b"payload=%ff",
    "not utf-8 inside a text": b"payload=%7B%22zen%22:%22%ff%22%7D",
    "raw bytes": b"payload=\xc3\xa4",
    "json": b"{}",
    "list": b"payload=%5B%5D",
    "key twice": b"payload=%7B%22a%22:1,%22a%22:2%7D",
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS.keys())
def test_a_form_without_exactly_one_readable_payload_is_refused(content: bytes) -> None:
    assert rejection(content, headers(content_type=github.FORM)).status_code == 400


def test_fields_beside_the_payload_are_passed_over() -> None:
    sent = headers("ping", github.FORM)
    assert webhook.read(b"a=1&payload=%7B%7D", headers=sent, received_at=NOW) == Ignored("ping")
