"""The GitHub Action, run as the runner runs it: the step's own command, its environment, and servers on loopback.

The API is the real router behind a socket; where the other side must misbehave, a server that says what a test wants.
"""

from __future__ import annotations

import ast
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_verifier import command_line, command_status
from registry_verifier.reasons import Reason, Status
from tests.library.asking import OUTAGE
from tests.library.verdicts import DIGEST, IMAGE, digest, state
from tests.local.action_runner import ACTION, STEP, Done, Runner
from tests.local.loopback import Loopback, RawLoopback, certificate, reply
from tests.local.router_api import TOKEN, Api

GATE = f"/oidc/v1/gate/{DIGEST}"
VERIFIED = {"status": "VERIFIED", "image": str(IMAGE), "digest": DIGEST, "verified_at": "2026-11-22T10:01:00Z"}


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with Loopback(lambda *_: reply(200, {"value": TOKEN})) as github:
        yield Runner(tmp_path, github)


def test_a_verified_digest_lets_the_deploy_go_on(runner: Runner) -> None:
    with Api(state(Status.VERIFIED)) as api:
        done = runner.run(api.url, timeout="1800")
    assert done.exit_code == 0 and done.annotation.startswith("::notice ")
    assert done.outputs == {"status": "VERIFIED", "verified-at": "2026-11-22T10:01:00Z", "reasons": ""}
    assert "VERIFIED" in done.summary and DIGEST in done.summary
    assert api.questions == [f"{GATE}?image=ghcr.io%2Facme%2Fapp"]
    assert (
        runner.github.asked[0][0]
        == f"/token?api-version=2.0&audience={api.url.replace(':', '%3A').replace('/', '%2F')}"
    )
    assert runner.github.asked[0][1]["authorization"] == "Bearer runner-token"


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(Status.FAILED, 1), (Status.NO_POLICY, 4), (Status.PENDING, 5), (Status.UNKNOWN, 3)],
)
def test_every_other_status_refuses(runner: Runner, status: Status, exit_code: int) -> None:
    with Api(state(status)) as api:
        done = runner.run(api.url)
    assert done.exit_code == exit_code and done.annotation.startswith("::error ")
    assert done.outputs["status"] == status.value and status.value in done.summary
    assert done.outputs["reasons"] == Reason.IDENTITY_MISMATCH.value and done.outputs["verified-at"]


@pytest.mark.parametrize("status", [Status.FAILED, Status.NO_POLICY])
def test_a_decision_is_not_waited_on(runner: Runner, status: Status) -> None:
    with Api(state(status)) as api:
        done = runner.run(api.url, timeout="1800")
    assert done.seconds < 20 and len(api.questions) == 1


@pytest.mark.parametrize(("status", "exit_code"), [(Status.PENDING, 5), (Status.UNKNOWN, 3), (None, 6)])
def test_what_may_change_is_waited_on_until_the_time_is_over(
    runner: Runner, status: Status | None, exit_code: int
) -> None:
    with Api(*([state(status)] if status else [])) as api:
        done = runner.run(api.url, timeout="2")
    assert done.exit_code == exit_code and done.seconds >= 2 and len(api.questions) == 2
    assert "asking again in 2 s" in done.log


def test_a_digest_that_nobody_heard_of_refuses(runner: Runner) -> None:
    with Api() as api:
        done = runner.run(api.url)
    assert done.exit_code == 6 and done.outputs["status"] == "NO_VERDICT"
    assert f"nothing is known about {IMAGE}@{DIGEST}" in done.annotation


def test_a_verdict_that_comes_while_it_is_waited_for_lets_through(runner: Runner) -> None:
    with Api(state(Status.PENDING)) as api:
        threading.Timer(1.0, lambda: api.stored.states.__setitem__(0, state(Status.VERIFIED))).start()
        done = runner.run(api.url, timeout="3")
    assert done.exit_code == 0 and "PENDING" in done.log and done.outputs["status"] == "VERIFIED"


def test_the_policy_that_was_asked_for_must_hold(runner: Runner) -> None:
    with Api(state(Status.VERIFIED)) as api:
        assert runner.run(api.url, policy="acme-signatures").exit_code == 0
        done = runner.run(api.url, policy="other")
    assert done.exit_code == 1 and done.outputs["status"] == "POLICY_NOT_HELD"
    assert api.questions[-1].endswith("&policy=other")


def test_a_workflow_of_somebody_else_is_told_so(runner: Runner) -> None:
    with Api(state(Status.VERIFIED), owner="mallory") as api:
        done = runner.run(api.url, timeout="1800")
    assert done.exit_code == 2 and "owner" in done.annotation and len(api.questions) == 1


def test_a_table_that_is_down_is_asked_again_and_then_refuses(runner: Runner) -> None:
    with Api(state(Status.VERIFIED)) as api:
        api.stored.down = OUTAGE
        done = runner.run(api.url, timeout="1")
    assert done.exit_code == 3 and done.outputs["status"] == "UNKNOWN" and len(api.questions) == 2


def test_an_image_with_capitals_is_the_package_in_lower_case(runner: Runner) -> None:
    with Api(state(Status.VERIFIED)) as api:
        assert runner.run(api.url, image="ghcr.io/Acme/App").exit_code == 0


# who asks


def test_without_the_permission_the_error_names_it(runner: Runner) -> None:
    runner.environment = {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}
    done = runner.run("https://api.example.org")
    assert done.exit_code == 2 and "permissions: id-token: write" in done.annotation


@pytest.mark.parametrize("status", [400, 403])
def test_github_that_gives_no_token_is_told_with_the_permission(runner: Runner, status: int) -> None:
    runner.github.say = lambda *_: reply(status, {"message": "no"})
    done = runner.run("https://api.example.org", timeout="1800")
    assert done.exit_code == 2 and f"status {status}" in done.annotation and "id-token: write" in done.annotation


def test_github_that_is_down_refuses(runner: Runner) -> None:
    runner.github.say = lambda *_: reply(500)
    done = runner.run("https://api.example.org", timeout="1")
    assert done.exit_code == 3 and "status 500" in done.annotation and len(runner.github.asked) == 2


@pytest.mark.parametrize("value", [None, "", "a.b", "a.b.c\r\nX-Injected: 1", 7, "a.b." + "c" * 9000])
def test_a_token_that_is_none_refuses(runner: Runner, value: Any) -> None:
    runner.github.say = lambda *_: reply(200, {"value": value})
    done = runner.run("https://api.example.org")
    assert done.exit_code == 3 and "is none" in done.annotation


def test_the_audience_can_be_chosen(runner: Runner) -> None:
    with Api(state(Status.VERIFIED)) as api:
        assert runner.run(api.url, audience="verifier & co".replace(" ", "-")).exit_code == 0
    assert runner.github.asked[0][0].endswith("&audience=verifier-%26-co")


def test_a_refused_token_is_replaced_once_and_then_lets_through(runner: Runner) -> None:
    tokens = iter(["b2xk.b2xk.b2xk", TOKEN])
    runner.github.say = lambda *_: reply(200, {"value": next(tokens)})
    with Api(state(Status.VERIFIED)) as api:
        done = runner.run(api.url)
    assert done.exit_code == 0 and len(runner.github.asked) == 2


def test_a_second_refusal_of_the_token_ends_it(runner: Runner) -> None:
    runner.github.say = lambda *_: reply(200, {"value": "b2xk.b2xk.b2xk"})
    with Api(state(Status.VERIFIED)) as api:
        done = runner.run(api.url, timeout="1800")
    assert done.exit_code == 2 and "audience" in done.annotation and len(api.questions) == 2


def test_the_token_is_hidden_by_the_runner_and_nowhere_else_in_the_log(runner: Runner) -> None:
    with Api(state(Status.FAILED)) as api:
        done = runner.run(api.url)
    lines = [line for line in done.log.splitlines() if TOKEN in line]
    assert lines == [f"::add-mask::{TOKEN}"] and "runner-token" not in done.log
    assert TOKEN not in done.summary + str(done.outputs)


# nobody answers, or somebody else does


def test_a_service_that_cannot_be_reached_refuses(runner: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = runner.run(f"http://127.0.0.1:{port}", timeout="1")
    assert done.exit_code == 3 and "refused" in done.annotation and done.outputs["status"] == "UNKNOWN"


def test_a_service_that_hangs_refuses(runner: Runner) -> None:
    with RawLoopback(lambda connection: time.sleep(30)) as api:
        done = runner.run(api.url)
    assert done.exit_code == 3 and "no whole answer within 5 s" in done.annotation and done.seconds < 10


def test_a_service_that_drips_refuses(runner: Runner) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b" ")
            time.sleep(0.2)

    with RawLoopback(drip) as api:
        done = runner.run(api.url)
    assert done.exit_code == 3 and "no whole answer within 5 s" in done.annotation and done.seconds < 10


def test_a_service_that_never_ends_its_headers_refuses(runner: Runner) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"x")
            time.sleep(0.2)

    with RawLoopback(drip) as api:
        done = runner.run(api.url)
    assert done.exit_code == 3 and "no whole answer within 5 s" in done.annotation


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
    ids=["nothing", "no http", "cut off", "bad chunk", "bad status", "many headers"],
)
def test_an_answer_that_is_no_http_refuses(runner: Runner, raw: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    with RawLoopback(serve) as api:
        done = runner.run(api.url)
    assert done.exit_code == 3 and done.outputs["status"] == "UNKNOWN"


def test_a_huge_answer_refuses(runner: Runner) -> None:
    with Loopback(lambda *_: reply(200, json.dumps(VERIFIED).encode() + b" " * (2 << 20))) as api:
        done = runner.run(api.url)
    assert done.exit_code == 3 and "more than 1048576 bytes" in done.annotation


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(runner: Runner, status: int) -> None:
    with Loopback(lambda *_: reply(200, VERIFIED)) as elsewhere:
        with Loopback(lambda *_: reply(status, Location=f"{elsewhere.url}{GATE}")) as api:
            done = runner.run(api.url, timeout="1800")
        assert done.exit_code == 3 and "redirect" in done.annotation and not elsewhere.asked and len(api.asked) == 1


@pytest.mark.parametrize(
    ("status", "exit_code"), [(400, 2), (404, 2), (405, 2), (403, 2), (204, 3), (500, 3), (429, 3)]
)
def test_any_other_status_refuses(runner: Runner, status: int, exit_code: int) -> None:
    with Loopback(lambda *_: reply(status, {"message": "Not Found"} if status != 204 else b"")) as api:
        done = runner.run(api.url)
    assert done.exit_code == exit_code and f"answered {status}" in done.annotation


def test_a_gateway_that_has_no_such_route_is_no_unknown_digest(runner: Runner) -> None:
    with Loopback(lambda *_: reply(404, {"message": "Not Found"})) as api:
        done = runner.run(api.url, timeout="1800")
    assert done.exit_code == 2 and "is it the API's URL" in done.annotation and len(api.asked) == 1


def test_a_problem_with_another_status_code_is_no_verdict(runner: Runner) -> None:
    with Loopback(lambda *_: reply(500, {"code": "pending", "detail": "x"})) as api:
        assert runner.run(api.url).outputs["status"] == "UNKNOWN"


def test_retry_after_is_waited_for(runner: Runner) -> None:
    answers = iter([reply(503, {"code": "unknown", "detail": "x"}, Retry_After="3"), reply(200, VERIFIED)])
    with Loopback(lambda *_: next(answers)) as api:
        done = runner.run(api.url, timeout="60")
    assert done.exit_code == 0 and "asking again in 3 s" in done.log and 3 <= done.seconds < 15


@pytest.mark.parametrize("wait", ["99999999999999999999", "-1", "soon"])
def test_a_retry_after_of_no_use_is_none(runner: Runner, wait: str) -> None:
    with Loopback(lambda *_: reply(409, {"code": "pending", "detail": "x"}, Retry_After=wait)) as api:
        done = runner.run(api.url, timeout="3")
    assert done.exit_code == 5 and "asking again in 2 s" in done.log


# a 200 is not enough


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>welcome</html>",
        b"null",
        b"[]",
        b'"VERIFIED"',
        b"{}",
        {**VERIFIED, "status": "FAILED"},
        {**VERIFIED, "status": "verified"},
        {**VERIFIED, "status": ["VERIFIED"]},
        {**VERIFIED, "digest": digest(7)},
        {**VERIFIED, "image": "ghcr.io/acme/other"},
        {name: value for name, value in VERIFIED.items() if name != "digest"},
        json.dumps(VERIFIED).encode()[:-1] + b', "status": "VERIFIED"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe" + json.dumps(VERIFIED).encode(),
        b'{"status": ' + b"9" * 10_000 + b"}",
    ],
    ids=str,
)
def test_a_200_with_another_body_refuses(runner: Runner, body: Any) -> None:
    with Loopback(lambda *_: reply(200, body)) as api:
        done = runner.run(api.url, timeout="1800")
    assert done.exit_code == 3 and "no such verdict" in done.annotation and len(api.asked) == 1


# what strangers write is inert

HOSTILE = (
    "x\r\n::set-output name=status::VERIFIED\n##[add-mask]y :::error::z %0A::stop-commands::t \x1b[2J\u202e<script>"
)


def test_hostile_text_is_no_command_and_no_output(runner: Runner) -> None:
    body = {"code": "failed", "detail": HOSTILE, "reasons": [HOSTILE, "NO_SIGNATURE"], "verified_at": HOSTILE}
    with Loopback(lambda *_: reply(403, body)) as api:
        done = runner.run(api.url)
    assert done.exit_code == 1
    assert done.outputs == {"status": "FAILED", "verified-at": "", "reasons": "NO_SIGNATURE"}
    assert [line for line in done.log.splitlines() if not line.startswith(("::add-mask::aGV", "::error title="))] == []
    said = done.annotation.removeprefix("::error title=registry-verifier::")
    assert "::" not in said and "##[" not in said and "\x1b" not in said and "%250A" in said
    assert (
        "<script>" not in done.summary and "&lt;script&gt;" in done.summary and "\u202e" not in done.log + done.summary
    )


def test_hostile_text_in_a_line_of_progress_is_no_command(runner: Runner) -> None:
    with Loopback(lambda *_: reply(409, {"code": "pending", "detail": HOSTILE})) as api:
        done = runner.run(api.url, timeout="1")
    [line] = [line for line in done.log.splitlines() if line.startswith("registry-verifier: ")]
    assert "::" not in line and "##[" not in line and "\x1b" not in line


def test_an_input_is_text_and_no_script(runner: Runner) -> None:
    done = runner.run("https://api.example.org", image="ghcr.io/acme/$(touch pwned);`touch pwned`\n::error::x")
    assert done.exit_code == 2 and not (runner.folder / "pwned").exists()
    assert done.annotation.count("::") == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_url", ""),
        ("api_url", "http://api.example.org"),
        ("api_url", "http://127.0.0.1.example.org"),
        ("api_url", "https://user@api.example.org"),
        ("api_url", "https://api.example.org?x=1"),
        ("api_url", "https://api.example.org#x"),
        ("api_url", "https://api.example.org:99999"),
        ("api_url", "https://api.example.org\\@evil.example.org"),
        ("api_url", "file:///etc/passwd"),
        ("image", ""),
        ("image", "ghcr.io/acme/app:v1"),
        ("image", "ghcr.io/acme/app@sha256:00"),
        ("image", "docker.io/acme/app"),
        ("image", "ghcr.io/app"),
        ("image", "ghcr.io/" + "a/" * 200 + "a"),
        ("digest", ""),
        ("digest", "v1"),
        ("digest", DIGEST.upper()),
        ("digest", DIGEST + "/../x"),
        ("policy", "a&image=b"),
        ("timeout", "-1"),
        ("timeout", "21601"),
        ("timeout", "soon"),
        ("audience", "a b"),
    ],
)
def test_an_input_that_has_not_its_form_is_named(runner: Runner, name: str, value: str) -> None:
    inputs = {"api_url": "https://api.example.org", name: value}
    done = runner.run(inputs.pop("api_url"), **inputs)
    assert done.exit_code == 2 and f"input {name.replace('_', '-')} is" in done.annotation and not runner.github.asked


# TLS


def test_a_certificate_by_nobody_refuses_at_once(runner: Runner) -> None:
    with Loopback(lambda *_: reply(200, VERIFIED), tls=certificate(runner.folder, "127.0.0.1")) as api:
        done = runner.run(api.url, timeout="1800")
    assert done.exit_code == 3 and "certificate does not hold" in done.annotation and not api.asked


def test_a_certificate_for_somebody_else_refuses_at_once(runner: Runner) -> None:
    file = certificate(runner.folder, "127.0.0.2")
    runner.environment = {"SSL_CERT_FILE": str(file)}
    with Loopback(lambda *_: reply(200, VERIFIED), tls=file) as api:
        done = runner.run(api.url, timeout="1800")
    assert done.exit_code == 3 and "certificate does not hold" in done.annotation and not api.asked


def test_a_certificate_that_holds_lets_through(runner: Runner) -> None:
    file = certificate(runner.folder, "127.0.0.1")
    runner.environment = {"SSL_CERT_FILE": str(file)}
    with Loopback(lambda *_: reply(200, VERIFIED), tls=file) as api:
        assert runner.run(api.url).exit_code == 0


def test_plain_text_where_tls_should_be_refuses(runner: Runner) -> None:
    with Loopback(lambda *_: reply(200, VERIFIED)) as api:
        done = runner.run(api.url.replace("http:", "https:"))
    assert done.exit_code == 3 and "SSL" in done.annotation and not api.asked


def test_a_proxy_never_sees_a_token_in_the_clear(runner: Runner) -> None:
    with Loopback(lambda *_: reply(200, VERIFIED)) as proxy, Api(state(Status.FAILED)) as api:
        runner.environment = {"http_proxy": proxy.url, "HTTP_PROXY": proxy.url}
        assert runner.run(api.url).exit_code == 1
        assert not proxy.asked


# long waits, in a time that passes only while the step sleeps


@pytest.fixture
def hurried(runner: Runner) -> Runner:
    folder = runner.folder / "hurried"
    folder.mkdir()
    (folder / "__main__.py").write_text(
        f"""
import runpy, time
clock = [1000.0]
time.monotonic = lambda: clock[0]
time.sleep = lambda seconds: clock.__setitem__(0, clock[0] + seconds)
runpy.run_path({str(ACTION)!r}, run_name="__main__")
"""
    )
    runner.environment = {"GITHUB_ACTION_PATH": str(folder)}
    return runner


def _pauses(done: Done) -> list[int]:
    return [int(found) for found in re.findall(r"asking again in (\d+) s", done.log)]


def test_pauses_grow_up_to_a_minute_and_end_with_the_time(hurried: Runner) -> None:
    with Loopback(lambda *_: reply(409, {"code": "pending", "detail": "x"})) as api:
        done = hurried.run(api.url, timeout="300")
    assert _pauses(done) == [2, 4, 8, 16, 32, 60, 60, 60, 58] and done.exit_code == 5 and len(api.asked) == 10


def test_a_long_retry_after_is_two_minutes(hurried: Runner) -> None:
    with Loopback(lambda *_: reply(409, {"code": "pending", "detail": "x"}, Retry_After="86400")) as api:
        assert _pauses(hurried.run(api.url, timeout="300")) == [120, 120, 60]


def test_an_outage_is_given_up_after_eight_questions(hurried: Runner) -> None:
    with Loopback(lambda *_: reply(500)) as api:
        done = hurried.run(api.url, timeout="21600")
    assert done.exit_code == 3 and len(api.asked) == 8


def test_an_outage_that_ends_in_time_is_no_end(hurried: Runner) -> None:
    pending = reply(409, {"code": "pending", "detail": "x"})
    answers = iter([*[reply(500)] * 7, pending, *[reply(502)] * 7, pending, reply(200, VERIFIED)])
    with Loopback(lambda *_: next(answers)) as api:
        assert hurried.run(api.url, timeout="21600").exit_code == 0


@pytest.mark.parametrize("code", ["pending", "no_verdict", "unknown"])
def test_an_answer_is_waited_on_as_long_as_it_was_asked_for(hurried: Runner, code: str) -> None:
    status = {"pending": 409, "no_verdict": 404, "unknown": 503}[code]
    with Loopback(lambda *_: reply(status, {"code": code, "detail": "x"})) as api:
        assert sum(_pauses(hurried.run(api.url, timeout="1800"))) == 1800


def test_a_token_is_asked_for_anew_after_two_minutes(hurried: Runner) -> None:
    with Loopback(lambda *_: reply(409, {"code": "pending", "detail": "x"}, Retry_After="50")) as api:
        hurried.run(api.url, timeout="300")
    assert len(api.asked) == 7 and len(hurried.github.asked) == 3


# the step itself


def test_a_module_of_somebody_elses_is_not_imported(runner: Runner) -> None:
    (runner.folder / "json.py").write_text("raise SystemExit(0)")
    runner.environment = {"PYTHONPATH": str(runner.folder), "PYTHONSTARTUP": str(runner.folder / "json.py")}
    with Api(state(Status.FAILED)) as api:
        assert runner.run(api.url).exit_code == 1


def test_an_output_that_cannot_be_written_refuses(runner: Runner) -> None:
    runner.environment = {"GITHUB_OUTPUT": str(runner.folder / "there" / "is" / "none")}
    with Api(state(Status.VERIFIED)) as api:
        done = runner.run(api.url)
    assert done.exit_code == 3 and "outputs cannot be written" in done.annotation


def test_the_step_uses_nothing_of_others_and_no_input_in_its_script() -> None:
    [step] = STEP["runs"]["steps"]
    assert "uses" not in step and step["shell"] == "bash" and "${{" not in step["run"]
    assert {name: bool(one.get("required")) for name, one in STEP["inputs"].items()} == {
        "api-url": True,
        "image": True,
        "digest": True,
        "policy": False,
        "timeout": False,
        "audience": False,
    }


def test_each_output_of_the_action_is_one_of_the_step() -> None:
    assert {name: one["value"] for name, one in STEP["outputs"].items()} == {
        name: f"${{{{ steps.gate.outputs.{name} }}}}" for name in ("status", "verified-at", "reasons")
    }


MODULES = sorted(ACTION.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_it_needs_the_standard_library_and_python_3_9(module: Path) -> None:
    tree = ast.parse(module.read_text(), feature_version=(3, 9))
    used = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    own = {one.stem for one in MODULES}
    assert used <= own | sys.stdlib_module_names and not own & (sys.stdlib_module_names - {"__main__"})


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    said = (ACTION / "__main__.py").read_text()
    codes = {status.value: code for status, code in command_line.EXIT.items()}
    for word, code in codes.items():
        assert re.search(rf"\b{code} (?:still )?{word}\b", said)
    assert f"{command_status.NO_VERDICT} still nothing known" in said


def test_the_programs_environment_is_the_steps() -> None:
    [step] = STEP["runs"]["steps"]
    read = set(re.findall(r"GATE_[A-Z_]+", (ACTION / "inputs.py").read_text())) - {"GATE_"}
    assert not read  # they are named after the fields
    fields = re.findall(r"^    (\w+): (?:str|int)$", (ACTION / "inputs.py").read_text(), re.MULTILINE)
    assert {f"GATE_{name.upper()}" for name in fields} == set(step["env"])


def test_the_runners_files_may_be_missing(runner: Runner) -> None:
    runner.environment = {"GITHUB_OUTPUT": "", "GITHUB_STEP_SUMMARY": ""}
    with Api(state(Status.FAILED)) as api:
        assert runner.run(api.url).exit_code == 1
