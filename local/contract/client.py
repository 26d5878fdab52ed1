"""A typed client, generated from the served OpenAPI file: it is checked by mypy, and used."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path

from local.contract.fuzz import TOOLS
from local.project import NAME
from local.publishes import Published
from local.template import ROOT

PACKAGE = "registry_verifier_client"
_SECONDS = 300
_GENERATOR = "content_type_overrides:\n  image/svg+xml: text/html\n"  # it knows no pictures; a text will do
_TYPES = f"""\
[mypy]
strict = true
cache_dir = .types
explicit_package_bases = true
[mypy-{PACKAGE}.client]
ignore_errors = true
"""
"""`client` is the generator's own, the same for every API, and not typed strictly"""
_USER = Path(__file__).with_name("use.py")


def run(api_url: str, known: Published, folder: Path) -> bool:
    """Generate, check, use; what goes wrong is printed. The value is whether all of it went well."""
    (folder / "generator.yaml").write_text(_GENERATOR)
    (folder / "mypy.ini").write_text(_TYPES)
    generate = [
        "openapi-python-client",
        "generate",
        "--fail-on-warning",
        "--config",
        "generator.yaml",
        "--meta",
        "none",
    ]
    user = str(_USER)
    asked = json.dumps({"api_url": api_url, "name": NAME, **asdict(known)})
    return (
        _done([*generate, "--url", f"{api_url}/openapi.json", "--output-path", PACKAGE], folder)
        and _done(["mypy", "-p", PACKAGE], folder)
        and _done(["mypy", user], folder)
        and _done(["python", user, asked], folder)
    )


def _done(command: list[str], folder: Path) -> bool:
    paths = f"{folder}:{ROOT}"
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "PYTHONPATH": paths, "MYPYPATH": paths}
    program = [str(TOOLS / command[0]), *command[1:]]
    return subprocess.run(program, cwd=folder, env=environment, timeout=_SECONDS, check=False).returncode == 0
