"""The pages that lead through a task: every command in them runs, and prints what the page says that it prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import pytest

from local import template
from local.registry.server import LocalRegistry
from local.signing import command as signing
from local.sigstore.private_sigstore import machine_sigstore
from registry_verifier.reasons import Reason, Status
from registry_verifier.watched import TagPointer
from tests.conftest import ROOT
from tests.library.verdicts import DIGEST, IMAGE, NOW, state
from tests.local.router_api import Api

DOCS = ROOT / "docs"
CONNECT, FAILURE, POLICY = (
    DOCS / f"{name}.md" for name in ("connect-a-repository", "read-a-failure", "write-a-policy")
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"# exit (\d)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One block of code."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall(page.read_text())]


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the page's policy, and a `registry-verifier` that knows a registry and a Sigstore here."""
    folder = tmp_path_factory.mktemp("terminal")
    [policy] = [block.text for block in blocks(POLICY) if block.language == "yaml"]
    (folder / "policy.yaml").write_text(policy)
    machine_sigstore().write_trusted_root(folder / "root.json")
    with LocalRegistry() as registry:
        _publish(registry.url, folder)
        _wrap(folder, registry.url)
        yield folder


def _publish(url: str, folder: Path) -> None:
    (folder / "bom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}))
    for tag in ("v1", "v2", "v3"):
        signing.main(["push", f"acme/app:{tag}", "--registry", url, "--content", tag])
    signing.main(["sign", "acme/app:v1", "--registry", url])
    sbom = ["--type", "https://cyclonedx.org/bom", "--predicate", str(folder / "bom.json")]
    signing.main(["attest", "acme/app:v1", "--registry", url, *sbom])
    elsewhere = "acme/app/.github/workflows/release.yml@refs/heads/fix"
    signing.main(["sign", "acme/app:v2", "--registry", url, "--workflow", elsewhere])


def _wrap(folder: Path, url: str) -> None:
    """What a user's machine has by default, the public Sigstore and GHCR, is local here."""
    (folder / "bin").mkdir()
    program = folder / "bin" / "registry-verifier"
    real = f'exec {shlex.quote(sys.executable)} -m registry_verifier.command_line "$@"'
    root = f"--trusted-root {shlex.quote(str(folder / 'root.json'))}"
    program.write_text(
        f'#!/bin/sh\ncase "$1 $2" in\n"policy test") {real} {root};;\n'
        f"verify*) {real} {root} --registry-endpoint ghcr.io={url};;\n*) {real};;\nesac\n"
    )
    program.chmod(0o755)


def _run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    library = ROOT / "layers/registry_verifier"
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(library)}
    command = ["/bin/sh", "-c", text]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _expected(text: str) -> Iterator[re.Pattern[str]]:
    """A pattern for each line of the page, in which `…` stands for what differs."""
    for line in text.splitlines():
        yield re.compile(re.escape(line).replace("…", ".*") + r"\Z")


@pytest.mark.parametrize("page", [CONNECT, FAILURE, POLICY], ids=lambda page: page.stem)
def test_every_command_of_a_page_does_what_the_page_says(page: Path, terminal: Path) -> None:
    said = ""
    for block in blocks(page):
        if block.language == "sh":
            done = _run(terminal, block.text)
            exits = _EXIT.findall(block.text)
            assert done.returncode == int(exits[-1] if exits else 0), done.stdout + done.stderr
            said = done.stdout + done.stderr
        if block.language == "text":
            lines = said.splitlines()
            for pattern in _expected(block.text):
                assert any(map(pattern.match, lines)), f"{pattern.pattern}\n{said}"


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_every_page_that_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_explained(reason: Reason) -> None:
    assert f"`{reason.value}`" in FAILURE.read_text()


def _aws_commands() -> list[list[str]]:
    lines = (line for block in blocks(CONNECT) if block.language == "aws" for line in block.text.splitlines())
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize("command", _aws_commands(), ids=lambda command: command[4])
def test_aws_knows_the_command_and_its_options(command: list[str]) -> None:
    _, service, operation, *options = command
    model = botocore.session.get_session().get_service_model(service)
    name = "".join(part.capitalize() for part in operation.split("-"))
    shape = model.operation_model(name).input_shape
    used = {"".join(p.capitalize() for p in o[2:].split("-")) for o in options if o.startswith("--")}
    assert shape and used and used <= set(shape.members)


def test_the_hook_is_one_that_receive_understands() -> None:
    [line] = [block.text for block in blocks(CONNECT) if block.language == "gh"]
    _, _, path, *options = shlex.split(line)
    given = dict(option.split("=", 1) for option in options if "=" in option)
    assert re.fullmatch(r"repos/[\w-]+/[\w-]+/hooks", path) and options[:2] == ["--method", "POST"]
    assert (given["name"], given["events[]"], given["config[content_type]"]) == ("web", "package", "json")
    assert {"config[url]", "config[secret]"} <= given.keys()


def test_the_first_verdict_is_asked_for_as_the_page_says(terminal: Path) -> None:
    [line] = [block.text for block in blocks(CONNECT) if block.language == "status"]
    with Api(state(Status.VERIFIED)) as api:
        api.stored.pointers.append(TagPointer(IMAGE, "v1", DIGEST, NOW))
        done = _run(terminal, f"API_URL={api.url}\n{line}")
    assert (done.returncode, done.stdout.split()[0]) == (0, "VERIFIED"), done.stderr


def test_every_parameter_that_is_to_be_given_is_the_templates() -> None:
    rows = [line for line in CONNECT.read_text().splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named and named <= set(template.read()["Parameters"])
