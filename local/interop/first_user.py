"""The first user's policy file, unchanged, on images that real cosign signed: every mix of good, missing and wrong.

Three things are demanded: signature, SBOM and provenance. The signature is wrong by who signed, the SBOM by what it
says, the provenance by who attested. cosign 3 writes bundles and cosign 2 layers, each by its default.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from local.interop import cosign, our_answer
from local.interop.cosign import CosignFailed
from local.interop.cosign_session import BUNDLE, LEGACY, PREDICATES, CosignSession, Layout, write_material
from local.interop.our_answer import Asked, Ours
from local.interop.policy_tester import NOT_ASKED, Answer, PolicyTester, Question
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.signing.publisher import push_image
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.http_face import HttpFace
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json

POLICY = Path("layers/configuration/policies/openmed.yaml")
BUILT = Path(".build/bin")
NAME = "maziyarpanahi/openmed"
_SIGNING = ".github/workflows/image-signing.yml"
_RUN = WorkflowRun(repository=NAME, workflow=_SIGNING, ref="refs/heads/master", name="Sign")
_FORK = replace(_RUN, repository="mallory/openmed", repository_id="6666", owner_id="7777")
_LAYOUTS: Mapping[int, Layout] = {3: BUNDLE, 2: LEGACY}
STATES = ("good", "missing", "wrong")
_CODES = {
    "signature": {"good": "", "missing": "NO_SIGNATURE", "wrong": "IDENTITY_MISMATCH"},
    "cyclonedx-sbom": {"good": "", "missing": "NO_ATTESTATION", "wrong": "PREDICATE_POLICY_FAILED"},
    "slsa-provenance": {"good": "", "missing": "NO_ATTESTATION", "wrong": "IDENTITY_MISMATCH"},
}
"""what must be said of each demand of the policy, by the state of its evidence; empty: it is met"""


@dataclass(frozen=True)
class Mix:
    """The state of each of the three."""

    signature: str
    sbom: str
    provenance: str

    @property
    def expected(self) -> tuple[str, Mapping[str, str]]:
        """The status that must come out, and the code at each demand."""
        states = zip(_CODES.items(), (self.signature, self.sbom, self.provenance), strict=True)
        codes = {demand: by_state[state] for (demand, by_state), state in states}
        return ("FAILED" if any(codes.values()) else "VERIFIED"), codes

    def make(self, session: CosignSession, repository: Repository, host: str, layout: Layout) -> str:
        """Push an image and let cosign sign and attest what is not missing; returns the image's digest."""
        content = f"{session.cosign.version} {self}".encode()
        digest = str(push_image(repository, content=content)["digest"])
        image = f"{host}/{repository.name}@{digest}"
        if self.signature != "missing":
            session.sign(image, layout, run=_RUN if self.signature == "good" else _FORK)
        if self.sbom != "missing":
            document = PREDICATES["cyclonedx"] | ({} if self.sbom == "good" else {"bomFormat": "SPDX"})
            session.attest(image, "cyclonedx", layout, run=_RUN, predicate=document)
        if self.provenance != "missing":
            run = _RUN if self.provenance == "good" else _FORK
            session.attest(image, "slsaprovenance1", layout, run=run, predicate=_provenance(digest))
        return digest


def _provenance(digest: str) -> Json:
    parameters = {
        "image": f"ghcr.io/{NAME}@{digest}",
        "publishingWorkflow": ".github/workflows/container-multiarch.yml",
        "signingWorkflow": _SIGNING,
    }
    build = {"buildType": "https://actions.github.io/buildtypes/workflow/v1", "externalParameters": parameters}
    return {"buildDefinition": build, "runDetails": {"builder": {"id": f"https://github.com/{NAME}/{_SIGNING}"}}}


def all_mixes() -> Iterator[Mix]:
    """All twenty-seven."""
    yield from (Mix(*states) for states in itertools.product(STATES, repeat=3))


@dataclass(frozen=True)
class Row:
    """One image of one cosign, in one registry, under the name that it has there and under its own."""

    mix: Mix
    digest: str
    registry_url: str
    trusted_root: Path

    def as_published(self) -> Ours:
        """What registry-verifier says by the file as it is."""
        return our_answer.ask(Asked(f"ghcr.io/{NAME}@{self.digest}", self.registry_url, POLICY, self.trusted_root))

    def as_cluster(self, tester: PolicyTester | None) -> tuple[Answer, Answer]:
        """What policy-tester says, and what we think that it says; for both the glob has this registry's host."""
        host = self.registry_url.removeprefix("http://")
        text = POLICY.read_text().replace(f"glob: ghcr.io/{NAME}", f"glob: {host}/{NAME}")
        image, documents = f"{host}/{NAME}@{self.digest}", list(yaml.safe_load_all(text))
        ours = our_answer.judge(image, self.registry_url, documents, self.trusted_root).as_cluster
        return (tester.ask(Question(image, documents)) if tester else NOT_ASKED), ours


def compare(tester_of: Callable[[PrivateSigstore, Path], PolicyTester | None]) -> int:
    """Print all rows for every cosign that there is; returns how many are wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as name, HttpFace(PrivateSigstore()) as face, LocalRegistry() as registry:
        folder = Path(name)
        write_material(face, folder)
        tester = tester_of(face.services.sigstore, folder)
        for session in _sessions(face, folder):
            for mix in all_mixes():
                digest = _published(mix, session, registry.url)
                row = Row(mix, digest, registry.url, folder / "trusted_root.json")
                wrong += not _show(row, session.cosign.major, tester)
    return wrong


def _sessions(face: HttpFace, folder: Path) -> Iterator[CosignSession]:
    for major in _LAYOUTS:
        try:
            yield CosignSession(cosign.find(major, built=BUILT) or cosign.build(major, built=BUILT), face, folder)
        except CosignFailed as error:
            print(f"skipped: cosign {major}: {error}")


def _published(mix: Mix, session: CosignSession, url: str) -> str:
    with Repository(url, NAME) as repository:
        return mix.make(session, repository, url.removeprefix("http://"), _LAYOUTS[session.cosign.major])


def _show(row: Row, major: int, tester: PolicyTester | None) -> bool:
    expected, ours = row.mix.expected, row.as_published()
    found = _found(ours)
    theirs, guess = row.as_cluster(tester)
    right = found == expected and theirs.word in (NOT_ASKED.word, guess.word)
    states = f"signature {row.mix.signature:<8} SBOM {row.mix.sbom:<8} provenance {row.mix.provenance:<8}"
    print(
        f"{'ok ' if right else 'BAD'}  cosign {major}  {states} expected {expected[0]:<9} {found[0]:<9} "
        f"policy-tester {theirs.word:<6} registry-verifier's guess {guess.word}"
    )
    if not right:
        print(f"       expected {dict(expected[1])}\n       found    {dict(found[1])} {ours.complaint}")
        print(f"       policy-tester: {theirs.text[:400]}\n       guess: {guess.text[:400]}")
    return right


def _found(ours: Ours) -> tuple[str, Mapping[str, str]]:
    """The status, and the code at each demand of the one authority of the one policy."""
    if not ours.document:
        return f"exit {ours.exit}", {}
    demands = ours.document["policies"][0]["authorities"][0]["requirements"]
    return ours.document["status"], {each["name"]: (each["cause"] or {"code": ""})["code"] for each in demands}
