"""Records what real cosign makes: `python -m local.interop.record_assets` writes `tests/assets/cosign/` anew.

Needs cosign 2 and 3 (see `interop.cosign.find`) and Debian's docker-registry. Every run makes new keys, so all files
change together; nothing in them expires, because what is verified is the time at which they were signed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local.interop.cosign import Cosign, find
from local.interop.cosign_session import (
    BUNDLE,
    BUNDLE_REKOR_2,
    BUNDLE_TSA,
    FORK,
    LEGACY,
    LEGACY_INTOTO,
    RUN,
    CosignSession,
    Layout,
    write_material,
)
from local.interop.docker_registry import DockerRegistry
from local.interop.recording import record
from local.signing.distribution import Repository
from local.signing.publisher import AMD64, push_image, push_index
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.http_face import HttpFace
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.protojson import Json

ASSETS = Path("tests/assets/cosign")
BUILT = Path(".build/bin")
_KINDS = ("cyclonedx", "slsaprovenance1")
_REUSABLE = replace(RUN, signer="acme/workflows/.github/workflows/build.yml@refs/tags/v1")


@dataclass(frozen=True)
class Case:
    """One file: who signs what, how."""

    name: str
    major: int
    layout: Layout
    run: WorkflowRun = RUN
    signed: bool = True
    attested: Sequence[str] = _KINDS
    index: bool = False


CASES = (
    Case("cosign3_rekor1", 3, BUNDLE),
    Case("cosign3_rekor1_tsa", 3, BUNDLE_TSA),
    Case("cosign3_rekor2_tsa", 3, BUNDLE_REKOR_2),
    Case("cosign3_legacy", 3, LEGACY),
    Case("cosign3_index_recursive", 3, BUNDLE, attested=(), index=True),
    Case("cosign3_sbom_only", 3, BUNDLE, signed=False, attested=("cyclonedx",)),
    Case("cosign3_fork", 3, BUNDLE, run=FORK),
    Case("cosign3_reusable_workflow", 3, BUNDLE, run=_REUSABLE),
    Case("cosign2_legacy", 2, LEGACY),
    Case("cosign2_legacy_intoto", 2, LEGACY_INTOTO),
    Case("cosign2_legacy_fork", 2, LEGACY, run=FORK),
    Case("cosign2_bundle_tsa", 2, BUNDLE_TSA),
    Case("cosign2_bundle_rekor2_tsa", 2, BUNDLE_REKOR_2),
)


def main() -> int:
    """Write all files; 1 where a tool is missing."""
    found = {major: find(major, built=BUILT) for major in (2, 3)}
    missing = [f"cosign {major}" for major, cosign in found.items() if cosign is None]
    if missing:
        print(f"missing: {', '.join(missing)}", file=sys.stderr)
        return 1
    ASSETS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, HttpFace(PrivateSigstore()) as face:
        write_material(face, Path(folder))
        face.services.sigstore.write_trusted_root(ASSETS / "trusted_root.json")
        for case in CASES:
            _record(case, lambda major: _session(found[major], face, Path(folder)))
    return 0


def _session(cosign: Cosign | None, face: HttpFace, folder: Path) -> CosignSession:
    if cosign is None:
        raise LookupError("no cosign")
    return CosignSession(cosign, face, folder)


def _record(case: Case, session_of: Callable[[int], CosignSession]) -> None:
    session = session_of(case.major)
    with DockerRegistry() as registry, Repository(registry.url, "acme/app") as repository:
        digest = _push(repository, case)
        image = f"{registry.url.removeprefix('http://')}/acme/app@{digest}"
        if case.signed:
            session.sign(image, case.layout, run=case.run, recursive=case.index)
        for kind in case.attested:
            session.attest(image, kind, case.layout, run=case.run)
        facts = _facts(case, session) | {"accepted_by_cosign": _accepted(case, image, session)}
        record(repository, digest, facts).write(ASSETS / f"{case.name}.json")
    print(f"{case.name}: {facts['accepted_by_cosign']}")


def _push(repository: Repository, case: Case) -> str:
    """The image that the evidence is about, tagged `v1`; returns its digest."""
    if not case.index:
        return str(push_image(repository, tag="v1", content=case.name.encode())["digest"])
    platforms = (AMD64, {"os": "linux", "architecture": "arm64"})
    children = [(push_image(repository, content=case.name.encode(), platform=each), each) for each in platforms]
    return str(push_index(repository, children, tag="v1")["digest"])


def _facts(case: Case, session: CosignSession) -> Json:
    return {
        "made_by": f"cosign {session.cosign.version}",
        "commands": session.commands,
        "subject": case.run.subject,
        "issuer": GITHUB_ISSUER,
        "claims": case.run.claims(),
        "signed": case.signed,
        "attested": list(case.attested),
    }


def _accepted(case: Case, image: str, session: CosignSession) -> Json:
    """What the cosign that made it says of it, for the subject that signed."""
    asked = {"verify": session.verify(image, case.layout, subject=case.run.subject)}
    for kind in _KINDS:
        outcome = session.verify_attestation(image, kind, case.layout, subject=case.run.subject)
        asked[f"verify-attestation --type={kind}"] = outcome
    return {question: outcome.accepted for question, outcome in asked.items()}


if __name__ == "__main__":
    sys.exit(main())
