"""`registry-verifier policy check` and `policy test`: what is wrong with policy files, and what they would change."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from registry_verifier import configuration, report, strict_json
from registry_verifier.errors import BadRequest
from registry_verifier.judgement.simulation import Replay, Simulation
from registry_verifier.models import Json
from registry_verifier.policy import lint
from registry_verifier.policy.load import PolicySet

HOLDS, FLIPS, BAD, UNTOLD = 0, 1, 2, 3
_RESULT_LIMIT = 64 << 20
_SHIPPED = Path(__file__).parents[2] / "configuration" / "trusted_root.json"
_CHECK = """\
exit codes: 0 every file loads, 2 one does not (with --strict: or there is a warning)
what each warning means: docs/policy-warnings.md"""
_TEST = """\
RESULT is a verdict as `registry-verifier verify --output json` prints it or the API answers with, or a list of such
exit codes: 0 nothing would change, 1 a status would, 2 bad usage or a policy that does not load, 3 nothing would as far
as can be told, and something cannot
example: registry-verifier policy test new.yaml --against verdict-1.json verdict-2.json"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # noqa: SLF001 - argparse has no other name for it
    """Add `policy` and its commands."""
    raw = argparse.RawDescriptionHelpFormatter
    policy = commands.add_parser("policy", help="work with policy files").add_subparsers(
        required=True, metavar="COMMAND"
    )
    say = "load policy files; say what is wrong and what is likely to be, with line numbers"
    check = policy.add_parser("check", help=say, description=say, epilog=_CHECK, formatter_class=raw)
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument("--strict", action="store_true", help="take warnings for errors")
    check.set_defaults(run=_check)
    say = "judge stored verdicts again by these policy files, and say which would change"
    test = policy.add_parser("test", help=say, description=say, epilog=_TEST, formatter_class=raw)
    test.add_argument("files", nargs="+", type=Path, metavar="FILE")
    test.add_argument("--against", nargs="+", type=Path, required=True, metavar="RESULT")
    say = "the one that the results were made with; default: Sigstore's public one"
    test.add_argument("--trusted-root", type=Path, default=_SHIPPED, metavar="FILE", help=say)
    test.add_argument("--output", choices=("text", "json"), default="text")
    test.set_defaults(run=_test)


def _check(options: argparse.Namespace) -> int:
    loaded = configuration.checked(configuration.policies(options.files))
    warnings = list(_warnings(loaded))
    for warning in warnings:
        print(warning)
    for policy in loaded.policies:
        print(f"{policy.file}: {policy.name}: loads")
    for root in loaded.trust_roots:
        print(f"{root.file}: TrustRoot {root.name}: loads")
    return BAD if warnings and options.strict else HOLDS


def _warnings(loaded: PolicySet) -> Iterator[str]:
    for policy in loaded.policies:
        placed = [(loaded.place(policy, advice.path), advice) for advice in lint.advise(policy, loaded.policies)]
        for place, advice in sorted(placed, key=lambda pair: (pair[0].line, pair[0].column)):
            where = f"{policy.file}:{place.line}:{place.column}"
            yield f"{where}: warning: {report.printable(f'{advice.path}: {advice.text}')} [{advice.code}]"


def _test(options: argparse.Namespace) -> int:
    loaded, root = configuration.policies(options.files), configuration.trusted_root(options.trusted_root)
    configured = configuration.configured(loaded, root)
    simulated = Simulation(configured.policies, configured.roots)
    replays = [replay for file in options.against for replay in _replays(simulated, file)]
    print(json.dumps(_summary(replays), indent=2) if options.output == "json" else "\n".join(_lines(replays)))
    if any(one.flips for one in replays):
        return FLIPS
    return UNTOLD if any(one.after is None for one in replays) else HOLDS


def _replays(simulated: Simulation, file: Path) -> Iterator[Replay]:
    for number, document in enumerate(_results(file), start=1):
        try:
            yield simulated.replay(document)
        except BadRequest as error:
            raise BadRequest(f"{file}: {number}: {error}") from error


def _results(file: Path) -> list[Json]:
    """The verdicts in a file: one, a list, or the API's `items`."""
    try:
        raw = file.read_bytes()
        if len(raw) > _RESULT_LIMIT:
            raise ValueError(f"has {len(raw)} bytes (expected at most {_RESULT_LIMIT})")
        value = strict_json.parse(raw)
    except OSError as error:
        raise BadRequest(f"cannot read the result {file}: {error.strerror}") from error
    except ValueError as error:
        raise BadRequest(f"result {file}: {error}") from error
    found = value.get("items", [value]) if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadRequest(f"result {file} is no verdict and no list of verdicts")
    return found


def _lines(replays: Sequence[Replay]) -> Iterator[str]:
    for one in replays:
        yield from _line(one)
    counts = _counts(replays)
    said = f"{counts['flip']} would flip, {counts['stay']} would stay, {counts['untold']} cannot be told"
    yield f"{len(replays)} verdicts: {said}"


def _line(one: Replay) -> Iterator[str]:
    name = f"{one.image}@{one.digest}"
    if one.after is None:
        yield f"?     {name}  {one.before.value} -> cannot tell: {report.printable(one.why)}"
    elif one.flips:
        yield f"FLIP  {name}  {one.before.value} -> {one.after.value}"
        yield from (f"        {cause.code.value}: {report.printable(cause.text)}" for cause in one.causes)
    else:
        yield f"same  {name}  {one.before.value}"


def _counts(replays: Sequence[Replay]) -> dict[str, int]:
    flips, untold = sum(one.flips for one in replays), sum(one.after is None for one in replays)
    return {"flip": flips, "stay": len(replays) - flips - untold, "untold": untold}


def _summary(replays: Sequence[Replay]) -> dict[str, Any]:
    return {"counts": _counts(replays), "verdicts": [_entry(one) for one in replays]}


def _entry(one: Replay) -> dict[str, Any]:
    return {
        "image": str(one.image),
        "digest": one.digest,
        "before": one.before.value,
        "after": one.after and one.after.value,
        "flips": one.flips,
        "causes": [{"code": cause.code.value, "text": cause.text} for cause in one.causes],
        "why": one.why or None,
    }
