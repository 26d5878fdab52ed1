"""schemathesis: each operation of the served OpenAPI file, asked with what it allows and with what it does not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx

from local.project import NAME
from local.publishes import Published
from local.sigstore.protojson import Json
from local.template import ROOT

TOOLS = ROOT / ".venv-contract" / "bin"
SEED = 20261122
EXAMPLES = 25
_SECONDS = 600
RULES = Path(__file__).with_name("schemathesis.toml")
_HOOKS = Path(__file__).with_name("hooks.py")
_TAKEN = ["2xx", 400, 401, 403, 404, 409, "5xx"]
"""schemathesis's own list, and 400"""
_LIST = """
[[operations]]
include-operation-id = {name}
checks.positive_data_acceptance.expected-statuses = {taken}
"""
_EVERY = 0.5
"""how often a parameter is one that means something here"""


def run(api_url: str, known: Published, folder: Path) -> bool:
    """Ask everything; what was found is printed as schemathesis tells it. The value is whether all of it holds."""
    document = opened(httpx.get(f"{api_url}/openapi.json").json())
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "schemathesis.toml").write_text(RULES.read_text() + lists(document) + dictionaries(known))
    (folder / "hooks.py").write_text(_HOOKS.read_text())
    options = ["--seed", SEED, "--max-examples", EXAMPLES, "--no-color"]
    command = [TOOLS / "st", "run", "openapi.json", "--url", api_url, *options]
    done = subprocess.run(list(map(str, command)), cwd=folder, timeout=_SECONDS, check=False)
    return done.returncode == 0


def opened(document: Json) -> Json:
    """The same file without who may ask: here everybody may, but for what GitHub's tokens open; others test that."""
    paths = {path: item for path, item in document["paths"].items() if not path.startswith("/oidc/")}
    for item in paths.values():
        for operation in item.values():
            operation.pop("security", None)
    return document | {"paths": paths}


def lists(document: Json) -> str:
    """May answer 400 to what the file allows: a cursor is only taken where it was handed out, with the same filters."""
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    names = [one["operationId"] for one in operations if any(p["name"] == "cursor" for p in one.get("parameters", ()))]
    return "".join(_LIST.format(name=json.dumps(name), taken=json.dumps(_TAKEN)) for name in names)


def dictionaries(known: Published) -> str:
    """Values that are in the table, for the parameters that name them."""
    digests = [known.verified, known.failed, known.waiting, known.mended]
    owner, _, name = NAME.partition("/")
    values = {
        "digest": digests,
        "owner": [owner],
        "name": [name],
        "tag": ["latest", "v0.9.0"],
        "image": [f"ghcr.io/{NAME}"],
    }
    bound = {
        "path.owner": "owner",
        "path.name": "name",
        "path.digest": "digest",
        "path.tag": "tag",
        "query.image": "image",
        "body.image": "image",
        "body.digest": "digest",
    }
    tables = [f"\n[dictionaries.{name}]\nvalues = {json.dumps(texts)}\n" for name, texts in values.items()]
    rows = [f'"{place}" = {{ dictionary = "{name}", probability = {_EVERY} }}\n' for place, name in bound.items()]
    return "".join([*tables, "\n[parameters]\n", *rows])
