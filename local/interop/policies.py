"""`python -m local.interop.policies`: policy-controller's own `policy-tester` and registry-verifier on the same pairs.

Each row of `pairs` is a policy file and an image with evidence, made anew; both are asked, and both must say what was
recorded in `tests/assets/policy_tester/answers.json`. `--record` writes that file anew from what policy-tester says.
Then the first user's file, see `first_user`. Exits with 1 on any disagreement; says what was skipped and why.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.interop import cosign, first_user, our_answer, policy_tester, public_root
from local.interop.cosign import CosignFailed
from local.interop.pair import Pair
from local.interop.pairs import PAIRS
from local.interop.policy_tester import NOT_ASKED, Answer, PolicyTester, PolicyTesterFailed, Question, write_policies
from local.interop.trust_root_document import trust_root
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.sigstore.private_sigstore import PrivateSigstore

ANSWERS = Path("tests/assets/policy_tester/answers.json")
BUILT = Path(".build/bin")
REPOSITORY = "acme/app"
"""where the globs of the rows expect their images"""
Documents = Sequence[Mapping[str, Any]]


@dataclass
class Table:
    """The rows so far. `recorded` is what policy-tester said before, by the name of the row."""

    recorded: Mapping[str, str]
    answers: dict[str, str] = field(default_factory=dict)
    wrong: int = 0
    differences: set[str] = field(default_factory=set)

    def add(self, pair: Pair, theirs: Answer, ours: Answer) -> None:
        """Print one row. A row is wrong when anybody who was asked says something else than was recorded."""
        self.answers[pair.name] = theirs.word
        recorded = self.recorded.get(pair.name, theirs.word)
        agreed = theirs.word in (NOT_ASKED.word, recorded) and pair.agrees(ours.word, recorded)
        self.wrong += not agreed
        note = " known difference" if agreed and pair.difference and ours.word != recorded else ""
        if note and pair.difference:
            self.differences.add(pair.difference.why)
        head = f"{'ok ' if agreed else 'BAD'}  {pair.name:<62} recorded {recorded:<8}"
        print(f"{head} policy-tester {theirs.word:<8} registry-verifier {ours.word}{note}")
        if not agreed:
            print(f"       policy-tester: {theirs.text[:400]}\n       registry-verifier: {ours.text[:400]}")


@dataclass(frozen=True)
class Court:
    """Everybody who is asked, and the Sigstore that they trust."""

    sigstore: PrivateSigstore
    folder: Path
    tester: PolicyTester | None = None

    def ask(self, pair: Pair, registry_url: str, repository: Repository) -> tuple[Answer, Answer]:
        """What policy-tester answers, and what registry-verifier thinks that policy-controller would say."""
        image, policies = pair.publish(self.sigstore, registry_url, repository)
        beside = trust_root(self.sigstore, rekor_tiles=pair.tiles)
        trusted = self.sigstore.write_trusted_root(self.folder / "trusted_root.json")
        ours = our_answer.judge(image, registry_url, [*policies, beside], trusted, pair.resource)
        return self._theirs(pair, image, policies, beside), ours.as_cluster

    def _theirs(self, pair: Pair, image: str, policies: Documents, beside: Mapping[str, Any]) -> Answer:
        if self.tester is None:
            return NOT_ASKED
        root = write_policies([beside], self.folder / "trust_root.yaml")
        return self.tester.ask(Question(image, policies, root, pair.resource))


def compare(court: Court, table: Table, wanted: str = "") -> None:
    """Ask everybody about every pair whose name has `wanted` in it."""
    with LocalRegistry() as registry, Repository(registry.url, REPOSITORY) as repository:
        for pair in PAIRS:
            if wanted in pair.name:
                table.add(pair, *court.ask(pair, registry.url, repository))


def _tester(sigstore: PrivateSigstore, folder: Path) -> PolicyTester | None:
    """None where there is none, and none can be built; says why."""
    try:
        path = policy_tester.find(built=BUILT) or policy_tester.build(built=BUILT)
        writer = cosign.find(2, built=BUILT) or cosign.build(2, built=BUILT)
        tester = PolicyTester(path, public_root.initialize(writer, sigstore, folder))
    except (PolicyTesterFailed, CosignFailed) as error:
        print(f"skipped: policy-tester: {error}")
        return None
    print(f"policy-tester {policy_tester.VERSION}: {tester.path}")
    return tester


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all rows and return 1 where somebody disagrees, or where there was nobody to compare with."""
    options = _options(arguments)
    table = Table({} if options.record else json.loads(ANSWERS.read_text()))
    with tempfile.TemporaryDirectory() as name:
        court = Court(sigstore := PrivateSigstore(), Path(name), _tester(sigstore, Path(name)))
        compare(court, table, options.only)
    for line in sorted(table.differences):
        print(f"known difference: {line}")
    if options.record and court.tester:
        ANSWERS.write_text(json.dumps(table.answers, indent=1, sort_keys=True) + "\n")
    wrong = table.wrong + (0 if options.only else first_user.compare(_tester))
    print(f"{len(table.answers)} pairs {dict(Counter(table.answers.values()))}, disagreements: {wrong}")
    return 1 if wrong or not court.tester else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.interop.policies", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="rows with this text in their name")
    parser.add_argument("--record", action="store_true", help="write down what policy-tester says")
    options = parser.parse_args(arguments)
    if options.only and options.record:
        parser.error("--record wants all rows")
    return options


if __name__ == "__main__":
    sys.exit(main())
