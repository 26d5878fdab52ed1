"""Open Policy Agent's own command: a policy in Rego and a document in, what it says of them out.

`opa` comes with an optional layer, or is on PATH; it is looked for when a policy needs it. It is the engine that
policy-controller has built in, held to the language of that version (https://www.openpolicyagent.org/docs/cli), Rego
v0, less what asks the network or the environment. Each call is a process with limits: a policy that goes on for ever
or eats all memory costs a few seconds and no more.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from registry_verifier.models import Json

ASKS_THE_WORLD = frozenset({"http.send", "net.lookup_ip_addr", "opa.runtime"})
"""the built-in functions that would reach the network or read the environment"""

LANGUAGE = "v1.4.0"
"""the version of OPA that policy-controller 0.13 has built in"""

SECONDS = 10.0
"""that a call may take; a document of 16 MB takes one to three"""
ANSWER_LIMIT = 16 << 20
"""bytes that a call may answer"""

_MODULE = "sigstore.rego"
_CAPABILITIES = "capabilities.json"
# Go reserves most of a gigabyte of addresses before it uses any: two are less than they seem. Files count in half KiB.
_LIMITED = f'ulimit -v {2 << 20}; ulimit -t {2 * SECONDS:.0f}; ulimit -f {ANSWER_LIMIT >> 9}; exec "$@"'


class OpaError(Exception):
    """A policy that OPA does not take, or an OPA that does not answer; `line` of the policy counts from 1."""

    def __init__(self, text: str, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


class OpaUnavailable(OpaError):
    """An OPA that is not there, does not start, or does not come to an end: it says nothing about the document."""


def parse(policy: str) -> Any:
    """The syntax tree of a policy; OpaError where it is no Rego."""
    options = ["--v0-compatible", "--format=json", "--json-include=-comments,-locations"]
    return _call(_found(), ["parse", *options, _MODULE], {_MODULE: policy}, errors=subprocess.STDOUT)


def check(policy: str) -> None:
    """OpaError where a policy does not compile, or calls a function that is not to be called."""
    opa = _found()
    options = ["--v0-compatible", "--format=json", f"--capabilities={_CAPABILITIES}"]
    files = {_MODULE: policy, _CAPABILITIES: _capabilities(opa)}
    _call(opa, ["check", *options, _MODULE], files, errors=subprocess.STDOUT)


def evaluate(policy: str, rule: str, document: Json) -> list[Any]:
    """What a rule of the package `sigstore` says of the document: one value, or none where it is undefined.

    OpaError where it cannot be evaluated, OpaUnavailable where nobody knows, since OPA was stopped or is not there.
    """
    opa = _found()
    options = ["--v0-compatible", "--format=json", f"--capabilities={_CAPABILITIES}", f"--data={_MODULE}"]
    files = {_MODULE: policy, _CAPABILITIES: _capabilities(opa)}
    command = ["eval", *options, "--stdin-input", f"answer = data.sigstore.{rule}"]
    said = _call(opa, command, files, written(document), errors=subprocess.DEVNULL)
    results = said.get("result", []) if isinstance(said, dict) else [said]
    try:
        return [result["bindings"]["answer"] for result in results]
    except (KeyError, TypeError):
        raise OpaUnavailable("opa answers what cannot be read") from None


def written(document: Json) -> bytes:
    """A document as OPA reads it; OpaError where it cannot be written."""
    try:
        return json.dumps(document, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise OpaError("the document cannot be written as json") from None


def _found() -> str:
    opa = shutil.which("opa")
    if opa is None:
        raise OpaUnavailable("rego needs the command opa: deploy the layer with RegoSupport=true, or put opa on PATH")
    return str(Path(opa).absolute())


@functools.lru_cache(maxsize=4)
def _capabilities(opa: str) -> str:
    """What a policy may use, as this OPA writes it."""
    said = _call(opa, ["capabilities", f"--version={LANGUAGE}"], {}, errors=subprocess.DEVNULL)
    if not isinstance(said, dict) or not isinstance(functions := said.get("builtins"), list):
        raise OpaUnavailable("opa answers what cannot be read")
    allowed = [f for f in functions if isinstance(f, dict) and f.get("name") not in ASKS_THE_WORLD]
    return json.dumps(said | {"builtins": allowed, "allow_net": []})


def _call(opa: str, command: list[str], files: Mapping[str, str], document: bytes = b"", *, errors: int) -> Any:
    """What the command prints, as JSON; None where it is content and prints nothing."""
    with tempfile.TemporaryDirectory(prefix="opa-") as folder:
        try:
            for name, content in files.items():
                (Path(folder) / name).write_text(content, encoding="utf-8")
            with (Path(folder) / "answer").open("w+b") as answer:
                code = _run([opa, *command], folder, document, answer, errors)
                answer.seek(0)
                return _read(answer.read(ANSWER_LIMIT), code)
        except UnicodeEncodeError:
            raise OpaError("the policy is not Unicode") from None
        except OSError as error:
            raise OpaUnavailable(f"opa could not be run: {error.strerror or type(error).__name__}") from error


def _run(command: list[str], folder: str, document: bytes, answer: IO[bytes], errors: int) -> int:
    """Run it within its limits and with an empty environment; its exit code."""
    limited = ["/bin/sh", "-c", _LIMITED, "sh", *command]
    try:
        done = subprocess.run(
            limited, cwd=folder, env={}, input=document, stdout=answer, stderr=errors, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise OpaUnavailable(f"takes longer than {SECONDS:g} seconds") from None
    return done.returncode


def _read(answer: bytes, code: int) -> Any:
    if len(answer) >= ANSWER_LIMIT:
        raise OpaUnavailable(f"opa answers more than {ANSWER_LIMIT >> 20} MiB")
    try:
        said = json.loads(answer) if answer or code else None
    except (ValueError, RecursionError):
        raise OpaUnavailable(
            f"opa ends with code {code} and answers {answer[:80].decode(errors='replace')!r}"
        ) from None
    if code or (isinstance(said, dict) and "errors" in said):
        raise _first(said, code)
    return said


def _first(said: Any, code: int) -> OpaError:
    """The first error that OPA tells of."""
    try:
        error = said["errors"][0]
        text, row = str(error["message"]), (error.get("location") or {}).get("row", 1)
    except (AttributeError, IndexError, KeyError, TypeError):
        return OpaUnavailable(f"opa ends with code {code} and does not say why")
    name = text.removeprefix("undefined function ")
    if name in ASKS_THE_WORLD:
        text = f"{name} is refused: a condition is about the document alone"
    return OpaError(text, row if isinstance(row, int) and row > 0 else 1)
