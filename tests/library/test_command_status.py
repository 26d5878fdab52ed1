"""`status`: what it asks, what it prints, its exit codes, and that nothing but a verdict about the image is taken."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry_verifier import command_line, command_status
from registry_verifier.api_client import ApiClient
from registry_verifier.command_line import EXIT, main
from registry_verifier.image_reference import Reference
from registry_verifier.models import ImageName
from registry_verifier.reasons import Status
from registry_verifier.watched import TagPointer
from tests.library.asking import OUTAGE
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, state
from tests.local.loopback import Loopback, Reply, reply
from tests.local.router_api import Api

REFERENCE = f"{IMAGE}@{DIGEST}"
DOCUMENT = {**state(Status.VERIFIED).document, "deadline": "2026-11-22T10:31:00Z", "tags": ["v1"]}


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(state(Status.VERIFIED)) as served:
        yield served


def _status(api: Loopback, *arguments: str, image: str = REFERENCE) -> int:
    return main(["status", image, "--api", api.url, *arguments])


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(Status.VERIFIED, 0), (Status.FAILED, 1), (Status.UNKNOWN, 3), (Status.NO_POLICY, 4), (Status.PENDING, 5)],
)
def test_each_status_has_its_exit_code_and_is_told(
    api: Api, capsys: pytest.CaptureFixture[str], status: Status, exit_code: int
) -> None:
    api.stored.states[0] = state(status)
    assert _status(api) == exit_code
    assert capsys.readouterr().out.startswith(f"{status.value}  {REFERENCE}\n")


def test_a_pending_one_says_until_when_evidence_is_waited_for(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.stored.states[0] = state(Status.PENDING)
    _status(api)
    assert "evidence is waited for until 2026-11-22T10:31:00Z" in capsys.readouterr().err


def test_json_is_the_apis_document(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(api, "--output", "json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["status"], printed["image"], printed["digest"]) == ("VERIFIED", str(IMAGE), DIGEST)
    assert printed["statements"] and printed["deadline"]


def test_a_digest_that_nobody_heard_of(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(api, image=f"{IMAGE}@{digest(9)}") == 6
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err == f"nothing is known about {IMAGE}@{digest(9)}\n"


def test_a_tag_is_what_the_api_knows_it_to_point_to(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.stored.pointers.append(TagPointer(IMAGE, "v1", DIGEST, NOW))
    assert _status(api, image=f"{IMAGE}:v1") == 0
    printed = capsys.readouterr()
    assert printed.err == f"{IMAGE}:v1 points to {DIGEST}, as the API knows it\n" and REFERENCE in printed.out


def test_a_digest_beside_a_tag_is_what_counts(api: Api) -> None:
    assert _status(api, image=f"{IMAGE}:v1@{DIGEST}") == 0
    assert not [path for path, _ in api.asked if "/tags/" in path]


def test_a_tag_that_nobody_heard_of(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(api, image=f"{IMAGE}:v9") == 6
    assert capsys.readouterr().err == f"nothing is known about {IMAGE}:v9\n"


def test_a_name_with_slashes(api: Api) -> None:
    deep = ImageName("ghcr.io", "acme/deep/app")
    api.stored.states.append(state(Status.FAILED, image=deep))
    assert _status(api, image=f"{deep}@{DIGEST}") == 1


@pytest.mark.parametrize(("policy", "exit_code"), [("acme-signatures", 0), ("other", 1)])
def test_a_policy_must_be_among_those_that_hold(
    api: Api, capsys: pytest.CaptureFixture[str], policy: str, exit_code: int
) -> None:
    assert _status(api, "--policy", policy) == exit_code
    printed = capsys.readouterr()
    assert printed.out.startswith("VERIFIED") and ("'other' does not hold" in printed.err) is bool(exit_code)


def test_a_policy_makes_nothing_good_that_failed(api: Api) -> None:
    api.stored.states[0] = state(Status.FAILED)
    assert _status(api, "--policy", "acme-signatures") == 1


def test_the_api_may_be_named_in_the_environment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_VERIFIER_API", api.url)
    assert main(["status", REFERENCE]) == 0


@pytest.mark.parametrize(("arguments", "signed"), [((), False), (("--auth", "iam"), True), (("--auth", "none"), False)])
def test_on_this_machine_nothing_is_signed_unless_it_is_asked_for(
    api: Api, arguments: tuple[str, ...], signed: bool
) -> None:
    assert _status(api, *arguments) == 0
    assert all(("authorization" in headers) is signed for _, headers in api.asked)


def test_elsewhere_requests_are_signed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert main(["status", REFERENCE, "--api", "https://abc.execute-api.eu-west-1.amazonaws.com"]) == 2
    assert "no aws credentials were found" in capsys.readouterr().err


# waiting


@pytest.mark.parametrize("status", [Status.PENDING, Status.UNKNOWN, None])
def test_what_may_change_is_asked_a_last_time_when_the_time_is_over(
    api: Api, capsys: pytest.CaptureFixture[str], status: Status | None
) -> None:
    api.stored.states[:] = [state(status)] if status else []
    assert _status(api, "--wait", "1") == (6 if status is None else EXIT[status])
    assert len(api.asked) == 2 and "asking again in 1 s" in capsys.readouterr().err


def _waited(ask: Callable[[], command_status.Known], seconds: float) -> tuple[command_status.Known, list[float]]:
    clock, slept = [0.0], list[float]()

    def sleep(wait: float) -> None:
        slept.append(wait)
        clock[0] += wait

    return command_status.wait(ask, seconds, sleep=sleep, now=lambda: clock[0]), slept


def test_pauses_grow_up_to_a_minute_and_end_with_the_time() -> None:
    known = command_status.Known(5, "PENDING", may_change=True)
    assert _waited(lambda: known, 200) == (known, [2, 4, 8, 16, 32, 60, 60, 18])


@pytest.mark.parametrize(("named", "pause"), [(7.0, 7.0), (3600.0, 60.0), (0.0, 2.0)])
def test_the_apis_own_wait_counts_up_to_a_minute(named: float, pause: float) -> None:
    known = command_status.Known(3, "UNKNOWN", may_change=True, retry_after=named)
    assert _waited(lambda: known, 100)[1][0] == pause


def test_a_verdict_that_comes_ends_the_wait(api: Api) -> None:
    answers = iter([Status.PENDING, Status.PENDING, Status.VERIFIED])
    reference = Reference.parse(REFERENCE)
    question = command_status.Question(ApiClient(api.url), reference, "", {**EXIT, Status.PENDING: 5})

    def ask() -> command_status.Known:
        api.stored.states[0] = state(next(answers))
        return question.ask()

    known, slept = _waited(ask, 3600)
    assert known.exit_code == 0 and slept == [2, 4]


def test_a_tag_that_moves_while_it_is_waited_for_is_told_again(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    other = state(Status.VERIFIED, digest=digest(2))
    api.stored.states[:] = [state(Status.PENDING), other]
    pointer = TagPointer(IMAGE, "v1", DIGEST, NOW)
    pointers = iter([pointer, pointer, pointer.moved(digest(2), NOW + timedelta(minutes=1))])
    reference = Reference.parse(f"{IMAGE}:v1")
    question = command_status.Question(ApiClient(api.url), reference, "", {**EXIT, Status.PENDING: 5})

    def ask() -> command_status.Known:
        api.stored.pointers[:] = [next(pointers)]
        return question.ask()

    assert _waited(ask, 3600)[0].exit_code == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "points to" in line]
    assert [DIGEST in told[0], digest(2) in told[1]] == [True, True] and len(told) == 2


# could not ask


def test_an_api_that_cannot_be_reached(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert main(["status", REFERENCE, "--api", f"http://127.0.0.1:{port}", "--wait", "1"]) == 3
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("did not answer") == 2


def test_a_table_that_is_down(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.stored.down = OUTAGE
    assert _status(api) == 3
    assert "status 503" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (reply(403, {"message": "Forbidden"}), "status 403, Forbidden"),
        (reply(401, {"message": "Unauthorized"}), "status 401, Unauthorized"),
        (reply(404, {"message": "Not Found"}), "status 404, Not Found"),
        (reply(404, {"code": "no_route", "detail": "there is nothing at this path"}), "status 404, there is nothing"),
        (reply(302, Location="https://elsewhere.example.org"), "status 302"),
        (reply(500), "status 500"),
        (reply(204), "status 204"),
        (reply(200, b"<html>"), "status is 'None'"),
        (reply(200, []), "status is 'None'"),
        (reply(200, {**DOCUMENT, "status": "GREAT"}), "status is 'GREAT'"),
        (reply(200, {**DOCUMENT, "digest": digest(7)}), "a verdict about another image"),
        (reply(200, {**DOCUMENT, "image": "ghcr.io/acme/other"}), "a verdict about another image"),
        (reply(200, {"status": "VERIFIED", "image": str(IMAGE), "digest": DIGEST}), "is no verdict: KeyError"),
        (reply(200, {**DOCUMENT, "policies": 7}), "is no verdict: TypeError"),
        (reply(200, {**DOCUMENT, "policies": [[]]}), "is no verdict: TypeError"),
        (reply(200, {**DOCUMENT, "statements": [None]}), "is no verdict: TypeError"),
        (reply(200, {**DOCUMENT, "children_table": 7}), "is no verdict: TypeError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_that_is_none_is_one_line_and_exit_code_3(
    capsys: pytest.CaptureFixture[str], answer: Reply, text: str
) -> None:
    with Loopback(lambda *_: answer) as api:
        assert _status(api) == 3
    printed = capsys.readouterr()
    assert printed.out == "" and text in printed.err and printed.err.count("\n") == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"digest": None}, {"digest": "latest"}, {"digest": DIGEST.upper()}, {"digest": [DIGEST]}],
    ids=str,
)
def test_a_tag_that_points_to_no_digest_is_exit_code_3(capsys: pytest.CaptureFixture[str], body: Any) -> None:
    with Loopback(lambda *_: reply(200, body)) as api:
        assert _status(api, image=f"{IMAGE}:v1") == 3
    assert "digest is" in capsys.readouterr().err


@pytest.mark.parametrize(
    "gate",
    [
        reply(200, {"status": "VERIFIED", "image": "ghcr.io/acme/other", "digest": DIGEST}),
        reply(200, {"status": "FAILED", "image": str(IMAGE), "digest": DIGEST}),
        reply(200, b""),
        reply(403, {"code": "failed"}),
        reply(404, {"code": "no_verdict"}),
        reply(409, {"code": "pending"}),
        reply(503, {"code": "unknown"}),
    ],
    ids=str,
)
def test_a_gate_that_says_anything_else_is_exit_code_3(gate: Reply) -> None:
    with Loopback(lambda path, _: gate if "/gate/" in path else reply(200, DOCUMENT)) as api:
        assert _status(api, "--policy", "acme-signatures") == 3


def test_what_a_terminal_would_act_on_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[2J\u202e\r"
    child = {"digest": hostile, "platform": hostile, "state": hostile, "text": hostile}
    policy = {**DOCUMENT["policies"][0], "mode": hostile, "name": hostile}
    document = {**DOCUMENT, "children_table": [child], "policies": [policy], "reproduce": [hostile]}
    with Loopback(lambda *_: reply(200, document)) as api:
        assert _status(api) == 0
        assert _status(api, "--output", "json") == 0
    printed = capsys.readouterr()
    assert not set("\x1b\u202e\r") & set(printed.out + printed.err)


def test_hostile_problems_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Loopback(lambda *_: reply(403, {"detail": "a\x1b[2J\nb\n" * 100})) as api:
        assert _status(api) == 3
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and "\x1b" not in printed


# bad usage


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([str(IMAGE)], "neither tag nor digest"),
        ([f"docker.io/acme/app@{DIGEST}"], "expected ghcr.io/OWNER/NAME"),
        ([f"ghcr.io/app@{DIGEST}"], "expected ghcr.io/OWNER/NAME"),
        ([f"{IMAGE}@sha256:00"], "not a sha256 digest"),
        ([f"{IMAGE}:a/b"], "neither tag nor digest"),
        ([f"{IMAGE}:-"], "not a tag"),
        ([REFERENCE, "--api", "http://api.example.org"], "the api's address is"),
        ([REFERENCE, "--api", "api.example.org"], "the api's address is"),
    ],
)
def test_bad_usage_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str], text: str) -> None:
    assert main(["status", "--api", "http://127.0.0.1:9", "--auth", "none", *arguments]) == 2
    printed = capsys.readouterr()
    assert text in printed.err and printed.out == ""


def test_somebody_must_say_where_the_api_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REGISTRY_VERIFIER_API", raising=False)
    assert main(["status", REFERENCE]) == 2
    assert "--api URL, or REGISTRY_VERIFIER_API" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["-1", "soon", "1.5", "86401", "9" * 5000])
def test_a_wait_of_no_use_is_told(capsys: pytest.CaptureFixture[str], seconds: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["status", REFERENCE, "--wait", seconds])
    assert "expected 0 to 86400 seconds" in capsys.readouterr().err


def test_help_names_the_exit_codes_and_the_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["status", "--help"])
    shown = capsys.readouterr().out
    assert "5 PENDING, 6 nothing is known" in shown and "REGISTRY_VERIFIER_API" in shown


def test_no_other_command_has_these_exit_codes() -> None:
    assert command_status.NO_VERDICT not in {*EXIT.values(), command_line.BAD_USAGE}


def test_a_former_digest_of_a_tag_is_not_asked_for(api: Api) -> None:
    api.stored.states.append(replace(state(Status.FAILED), digest=digest(2)))
    api.stored.pointers.append(TagPointer(IMAGE, "v1", digest(2), NOW).moved(DIGEST, NOW))
    assert _status(api, image=f"{IMAGE}:v1") == 0
