"""`python -m local.interop`: real cosign and registry-verifier on the same evidence, in both directions, live.

cosign signs and we verify; our signer signs and cosign verifies; in every row both must say what is expected. On
Debian's docker-registry (no referrers API, like GHCR), and on our own registry with and without that API. Exits with 1
on any disagreement; says what was skipped and why.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.interop import docker_registry
from local.interop.cosign import Cosign, CosignFailed, build, find
from local.interop.cosign_session import RUN, CosignSession, Layout, write_material
from local.interop.docker_registry import DockerRegistry
from local.interop.material import BY_COSIGN, BY_US, PREDICATE_TYPES, ByCosign, ByUs
from local.registry.server import LocalRegistry
from local.signing.distribution import Repository
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.http_face import HttpFace
from local.sigstore.private_sigstore import PrivateSigstore

BUILT = Path(".build/bin")
VERIFIER = Path(".venv/bin/registry-verifier")
_SECONDS = 60
_WORDS = {0: "yes", 1: "no"}
_POLICY = """\
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: interop
spec:
  images:
    - glob: "ghcr.io/acme/**"
  authorities:
    - name: release
      keyless:
        url: https://fulcio.sigstore.dev
        identities:
          - issuer: {issuer}
            subject: {subject}
      attestations:
{attestations}
"""


@dataclass
class Table:
    """The rows so far. A row is wrong when anybody who was asked says something else than expected."""

    wrong: int = 0
    skipped: list[str] = field(default_factory=list)
    differences: set[str] = field(default_factory=set)

    def add(self, place: str, row: ByCosign | ByUs, said: Mapping[str, str]) -> None:
        """Print one row; an answer of `-` was not asked for."""
        expected = "yes" if row.good else "no"
        ours = "no" if row.known_difference else expected
        agreed = said["cosign"] in ("-", expected) and said["registry-verifier"] in ("-", ours)
        self.wrong += not agreed
        if row.known_difference:
            self.differences.add(row.known_difference)
        answers = "  ".join(f"{who} {answer:<7}" for who, answer in said.items())
        note = "known difference" if row.known_difference else ""
        head = f"{'ok ' if agreed else 'BAD'}  {place:<20} {_title(row):<46} expected {expected:<4}"
        print(f"{head} {answers} {note}".rstrip())

    def skip(self, what: str, why: str) -> None:
        """Remember what could not be tried."""
        self.skipped.append(f"{what}: {why}")


def _title(row: ByCosign | ByUs) -> str:
    if isinstance(row, ByCosign):
        return f"cosign {row.major} signs: {row.name}"
    return f"we sign, cosign {row.major} verifies: {row.name}"


class Verifier:
    """Our command line, asked about images in a registry on loopback under their name at ghcr.io."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "trusted_root.json"
        self._policy = folder / "policy.yaml"
        attestations = [
            f"        - name: {name}\n          predicateType: {uri}" for name, uri in PREDICATE_TYPES.items()
        ]
        text = _POLICY.format(issuer=GITHUB_ISSUER, subject=RUN.subject, attestations="\n".join(attestations))
        self._policy.write_text(text)

    def trouble(self) -> str:
        """Why it cannot be asked; empty where it can."""
        if not VERIFIER.exists():
            return f"no {VERIFIER}"
        done = self._run("policy", "check", str(self._policy))
        return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no word"])[-1]

    def judge(self, url: str, digest: str) -> str:
        """`yes`, `no`, or the exit code of a verifier that could not look."""
        options = [f"--policy={self._policy}", f"--trusted-root={self._root}", f"--registry-endpoint=ghcr.io={url}"]
        code = self._run("verify", f"ghcr.io/acme/app@{digest}", *options).returncode
        return _WORDS.get(code, f"exit {code}")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(VERIFIER), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)


@dataclass(frozen=True)
class Bench:
    """Everything that a row needs besides a registry."""

    face: HttpFace
    sessions: Mapping[int, CosignSession]
    verifier: Verifier | None
    table: Table

    def run(self, place: str, url: str) -> None:
        """Try every row on one registry."""
        with Repository(url, "acme/app") as repository:
            for made in BY_COSIGN:
                if made.major in self.sessions:
                    self._row(place, url, made, self._by_cosign(made, repository, url))
            for ours in BY_US:
                image = str(ours.make(self.face.services.sigstore, repository)["digest"])
                self._row(place, url, ours, image)

    def _by_cosign(self, made: ByCosign, repository: Repository, url: str) -> str:
        host = url.removeprefix("http://")
        return str(made.make(self.sessions[made.major], repository, host)["digest"])

    def _row(self, place: str, url: str, row: ByCosign | ByUs, digest: str) -> None:
        said = {
            "cosign": self._cosign_says(row.major, url, digest, row.layout),
            "registry-verifier": self.verifier.judge(url, digest) if self.verifier else "-",
        }
        self.table.add(place, row, said)

    def _cosign_says(self, major: int, url: str, digest: str, layout: Layout) -> str:
        """`yes` when it accepts signature and attestations, `no` when it accepts none of them, else `partly`."""
        session = self.sessions.get(major)
        if session is None:
            return "-"
        image = f"{url.removeprefix('http://')}/acme/app@{digest}"
        outcomes = [session.verify(image, layout, subject=RUN.subject)]
        for kind in PREDICATE_TYPES:
            outcomes.append(session.verify_attestation(image, kind, layout, subject=RUN.subject))
        accepted = {outcome.accepted for outcome in outcomes}
        return "partly" if len(accepted) > 1 else "yes" if accepted == {True} else "no"


def _registries(
    table: Table,
) -> Iterator[tuple[str, contextlib.AbstractContextManager[DockerRegistry | LocalRegistry]]]:
    if docker_registry.installed():
        yield "docker-registry", DockerRegistry()
    else:
        table.skip("docker-registry", "not installed")
    yield "local registry, ghcr", LocalRegistry(referrers="ghcr")
    yield "local registry, api", LocalRegistry(referrers="api")


def _cosigns(table: Table) -> dict[int, Cosign]:
    found: dict[int, Cosign] = {}
    for major in (3, 2):
        try:
            found[major] = find(major, built=BUILT) or build(major, built=BUILT)
        except CosignFailed as error:
            table.skip(f"cosign {major}", str(error))
    return found


def main() -> int:
    """Run all rows and return 1 where somebody disagrees, or where there was nothing to compare with."""
    table = Table()
    cosigns = _cosigns(table)
    for cosign in cosigns.values():
        print(f"cosign {cosign.version}: {cosign.path}")
    with tempfile.TemporaryDirectory() as name, HttpFace(PrivateSigstore()) as face:
        folder = Path(name)
        write_material(face, folder)
        verifier = Verifier(folder)
        if trouble := verifier.trouble():
            table.skip("registry-verifier", trouble)
        sessions = {major: CosignSession(cosign, face, folder) for major, cosign in cosigns.items()}
        bench = Bench(face, sessions, None if trouble else verifier, table)
        for place, registry in _registries(table):
            with registry as running:
                bench.run(place, running.url)
    for line in sorted(table.differences):
        print(f"known difference: {line}")
    for line in table.skipped:
        print(f"skipped: {line}")
    print(f"disagreements: {table.wrong}")
    return 1 if table.wrong or not cosigns else 0


if __name__ == "__main__":
    sys.exit(main())
