"""The page on gating a deploy: its commands run against the real router, its manifests say no whenever they should."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped]  # botocore's, and Kyverno's language
import pytest
import yaml

from local import template
from registry_verifier import command_status
from registry_verifier.command_line import EXIT
from registry_verifier.query import operations
from registry_verifier.reasons import Status
from registry_verifier.watched import TagPointer
from tests.conftest import ROOT
from tests.library.asking import OUTAGE, Client, body
from tests.library.rego_engine import NEEDS_OPA, OPA
from tests.library.verdicts import DIGEST, IMAGE, NOW, digest, state
from tests.local.action_runner import ACTION, STEP
from tests.local.loopback import Loopback, reply
from tests.local.router_api import TOKEN, Api

PAGE = (ROOT / "docs/gate-a-deploy.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    (text, following if language_after == "text" else "")
    for (language, text), (language_after, following) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True)
    if language == "sh"
]
MANIFESTS = [
    one for language, text in BLOCKS if language == "yaml" for one in yaml.safe_load_all(text) if "apiVersion" in one
]
GOOD, BAD = f"{IMAGE}:v1@{DIGEST}", f"{IMAGE}@{digest(2)}"


def manifest(kind: str) -> dict[str, Any]:
    [found] = [one for one in MANIFESTS if one["kind"] == kind]
    return dict(found)


# its commands


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(state(Status.VERIFIED), replace(state(Status.FAILED, digest=digest(2)))) as served:
        served.stored.pointers.append(TagPointer(IMAGE, "v2", digest(2), NOW))
        yield served


@pytest.fixture
def github() -> Iterator[Loopback]:
    with Loopback(lambda *_: reply(200, {"count": 1, "value": TOKEN})) as served:
        yield served


@pytest.fixture
def terminal(tmp_path: Path) -> Path:
    """A folder with `registry-verifier` in it, as it is installed."""
    program = tmp_path / "registry-verifier"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m registry_verifier.command_line "$@"\n')
    program.chmod(0o755)
    return tmp_path


def _run(text: str, terminal: Path, api: Loopback, github: Loopback) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": f"{terminal}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "layers/registry_verifier"),
        "API_URL": api.url,
        "DIGEST": DIGEST,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner-token",
    }
    command = ["/bin/sh", "-c", text]
    return subprocess.run(command, cwd=terminal, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("text", "expected"), COMMANDS, ids=[text.split("\n")[0][:60] for text, _ in COMMANDS])
def test_a_command_prints_what_the_page_says(
    text: str, expected: str, terminal: Path, api: Api, github: Loopback
) -> None:
    if text.startswith("TOKEN=$(curl") and not shutil.which("curl"):
        pytest.skip("no curl here")
    done = _run(text, terminal, api, github)
    exits = re.search(r"# exit (\d)$", text, re.MULTILINE)
    assert done.returncode == int(exits[1] if exits else 0), done.stdout + done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    assert expected
    for line in expected.splitlines():
        pattern = re.compile(re.escape(line).replace("…", ".*") + r"\Z")
        assert any(map(pattern.match, lines)), f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize("status", [Status.FAILED, Status.PENDING, Status.UNKNOWN, Status.NO_POLICY, None])
def test_the_curl_of_the_page_refuses_everything_else(
    status: Status | None, terminal: Path, api: Api, github: Loopback
) -> None:
    api.stored.states[:] = [state(status)] if status else []
    [text] = [text for text, _ in COMMANDS if text.startswith("TOKEN=$(curl")]
    assert _run(text, terminal, api, github).returncode != 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize("answer", [reply(302, Location="/"), reply(200, b"<html>"), reply(204), reply(401)], ids=str)
def test_the_curl_of_the_page_refuses_what_is_no_gate(answer: Any, terminal: Path, github: Loopback) -> None:
    [text] = [text for text, _ in COMMANDS if text.startswith("TOKEN=$(curl")]
    with Loopback(lambda *_: answer) as other:
        assert _run(text, terminal, other, github).returncode != 0


# what it says


def test_the_workflow_uses_the_action_with_inputs_that_it_has() -> None:
    [workflow] = [yaml.safe_load(text) for language, text in BLOCKS if language == "yaml" and "runs-on" in text]
    job = workflow["jobs"]["deploy"]
    step = job["steps"][0]
    assert job["permissions"]["id-token"] == "write" and step["uses"].split("@")[0].endswith(f"/{ACTION.name}")
    required = {name for name, one in STEP["inputs"].items() if one.get("required")}
    assert required <= set(step["with"]) <= set(STEP["inputs"])
    assert not [one for one in job["steps"] if "${{" in one.get("run", "")]


def test_the_table_has_every_status_of_the_action_with_its_exit_code() -> None:
    rows = {(row[0], int(row[1])) for row in re.findall(r"^\| `([A-Z_]+)` \| (\d) \|", PAGE, re.MULTILINE)}
    codes = {(status.value, code) for status, code in EXIT.items()}
    extra = {("NO_VERDICT", command_status.NO_VERDICT)}
    assert rows == codes | extra | {("POLICY_NOT_HELD", 1), ("UNKNOWN", 2)}
    assert {word for word, _ in rows} == set(re.findall(r"[A-Z_]{6,}", STEP["outputs"]["status"]["description"]))


def test_the_parameters_are_the_templates() -> None:
    parameters = template.read()["Parameters"]
    assert {"GitHubOrganisations", "OidcAudience", "AdmissionAuth", "ApiAuth"} <= set(parameters)
    assert "MUTUAL_TLS" in parameters["AdmissionAuth"]["AllowedValues"]


def test_every_link_is_to_something_that_is_there() -> None:
    for link, place in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", PAGE):
        assert (ROOT / "docs" / link).exists()
        headings = [re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-") for line in _headings()]
        assert not place or place in headings


def _headings() -> list[str]:
    return [line.lstrip("#").strip() for line in PAGE.splitlines() if line.startswith("#")]


# its manifests


def test_the_proxy_serves_exactly_the_two_questions_of_clusters() -> None:
    front = manifest("ConfigMap")["data"]["default.conf"]
    paths = {one.path for one in operations.ALL if one.name in ("review_images", "gatekeeper")}
    assert set(re.findall(r"location = (\S+)", front)) == paths and front.count("location") == 2
    assert manifest("Provider")["spec"]["url"].endswith("/v1/gatekeeper")
    assert "TLSv1.3" in front and manifest("Service")["spec"]["ports"][0]["targetPort"] == 8443


def test_the_proxys_parts_fit_together() -> None:
    named = {one["kind"]: one["metadata"] for one in MANIFESTS}
    pod = manifest("Deployment")["spec"]["template"]
    service = f"https://{named['Service']['name']}.{named['Service']['namespace']}.svc/"
    assert manifest("Provider")["spec"]["url"].startswith(service)
    assert _kyverno_context()["review"]["apiCall"]["service"]["url"] == f"{service}v1/admission"
    assert pod["metadata"]["labels"] == manifest("Service")["spec"]["selector"]
    assert pod["metadata"]["labels"] == manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert {"configMap", "secret"} <= {key for volume in pod["spec"]["volumes"] for key in volume}
    assert pod["spec"]["volumes"][0]["configMap"]["name"] == named["ConfigMap"]["name"]


REGO = manifest("ConstraintTemplate")["spec"]["targets"][0]["rego"] if MANIFESTS else ""


def _violations(pod: dict[str, Any], provider: dict[str, Any], folder: Path, passes: list[str]) -> list[str]:
    """What the template says, with an `external_data` that answers as Gatekeeper makes it of the provider's answer."""
    (folder / "policy.rego").write_text(f"{REGO}\nexternal_data(_) = data.provider\n")
    (folder / "data.json").write_text(json.dumps({"provider": provider}))
    (folder / "input.json").write_text(json.dumps({"review": {"object": pod}, "parameters": {"pass": passes}}))
    files = ["--data", "policy.rego", "--data", "data.json", "--input", "input.json"]
    command = [str(OPA), "eval", "--v0-compatible", "--strict", "--format", "json", *files]
    command.append("data.verifiedimages.violation")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    [result] = json.loads(done.stdout)["result"]
    return [one["msg"] for one in result["expressions"][0]["value"]]


def _pod(*images: str, **more: list[str]) -> dict[str, Any]:
    kinds = {"containers": list(images), **more}
    return {"spec": {kind: [{"name": f"c{n}", "image": one} for n, one in enumerate(kinds[kind])] for kind in kinds}}


def _gatekeeper(*keys: str, down: bool = False) -> dict[str, Any]:
    """What Gatekeeper makes of the real answer: pairs of values and of errors, the status code, the system's error."""
    client = Client(operations.ALL, [state(Status.VERIFIED), state(Status.FAILED, digest=digest(2))])
    if down:
        client.stored.down = OUTAGE
    request = {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": {"keys": keys}}
    sent = client.post("/v1/gatekeeper", request)
    response = body(sent)["response"]
    items = response.get("items") or []
    return {
        "responses": [[one["key"], one.get("value")] for one in items if not one.get("error")],
        "errors": [[one["key"], one["error"]] for one in items if one.get("error")],
        "status_code": sent.status_code,
        "system_error": response.get("systemError", ""),
    }


@NEEDS_OPA
def test_gatekeepers_template_lets_verified_images_in(tmp_path: Path) -> None:
    pod = _pod(GOOD, initContainers=[GOOD], ephemeralContainers=[GOOD])
    assert _violations(pod, _gatekeeper(GOOD), tmp_path, []) == []


@NEEDS_OPA
@pytest.mark.parametrize("kind", ["containers", "initContainers", "ephemeralContainers"])
def test_gatekeepers_template_refuses_one_image_among_others(kind: str, tmp_path: Path) -> None:
    pod = _pod(**{"containers": [GOOD], kind: [GOOD, BAD]})
    [said] = _violations(pod, _gatekeeper(GOOD, BAD), tmp_path, [])
    assert said.startswith(f"{BAD} may not run: failed: ") and "IDENTITY_MISMATCH" in said


@NEEDS_OPA
@pytest.mark.parametrize(
    ("provider", "text"),
    [
        (_gatekeeper(GOOD, down=True), "may not run: store_unavailable"),
        ({"responses": None, "errors": None, "status_code": 500, "system_error": "no such host"}, "no such host"),
        ({"responses": [], "errors": [], "status_code": 403, "system_error": ""}, "nobody vouches for it"),
        ({"responses": [[GOOD, None]], "errors": [], "status_code": 200, "system_error": ""}, "nobody vouches"),
        ({"responses": [[BAD, "verified"]], "errors": [], "status_code": 200, "system_error": ""}, "nobody vouches"),
        ({"responses": [[GOOD, "no"]], "errors": [], "status_code": 200, "system_error": ""}, "nobody vouches"),
        ({}, "nobody vouches for it"),
    ],
    ids=["table down", "unreachable", "forbidden", "no value", "another image", "another value", "nothing"],
)
def test_gatekeepers_template_refuses_without_a_yes(provider: dict[str, Any], text: str, tmp_path: Path) -> None:
    [said] = _violations(_pod(GOOD), provider, tmp_path, [])
    assert text in said


@NEEDS_OPA
def test_gatekeepers_template_refuses_a_tag(tmp_path: Path) -> None:
    [said] = _violations(_pod(f"{IMAGE}:v1"), _gatekeeper(f"{IMAGE}:v1"), tmp_path, [])
    assert "no digest" in said


@NEEDS_OPA
def test_gatekeepers_template_lets_pass_what_it_is_told_to(tmp_path: Path) -> None:
    passes = manifest("VerifiedImages")["spec"]["parameters"]["pass"]
    pod = _pod("registry.k8s.io/pause:3.10", "registry.k8s.io.example.org/pause:3.10")
    [said] = _violations(pod, _gatekeeper(GOOD), tmp_path, passes)
    assert said.startswith("registry.k8s.io.example.org/")


# Kyverno


def _kyverno_rule() -> dict[str, Any]:
    [rule] = manifest("ClusterPolicy")["spec"]["rules"]
    return dict(rule)


def _kyverno_context() -> dict[str, Any]:
    return {one["name"]: one for one in _kyverno_rule()["context"]}


def _filled(text: str, variables: dict[str, Any]) -> Any:
    """Kyverno's substitution: one expression alone keeps its type, inside of a text it becomes text."""
    whole = re.fullmatch(r"\{\{(.*?)\}\}", text)
    if whole:
        return jmespath.search(whole[1].strip(), variables)
    return re.sub(r"\{\{(.*?)\}\}", lambda found: str(jmespath.search(found[1].strip(), variables)), text)


def _kyverno_asks(pod: dict[str, Any]) -> list[str]:
    asked = jmespath.search(_kyverno_context()["asked"]["variable"]["jmesPath"], {"request": {"object": pod}})
    return list(asked)


def _kyverno_says(pod: dict[str, Any], client: Client) -> str | None:
    """The message that the pod is refused with; None where it is let in, or there is nothing to ask."""
    variables: dict[str, Any] = {"asked": _kyverno_asks(pod)}
    rule = _kyverno_rule()
    [condition] = rule["preconditions"]["all"]
    assert (condition["operator"], condition["value"]) == ("GreaterThan", 0)
    if not _filled(condition["key"], variables) > 0:
        return None
    [data] = _kyverno_context()["review"]["apiCall"]["data"]
    sent = client.post("/v1/admission", {data["key"]: _filled(data["value"], variables)})
    if sent.status_code != 200:
        return f"error {sent.status_code}"
    variables["review"] = json.loads(sent.body)
    [deny] = rule["validate"]["deny"]["conditions"]["any"]
    assert deny["operator"] == "NotEquals"
    refused = _filled(deny["key"], variables) != deny["value"]
    return str(_filled(rule["validate"]["message"], variables)) if refused else None


@pytest.fixture
def client() -> Client:
    return Client(operations.ALL, [state(Status.VERIFIED), state(Status.FAILED, digest=digest(2))])


def test_kyvernos_rule_lets_verified_images_in(client: Client) -> None:
    assert _kyverno_says(_pod(GOOD, initContainers=[GOOD]), client) is None


@pytest.mark.parametrize("kind", ["containers", "initContainers", "ephemeralContainers"])
def test_kyvernos_rule_refuses_one_image_among_others(client: Client, kind: str) -> None:
    said = _kyverno_says(_pod(**{"containers": [GOOD], kind: [GOOD, BAD]}), client)
    assert said == f"may not run: {BAD}: failed"


@pytest.mark.parametrize("image", [f"{IMAGE}:v1", f"docker.io/library/nginx@{DIGEST}", f"{IMAGE}@{digest(3)}", ""])
def test_kyvernos_rule_refuses_what_has_no_verdict(client: Client, image: str) -> None:
    assert _kyverno_says(_pod(image), client)


def test_kyvernos_rule_lets_pass_what_it_is_told_to(client: Client) -> None:
    assert _kyverno_says(_pod("registry.k8s.io/pause:3.10"), client) is None
    assert _kyverno_says(_pod("registry.k8s.io.example.org/pause:3.10"), client)


def test_kyvernos_rule_refuses_a_pod_with_too_many_images(client: Client) -> None:
    assert _kyverno_says(_pod(*[f"{IMAGE}:v{n}" for n in range(101)]), client) == "error 400"


@pytest.mark.parametrize("review", [{}, {"allowed": None}, {"allowed": "true"}, {"allowed": False}, {"message": "x"}])
def test_kyvernos_condition_holds_for_nothing_but_true(review: dict[str, Any]) -> None:
    [deny] = _kyverno_rule()["validate"]["deny"]["conditions"]["any"]
    assert _filled(deny["key"], {"review": review}) is not True and deny["value"] is True


def test_kyverno_fails_closed() -> None:
    spec = manifest("ClusterPolicy")["spec"]
    assert spec["webhookConfiguration"]["failurePolicy"] == "Fail"
    assert _kyverno_rule()["validate"]["failureAction"] == "Enforce"
    assert "default" not in _kyverno_context()["review"]["apiCall"]
