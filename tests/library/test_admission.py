"""Admission: what a pod may run, and every way of being refused."""

from __future__ import annotations

from typing import Any

import pytest

from registry_verifier.errors import BadRequest
from registry_verifier.models import ImageName, State
from registry_verifier.query.admission import OPERATIONS, parse_reference
from registry_verifier.reasons import Status
from tests.library.asking import OUTAGE, Client, body, refusal
from tests.library.verdicts import DIGEST, IMAGE, digest, state

GOOD = f"{IMAGE}@{DIGEST}"
OTHER = f"{IMAGE}@{digest(1)}"


def client(*states: State) -> Client:
    return Client(OPERATIONS, states)


def review(asked: Client, *images: object) -> dict[str, Any]:
    sent = asked.post("/v1/admission", {"images": list(images)})
    assert sent.status_code == 200
    found: dict[str, Any] = body(sent)
    return found


def result(asked: Client, image: str) -> dict[str, Any]:
    reviewed = review(asked, image)
    (found,) = reviewed["results"]
    assert reviewed["allowed"] == found["allowed"]
    assert found["image"] == image
    return dict(found)


def test_a_verified_image_may_run() -> None:
    assert review(client(state(Status.VERIFIED)), GOOD) == {
        "allowed": True,
        "results": [
            {
                "image": GOOD,
                "allowed": True,
                "status": "VERIFIED",
                "code": "verified",
                "reasons": [],
                "detail": "every policy that matches holds",
            }
        ],
    }


def test_the_body_that_kyverno_sends_is_taken() -> None:
    # a call to a service encodes `data` with Go's JSON encoder, which ends with a line end
    sent = client(state(Status.VERIFIED)).post("/v1/admission", f'{{"images":["{GOOD}"]}}\n'.encode())
    assert body(sent)["allowed"] is True


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.FAILED, "failed"),
        (Status.PENDING, "pending"),
        (Status.UNKNOWN, "unknown"),
        (Status.NO_POLICY, "no_policy"),
    ],
)
def test_every_other_status_is_refused(status: Status, code: str) -> None:
    found = result(client(state(status)), GOOD)
    assert (found["allowed"], found["status"], found["code"]) == (False, status.value, code)
    assert found["reasons"] == ["IDENTITY_MISMATCH"]
    assert found["detail"]


def test_a_digest_that_was_never_heard_of_is_refused() -> None:
    found = result(client(), GOOD)
    assert (found["allowed"], found["status"], found["code"]) == (False, None, "no_verdict")
    assert found["detail"] == f"nothing is known about {GOOD}"


def test_the_verdict_of_another_repository_says_nothing() -> None:
    asked = client(state(Status.VERIFIED))
    assert result(asked, f"ghcr.io/evil/app@{DIGEST}")["code"] == "no_verdict"
    assert result(asked, f"registry.evil.test/acme/app@{DIGEST}")["code"] == "no_verdict"


def test_one_image_that_may_not_run_refuses_the_pod() -> None:
    asked = client(state(Status.VERIFIED), state(Status.FAILED, digest=digest(1)))
    found = review(asked, GOOD, OTHER)
    assert (found["allowed"], [one["allowed"] for one in found["results"]]) == (False, [True, False])


def test_an_image_that_stands_twice_is_read_once() -> None:
    asked = client(state(Status.VERIFIED))
    assert [one["image"] for one in review(asked, GOOD, GOOD)["results"]] == [GOOD, GOOD]
    assert len(asked.stored.read) == 1


@pytest.mark.parametrize("image", [f"{IMAGE}", f"{IMAGE}:v1.4.0", "nginx", "", "ghcr.io/acme/app:latest"])
def test_a_reference_without_a_digest_is_refused(image: str) -> None:
    asked = client(state(Status.VERIFIED))
    found = result(asked, image)
    assert (found["allowed"], found["status"], found["code"]) == (False, None, "bad_request")
    assert found["detail"].startswith("no digest in ")
    assert asked.stored.read == []


def test_the_tag_beside_a_digest_says_nothing() -> None:
    assert parse_reference(f"{IMAGE}:v1@{DIGEST}") == (IMAGE, DIGEST)
    assert parse_reference(f"localhost:5000/app:v1@{DIGEST}") == (ImageName("localhost:5000", "app"), DIGEST)


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (f"app@{DIGEST}", "not an image name"),
        (f"acme/app@{DIGEST}", "no registry's host in "),
        (f"@{DIGEST}", "not an image name"),
        (f"GHCR.IO/acme/app@{DIGEST}", "not an image name"),
        (f"ghcr.io/acme/app:a b@{DIGEST}", "not a tag"),
        (f"ghcr.io/acme//app@{DIGEST}", "not an image name"),
        (f"ghcr.io/acme/app@{DIGEST}@{DIGEST}", "not a sha256 digest"),
        (f"ghcr.io/acme/app@{DIGEST} ", "not a sha256 digest"),
        (f"ghcr.io/acme/app@{DIGEST}\n", "not a sha256 digest"),
        ("ghcr.io/acme/app@sha512:" + "0" * 128, "not a sha256 digest"),
        (f"ghcr.io/acme/app@{DIGEST.upper()}", "not a sha256 digest"),
        (f"https://ghcr.io/acme/app@{DIGEST}", "not a"),
        ("ghcr.io/" + "a" * 5000 + f"@{DIGEST}", "no digest in "),
        ("\x00@\ud800", "not an image name"),
    ],
)
def test_a_reference_that_is_none_is_refused(image: str, text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_reference(image)
    assert str(caught.value).startswith(text)
    assert len(str(caught.value)) < 300


def test_a_reference_that_is_none_spoils_no_other() -> None:
    found = review(client(state(Status.VERIFIED)), "nonsense", GOOD)
    assert [one["allowed"] for one in found["results"]] == [False, True]


def test_a_table_that_does_not_answer_refuses_and_is_told_apart() -> None:
    asked = client(state(Status.VERIFIED))
    asked.stored.down = OUTAGE
    found = review(asked, GOOD, OTHER, "nginx")
    assert found["allowed"] is False
    assert [one["status"] for one in found["results"]] == [None, None, None]
    assert [one["code"] for one in found["results"]] == ["store_unavailable"] * 3
    assert len(asked.stored.read) == 1  # somebody waits: the table is not asked again


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (None, "images is no list of texts"),
        (GOOD, "images is no list of texts"),
        ([GOOD, None], "images is no list of texts"),
        ([[GOOD]], "images is no list of texts"),
        ([], "images has 0 entries (expected 1 to 100)"),
        ([GOOD] * 101, "images has 101 entries (expected 1 to 100)"),
    ],
)
def test_a_request_without_images_is_refused(images: object, text: str) -> None:
    sent = client(state(Status.VERIFIED)).post("/v1/admission", {"images": images})
    assert refusal(sent) == (400, "bad_request")
    assert body(sent)["detail"] == text


def test_a_hundred_images_are_reviewed() -> None:
    asked = client(*(state(Status.VERIFIED, digest=digest(number)) for number in range(100)))
    assert review(asked, *(f"{IMAGE}@{digest(number)}" for number in range(100)))["allowed"] is True
