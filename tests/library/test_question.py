"""How a request is read: parts of a path, parameters of every form, and bodies; and who asks wrongly."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from registry_verifier.errors import BadRequest
from registry_verifier.models import ImageName
from registry_verifier.question import parameters, reading
from registry_verifier.question.parameters import (
    AS_OF,
    CURSOR,
    DIGEST,
    ID,
    LIMIT,
    OF_IMAGE,
    ONE_DIGEST,
    POLICY,
    REASON,
    SINCE,
    STATUS,
    TAG,
    TAG_NAME,
    THE_IMAGE,
    UNTIL,
)
from registry_verifier.question.request import Parameter, Request
from tests.library.verdicts import DIGEST as A_DIGEST

OF_DIGEST = "/v1/images/{owner}/{name}/digests/{digest}"
OF_REPOSITORY = "/v1/images/{owner}/{name}"


def _captured(template: str, path: str) -> dict[str, str] | None:
    return reading.captured(template, reading.parts_of(path))


def _values(template: str, path: str, *known: Parameter, query: str = "") -> dict[str, Any]:
    in_path = _captured(template, path)
    assert in_path is not None
    return reading.values(known, in_path, query)


def _image(path: str) -> ImageName:
    image: ImageName = _values(OF_REPOSITORY, path, *OF_IMAGE)["image"]
    return image


def _query(query: str, *known: Parameter) -> dict[str, Any]:
    return reading.values(known, {}, query)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/images/acme/a/b/digests/{A_DIGEST}",
        f"/v1/images/acme/a%2Fb/digests/{A_DIGEST}",
        f"/v1/images/acme/a/b/digests/{A_DIGEST.replace(':', '%3A')}",
        f"/v1/images/acme/a/b/%64igests/{A_DIGEST}",
    ],
)
def test_a_name_with_slashes_is_read_plain_and_encoded(path: str) -> None:
    values = _values(OF_DIGEST, path, *OF_IMAGE, DIGEST)
    assert values == {"image": ImageName("ghcr.io", "acme/a/b"), "digest": A_DIGEST}


@pytest.mark.parametrize(
    ("path", "repository"),
    [
        ("/v1/images/acme/a/b", "acme/a/b"),
        ("/v1/images/acme/a%2Fb", "acme/a/b"),
        ("/v1/images/acme/app/digests", "acme/app/digests"),
        ("/v1/images/acme/digests%2Fx", "acme/digests/x"),
        ("/v1/images/a-b/x_y__z.1---2", "a-b/x_y__z.1---2"),
        ("/v1/images/a/" + "b" * 182, "a/" + "b" * 182),
    ],
)
def test_a_repository_is_read_plain_and_encoded(path: str, repository: str) -> None:
    assert _image(path) == ImageName("ghcr.io", repository)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1/images",
        "/v1/images/acme",
        "/v1/images/acme/",
        "/v1/images//app",
        "/v2/images/a/b",
        "v1/images/a/b",
    ],
)
def test_a_path_of_another_form_is_none(path: str) -> None:
    assert _captured(OF_REPOSITORY, path) is None


def test_only_the_name_spans_parts() -> None:
    assert _captured("/v1/gate/{digest}", "/v1/gate/a/b") is None
    assert _captured("/v1/gate/{digest}", "/v1/gate/a%2Fb") == {"digest": "a/b"}


@pytest.mark.parametrize(
    "name",
    [
        "Acme/app",
        "acme//app",
        "acme/app/",
        "../app",
        "acme/..",
        "acme/%2e%2e/x",
        "acme/a%20b",
        "acme/app%00",
        "acme/app%0A",
        "acme%0A/app",
        "acme/%E2%84%AAube",
        "acme/\u0430pp",
        f"acme/app@{A_DIGEST}",
        "acme/app:v1",
        "acme/a%252Fb",
        "acme%2Fx/app",
        "acme/%0d%0aX-Injected:1",
        "acme/%FF",
        "a/" + "b" * 183,
        "a" * 65 + "/b",
    ],
)
def test_a_name_that_no_registry_has_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match=r"^image is '.*' \(expected OWNER/NAME in lower case\)$"):
        _image(f"/v1/images/{name}")


@pytest.mark.parametrize(
    "digest",
    [
        "latest",
        "sha256:abc",
        A_DIGEST.upper(),
        A_DIGEST + "0",
        A_DIGEST + "%0A",
        "sha512:" + "0" * 128,
        "%00",
        "é",
        "..",
    ],
)
def test_a_digest_of_another_form_is_refused(digest: str) -> None:
    with pytest.raises(BadRequest, match="^digest is not a sha256 digest"):
        _values("/v1/gate/{digest}", f"/v1/gate/{digest}", DIGEST)


@pytest.mark.parametrize(
    "image", ["", "acme/app", "ghcr.io", "ghcr.io/app", "ghcr.io/Acme/app", "ghcr.io/a/b:v1", "x" * 300]
)
def test_an_image_needs_its_whole_name(image: str) -> None:
    with pytest.raises(BadRequest, match="^image is "):
        _query(f"image={image}", THE_IMAGE)


@pytest.mark.parametrize("tag", ["", ".x", "-x", "a b", "a%2Fb", "x" * 129, "v1%0A", "é"])
def test_a_tag_of_another_form_is_refused(tag: str) -> None:
    with pytest.raises(BadRequest, match="^tag is not a tag"):
        _query(f"tag={tag}", TAG)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "", "x", "1e2", "%D9%A1", "9" * 3000, "%2B5", "%2010"])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    with pytest.raises(BadRequest, match="expected a whole number from 1 to 100"):
        _query(f"limit={limit}", LIMIT)


def test_a_limit_that_is_left_out_has_its_default() -> None:
    assert (_query("", LIMIT, CURSOR), _query("limit=7", LIMIT)) == ({"limit": 25}, {"limit": 7})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22t10:00:00z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00.987654321Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T12:00:00%2B02:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T08:30:00-01:30", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00%2B23:59", datetime(1970, 1, 1, tzinfo=UTC)),
        ("0001-01-01", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-23:59", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_time_or_a_date(text: str, moment: datetime) -> None:
    assert {_query(f"{one.name}={text}", one)[one.name] for one in (SINCE, UNTIL, AS_OF)} == {moment}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-02-30",
        "2026-11-22T10:00",
        "2026-11-22T10:00:00",
        "2026-11-22 10:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:00:00+02:00",
        "2026-11-22T10:00:00%2B99:00",
        "20261122T100000Z",
        "2026-W47-7",
        "2026-11-22%0A",
        "2026-11-22T10:00:00Z%0A",
        "1763805600",
        "%D9%A2026-11-22",
        "0000-01-01",
        "2026-11-22T10:00:00." + "1" * 21 + "Z",
        "x" * 5000,
    ],
)
def test_a_moment_of_another_form_is_refused_by_name(text: str) -> None:
    with pytest.raises(
        BadRequest, match=r"^since is '.{0,60}' \(expected a time such as 2026-11-22T10:00:00Z or a date"
    ):
        _query(f"since={text}", SINCE)


@pytest.mark.parametrize("status", ["failed", "", "FAILED%00", "GOOD", "x" * 3000])
def test_a_status_that_there_is_not_is_refused_by_name(status: str) -> None:
    with pytest.raises(
        BadRequest, match=r"^status is '.{0,60}' \(expected VERIFIED or FAILED or PENDING or UNKNOWN or NO_"
    ):
        _query(f"status={status}", STATUS)


def test_a_reason_that_there_is_not_is_refused() -> None:
    assert _query("reason=NO_SIGNATURE", REASON) == {"reason": "NO_SIGNATURE"}
    with pytest.raises(BadRequest, match="^reason is 'NONE'"):
        _query("reason=NONE", REASON)


@pytest.mark.parametrize("policy", ["", "Upper", "-x", "x-", "a/b", "x" * 254, "a%0A"])
def test_a_policy_of_another_form_is_refused(policy: str) -> None:
    assert _query("policy=acme-signatures.v1", POLICY) == {"policy": "acme-signatures.v1"}
    with pytest.raises(BadRequest, match="^policy is "):
        _query(f"policy={policy}", POLICY)


@pytest.mark.parametrize("sealed", ["", "a=", "a.b", "a%0A", "é", "x" * 1001])
def test_a_cursor_or_an_id_of_another_form_is_refused(sealed: str) -> None:
    with pytest.raises(BadRequest, match="^cursor is "):
        _query(f"cursor={sealed}", CURSOR)
    with pytest.raises(BadRequest, match="^id is "):
        reading.values([ID], {"id": sealed}, "")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("limit=1&limit=100", "parameter 'limit' stands twice"),
        ("LIMIT=1", "parameter 'LIMIT' is unknown (expected limit, cursor)"),
        ("limit=1&x=y", "parameter 'x' is unknown (expected limit, cursor)"),
        ("%00=1", "parameter '\\x00' is unknown (expected limit, cursor)"),
        ("=", "parameter '' is unknown (expected limit, cursor)"),
        ("limit=%FF", "query string is not readable (expected at most 20 parameters in utf-8)"),
        (
            "&".join(f"a{n}=1" for n in range(30)),
            "query string is not readable (expected at most 20 parameters in utf-8)",
        ),
        ("cursor=" + "x" * 9000, "query string is 9007 characters long (expected at most 8000)"),
    ],
)
def test_a_query_string_that_says_something_else_is_refused(query: str, text: str) -> None:
    with pytest.raises(BadRequest, match=f"^{re.escape(text)}$"):
        _query(query, LIMIT, CURSOR)


def test_a_parameter_of_the_path_is_none_of_the_query_string() -> None:
    with pytest.raises(BadRequest, match=r"^parameter 'digest' is unknown \(expected none\)$"):
        _values("/v1/gate/{digest}", f"/v1/gate/{A_DIGEST}", DIGEST, query=f"digest={A_DIGEST}")


def test_what_is_required_is_missed_by_name() -> None:
    with pytest.raises(BadRequest, match="^parameter 'image' is missing$"):
        _query("", THE_IMAGE)


def test_a_parameter_that_is_left_out_has_no_value() -> None:
    assert _query("", ONE_DIGEST, TAG, SINCE, STATUS) == {}


@pytest.mark.parametrize("one", [*OF_IMAGE, DIGEST, TAG_NAME, THE_IMAGE, POLICY, SINCE, AS_OF, STATUS, REASON, LIMIT])
def test_an_example_is_one(one: Parameter) -> None:
    assert one.example is not None
    one.read(one.example)
    if "pattern" in one.schema:
        assert re.search(one.schema["pattern"], one.example)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "it is not json in utf-8"),
        (b"{", "it is not json in utf-8"),
        (b"\xff{}", "it is not json in utf-8"),
        (b"[]", "expected a json object, got list"),
        (b'{"a": 1, "a": 2}', "json key stands twice: 'a'"),
        (b'{"a": NaN}', "json has no NaN"),
        (b'{"a": 1e999}', "json number is out of range: 1e999"),
        (b'{"a":' * 30000, ""),
        (b'{"a": "\\ud800"}', "it is not json in utf-8"),
    ],
)
def test_a_body_that_is_no_object_is_refused(raw: bytes, text: str) -> None:
    with pytest.raises(BadRequest, match=f"^body cannot be read: {re.escape(text)}"):
        reading.body(Request("POST", "/v1/admission", body=raw))


def test_a_body_is_read() -> None:
    assert reading.body(Request("POST", "/", body=json.dumps({"images": ["é"]}).encode())) == {"images": ["é"]}


@pytest.mark.parametrize(
    ("header", "media_type"),
    [("application/json", "application/json"), ("Application/JSON; charset=utf-8", "application/json"), ("", "")],
)
def test_a_media_type_is_read_without_its_parameters(header: str, media_type: str) -> None:
    assert reading.media_type(Request("POST", "/", headers={"content-type": header})) == media_type


def test_another_choice_is_made_as_these_are() -> None:
    state = parameters.choice("state", "only these", ("open", "ended"))
    assert (state.schema, state.read("open")) == ({"type": "string", "enum": ["open", "ended"]}, "open")
    with pytest.raises(BadRequest, match=r"^state is 'x' \(expected open or ended\)$"):
        state.read("x")
