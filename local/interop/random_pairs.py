"""`python -m local.interop.random_pairs`: policies and images that nobody chose, judged by policy-tester and by us.

Each pair is made from `--seed` and its number alone, so that `--only NUMBER` makes it again. Prints every
disagreement with its policies and evidence, then how many agreed by what is in the pair. Exits with 1 on any.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random

from local.interop import cosign, policy_tester, public_root
from local.interop.evidence import stocked
from local.interop.pair import Pair, child, image, index
from local.interop.pairs_matching import DEPLOYMENT, POD
from local.interop.policies import BUILT, REPOSITORY, Court
from local.interop.policy_tester import Answer, PolicyTester, PolicyTesterFailed
from local.interop.random_evidence import Evidence
from local.interop.random_policies import Chance, Policies
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.sigstore.private_sigstore import PrivateSigstore

_FRESH = 50
"""pairs for one Sigstore: the certificates live ten minutes"""


@dataclass(frozen=True)
class RandomPair:
    """A pair, with what is in it."""

    pair: Pair
    tags: frozenset[str]
    evidence: tuple[str, ...]


def make(seed: int, number: int) -> RandomPair:
    """The same arguments make the same pair, apart from times, signatures and RSA keys."""
    chance = Chance(Random(f"{seed}/{number}"))
    pick, evidence = chance.random, Evidence(chance)
    made = tuple(Policies(chance).one(f"policy{at}") for at in range(pick.choice((1, 1, 1, 1, 1, 1, 2, 3))))
    steps = evidence.some(made)
    push = pick.choice((*[image] * 8, index, index, child))
    resource = pick.choice((POD, DEPLOYMENT)) if chance.of(0.35, "resource") else None
    pair = Pair(f"{seed}/{number}", made, (stocked("acme/signatures"), *steps), push, resource)
    tags = chance.tags | {push.__name__, f"{len(made)} policies", f"{len(steps)} pieces of evidence"}
    return RandomPair(pair, frozenset(tags), tuple(evidence.told))


@dataclass
class Score:
    """How many agreed, by what is in the pairs."""

    agreed: Counter[str] = field(default_factory=Counter)
    all: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, made: RandomPair, theirs: Answer, ours: Answer) -> None:
        """Count one pair, and print it where the two disagree."""
        tags = made.tags | {f"answer {theirs.word}", "all"}
        self.all.update(tags)
        self.answers[theirs.word, ours.word] += 1
        if theirs.word == ours.word:
            self.agreed.update(tags)
            return
        print(f"BAD {made.pair.name} policy-tester {theirs.word}: {theirs.text[:600]}")
        print(f"    registry-verifier {ours.word}: {ours.text[:600]}")
        print(f"    {made.pair.push.__name__}, resource {(made.pair.resource or {}).get('kind')}")
        print("\n".join(f"    evidence {told}" for told in made.evidence))
        print("\n".join(f"    policy {json.dumps(policy)}" for policy in made.pair.policies), flush=True)

    def report(self) -> None:
        """Print the table."""
        for tag in sorted(self.all):
            print(f"{tag:<40} {self.agreed[tag]:>6} of {self.all[tag]:>6}")
        for (theirs, ours), count in sorted(self.answers.items()):
            print(f"policy-tester {theirs:<12} registry-verifier {ours:<12} {count:>6}")


@contextmanager
def _court() -> Iterator[Court]:
    with tempfile.TemporaryDirectory() as name:
        sigstore, folder = PrivateSigstore(), Path(name)
        path = policy_tester.find(built=BUILT) or policy_tester.build(built=BUILT)
        writer = cosign.find(2, built=BUILT) or cosign.build(2, built=BUILT)
        yield Court(sigstore, folder, PolicyTester(path, public_root.initialize(writer, sigstore, folder)))


def compare(pairs: Iterable[RandomPair], score: Score) -> None:
    """Ask both about every pair; what policy-tester cannot answer is told and not counted."""
    left = iter(pairs)
    while some := tuple(islice(left, _FRESH)):
        with _court() as court, LocalRegistry() as registry, Repository(registry.url, REPOSITORY) as repository:
            for made in some:
                try:
                    score.add(made, *court.ask(made.pair, registry.url, repository))
                except PolicyTesterFailed as error:
                    print(f"ODD {made.pair.name} {error}")
                    print("\n".join(f"    policy {json.dumps(policy)}" for policy in made.pair.policies), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pairs that are asked for, and return 1 where somebody disagrees."""
    parser = argparse.ArgumentParser(prog="python -m local.interop.random_pairs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=200, metavar="NUMBER", help="how many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="the one pair of this number")
    options = parser.parse_args(arguments)
    numbers = range(options.pairs) if options.only is None else (options.only,)
    score = Score()
    compare((make(options.seed, number) for number in numbers), score)
    score.report()
    return int(score.agreed["all"] != score.all["all"])


if __name__ == "__main__":
    sys.exit(main())
