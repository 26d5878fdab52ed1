"""The drawing that the code is held to: floors, arrows that point down only, and one outside package per wall.

A new room goes into `ROOMS`; a new import that the table does not allow is a decision, to be taken here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "layers/registry_verifier/registry_verifier"
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))

MAY_IMPORT = {
    "words": {"words"},
    "facts": {"words", "facts"},
    "stories": {"words", "facts", "stories"},
    "walls": {"words", "facts", "walls"},
    "wiring": {"words", "facts", "stories", "walls", "wiring"},
}
"""floor -> the floors that it may import from. Stories meet walls through Protocols, in wiring and in the handlers."""

THINKS = {"words", "facts", "stories"}
"""the floors without I/O"""

HARMLESS = frozenset(
    {
        "__future__",
        "abc",
        "asyncio",
        "base64",
        "binascii",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
    }
    | {
        "difflib",
        "email.utils",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "hmac",
        "http",
        "itertools",
        "json",
        "math",
    }
    | {
        "operator",
        "re",
        "shlex",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "urllib.parse",
        "zlib",
    }
)
"""what a room that thinks may use of the standard library; asyncio to wait for the rooms behind Protocols"""


@dataclass(frozen=True)
class Room:
    """One module or folder of the library."""

    floor: str
    packages: frozenset[str] = field(default_factory=frozenset)
    """the outside packages that it may import"""
    standard: frozenset[str] = field(default_factory=frozenset)
    """what a room that thinks uses of the standard library beyond `HARMLESS`, each with its reason in the table"""


def room(floor: str, packages: str = "", *, standard: str = "") -> Room:
    return Room(floor, frozenset(packages.split()), frozenset(standard.split()))


ROOMS = {
    # words: the nouns and the errors
    "answer": room("words"),
    "candidate": room("words"),
    "listing": room("words"),
    "errors": room("words", standard="traceback"),  # where a foreign error was, without its text
    "models": room("words"),
    "reasons": room("words"),
    "results": room("words"),
    "settings": room("words", standard="pathlib"),  # a path as a value; nothing is opened
    "strict_json": room("words"),
    "watched": room("words"),
    # facts: bytes and values in, values or errors out
    "badge": room("facts", standard="html"),  # to escape what a badge says
    "canonical_base64": room("facts"),
    "cloud_event": room("facts"),
    "drift": room("facts"),
    "follow_up": room("facts"),
    "grace": room("facts"),
    "history": room("facts"),
    "identity": room("facts", "cryptography"),
    "image_reference": room("facts"),
    "incident": room("facts"),
    "incident_record": room("facts"),
    "judgement": room("facts"),
    "look_message": room("facts"),
    "manifest": room("facts"),
    "manifest_kind": room("facts"),
    "measures": room("facts"),
    "message": room("facts"),
    "mrkdwn": room("facts"),
    "opa": room(
        "facts", standard="pathlib shutil subprocess tempfile"
    ),  # text in, JSON out: the evaluator is a process
    "policy": room("facts", "cryptography lark re2 yaml"),
    "proof": room("facts", "cryptography rfc3161_client rfc8785 sigstore sigstore_models"),
    "provenance": room("facts"),
    "publish_event": room("facts"),
    "question": room("facts"),
    "report": room("facts"),
    "reproduce": room("facts"),
    "seal": room("facts"),
    "shapes": room("facts", "typing_extensions"),
    "signing_key": room("facts", "cryptography"),
    "statement": room("facts"),
    "status_page": room("facts", "jinja2 markupsafe"),
    "stored_document": room("facts"),
    "storm": room("facts"),
    "storm_message": room("facts"),
    "trust_root_record": room("facts"),
    "trusted_root": room("facts", "cryptography"),
    "verdict_document": room("facts"),
    "verdict_record": room("facts"),
    "verdict_view": room("facts"),
    "verification_id": room("facts"),
    "verification_summary": room("facts"),
    "watch_record": room("facts"),
    "webhook": room("facts"),
    # stories: told against Protocols
    "coverage": room("stories"),
    "newest_root": room("stories", standard="time"),  # a clock, to ask the store now and then
    "evidence": room("stories"),
    "family": room("stories"),
    "missed": room("stories"),
    "no_image": room("stories"),
    "messenger": room("stories"),
    "notify": room("stories"),
    "out_of_sight": room("stories"),
    "ports": room("stories"),
    "query": room("stories", standard="pathlib"),  # the OpenAPI file lies beside the modules
    "receive": room("stories"),
    "refresh": room("stories"),
    "storms": room("stories"),
    "sweep": room("stories"),
    "tags": room("stories"),
    "verdict": room("stories"),
    "verify": room("stories"),
    "verify_message": room("stories"),
    # walls: one thing on the other side of each
    "answer_table": room("walls"),
    "api_client": room("walls", "botocore httpx"),
    "aws_client": room("walls", "botocore"),
    "configuration": room("walls"),
    "github": room("walls", "cramjam httpx jwt"),
    "dynamo_table": room("walls", "botocore"),
    "event_bus": room("walls"),
    "image_queue": room("walls"),
    "incident_table": room("walls"),
    "key_store": room("walls", "botocore"),
    "kms_signer": room("walls", "botocore"),
    "registry": room("walls", "httpx"),
    "secret_store": room("walls"),
    "slack": room("walls", "httpx"),
    "trust_roots": room("walls"),
    "trust_root_store": room("walls", "botocore"),
    "tuf_repository": room("walls", "httpx tuf"),
    "verdict_table": room("walls"),
    "watch_table": room("walls"),
    # wiring: knows them all
    "command_line": room("wiring"),
    "command_policy": room("wiring"),
    "command_slack": room("wiring"),
    "command_status": room("wiring"),
    "command_trust_root": room("wiring"),
    "command_verify": room("wiring"),
    "github_wiring": room("wiring"),
    "query_wiring": room("wiring"),
    "sweep_wiring": room("wiring"),
    "trust_root_wiring": room("wiring"),
    "wiring": room("wiring"),
}

INIT_WITHOUT = {
    "receive": {"sigstore", "httpx", "pydantic", "cryptography", "botocore.session"},
    "query": {"sigstore", "httpx", "jinja2", "cryptography", "lark", "pydantic"},
    "notify": {"sigstore"},
}
"""function -> what its INIT must not import, by way of any room: each costs a cold start more than the handler does"""


def files() -> list[Path]:
    return sorted(path for path in LIBRARY.rglob("*.py") if path != LIBRARY / "__init__.py")


def modules() -> list[Path]:
    """The files of the rooms in the table; a room that is missing there fails the one test that says so."""
    return [path for path in files() if name_of(path) in ROOMS]


def name_of(path: Path) -> str:
    """The room that a file of the library belongs to."""
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def described(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    """Every module imported anywhere in a file, in full; `from a import b` counts as `a` and as `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports hide where an arrow points"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top(name: str) -> str:
    return name.partition(".")[0]


def neighbours(path: Path) -> set[str]:
    """The other rooms that this file imports from."""
    found = {name.split(".")[1] for name in imports(path) if top(name) == "registry_verifier"}
    return found - {name_of(path)}


def outside(path: Path) -> set[str]:
    """The packages from elsewhere; type stubs are not there at run time and have a test of their own."""
    ours = {"registry_verifier"} | sys.stdlib_module_names
    return {top(name) for name in imports(path) if top(name) not in ours and not name.startswith("types_boto3")}


def is_harmless(name: str, room_: Room) -> bool:
    allowed = HARMLESS | room_.standard
    return name in allowed or any(name.startswith(f"{module}.") for module in allowed)


def test_the_table_has_every_room_and_no_other() -> None:
    assert {name_of(path) for path in files()} == ROOMS.keys()


@pytest.mark.parametrize("path", modules(), ids=described)
def test_arrows_point_down(path: Path) -> None:
    floor = ROOMS[name_of(path)].floor
    wrong = {name for name in neighbours(path) & ROOMS.keys() if ROOMS[name].floor not in MAY_IMPORT[floor]}
    assert not wrong, f"{floor} may not import {wrong}"


def test_no_rooms_import_each_other_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {name: set() for name in ROOMS}
    for path in modules():
        arrows[name_of(path)] |= neighbours(path)
    while leaves := {name for name, targets in arrows.items() if not targets & arrows.keys()}:
        arrows = {name: targets for name, targets in arrows.items() if name not in leaves}
    assert not arrows, "these are in a circle or lead into one"


@pytest.mark.parametrize("path", modules(), ids=described)
def test_a_room_imports_only_its_own_packages(path: Path) -> None:
    assert outside(path) <= ROOMS[name_of(path)].packages


@pytest.mark.parametrize("name", sorted(ROOMS))
def test_the_table_names_no_package_that_is_not_used(name: str) -> None:
    used = {package for path in modules() if name_of(path) == name for package in outside(path)}
    assert used == ROOMS[name].packages


@pytest.mark.parametrize("path", [p for p in modules() if ROOMS[name_of(p)].floor in THINKS], ids=described)
def test_a_room_that_thinks_touches_nothing(path: Path) -> None:
    standard = {name for name in imports(path) if top(name) in sys.stdlib_module_names}
    assert not {name for name in standard if not is_harmless(name, ROOMS[name_of(path)])}
    opened = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not opened & {"open", "input", "print", "__import__", "exec", "eval"}


@pytest.mark.parametrize("path", [*modules(), *HANDLERS], ids=described)
def test_nobody_leans_on_private_parts(path: Path) -> None:
    foreign = {name for name in imports(path) if top(name) not in {"registry_verifier", "__future__"}}
    assert not {name for name in foreign if any(part.startswith("_") for part in name.split("."))}


def test_of_sigstore_only_what_needs_no_network() -> None:
    used = {".".join(n.split(".")[:2]) for p in modules() for n in imports(p) if top(n) == "sigstore"}
    assert used <= {"sigstore.errors", "sigstore.hashes", "sigstore.models", "sigstore.verify"}


@pytest.mark.parametrize("path", [*modules(), *HANDLERS], ids=described)
def test_type_stubs_are_imported_for_types_only(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in names if name.startswith("types_boto3")}


@pytest.mark.parametrize("path", HANDLERS, ids=described)
def test_a_handler_imports_the_library_and_powertools(path: Path) -> None:
    assert outside(path) <= {"aws_lambda_powertools"}


@pytest.mark.parametrize("function", sorted(INIT_WITHOUT))
def test_init_stays_light(function: str) -> None:
    code = f"import sys, functions.{function}.handler; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": f"{ROOT}:{LIBRARY.parent}", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & INIT_WITHOUT[function]
