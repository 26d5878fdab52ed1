"""Records what real cosign makes with a key: `python -m local.interop.record_keys` writes `tests/assets/cosign_keys/`.

Needs what `record_assets` needs. Every run makes a new key and a new Sigstore, so all files change together.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.interop.cosign import Cosign, CosignFailed, find
from local.interop.cosign_session import BUNDLE, BUNDLE_REKOR_2, Layout, write_material
from local.interop.docker_registry import DockerRegistry
from local.interop.record_assets import BUILT
from local.interop.recording import record
from local.signing.distribution import Repository
from local.signing.publisher import push_image
from local.sigstore.http_face import HttpFace
from local.sigstore.private_sigstore import PrivateSigstore

ASSETS = Path("tests/assets/cosign_keys")
_NO_PASSWORD = {"COSIGN_PASSWORD": ""}
_LEGACY = {2: (), 3: ("--new-bundle-format=false", "--use-signing-config=false")}


@dataclass(frozen=True)
class KeyCase:
    """One file: how a key signs, and what a policy may demand of that."""

    name: str
    major: int
    layout: Layout | None = None
    """of a bundle; None for legacy layers"""
    log: bool = True
    timestamp: bool = False

    def options(self, folder: Path, url: str) -> Sequence[str]:
        """What cosign is told besides the key."""
        if self.layout:
            new = ("--new-bundle-format",) if self.major == 2 else ()  # noqa: PLR2004 - the version's number says what it is
            config, root = folder / self.layout.config, folder / "trusted_root.json"
            return (*new, f"--signing-config={config}", f"--trusted-root={root}")
        services = (f"--rekor-url={url}",) if self.log else ("--tlog-upload=false",)
        stamps = (f"--timestamp-server-url={url}/api/v1/timestamp",) if self.timestamp else ()
        return (*_LEGACY[self.major], *services, *stamps)


CASES = (
    KeyCase("cosign3_key_bundle_rekor1", 3, BUNDLE),
    KeyCase("cosign3_key_bundle_rekor2_tsa", 3, BUNDLE_REKOR_2, timestamp=True),
    KeyCase("cosign3_key_legacy", 3),
    KeyCase("cosign2_key_legacy", 2),
    KeyCase("cosign2_key_legacy_tsa", 2, timestamp=True),
    KeyCase("cosign2_key_legacy_no_log", 2, log=False),
    KeyCase("cosign2_key_bundle_rekor1", 2, BUNDLE),
)


def main() -> int:
    """Write all files; 1 where a tool is missing."""
    found = {major: find(major, built=BUILT) for major in (2, 3)}
    ASSETS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, HttpFace(PrivateSigstore()) as face:
        folder = Path(name)
        write_material(face, folder)
        face.services.sigstore.write_trusted_root(ASSETS / "trusted_root.json")
        for number, case in enumerate(CASES):
            cosign = found[case.major]
            if cosign is None:
                print(f"missing: cosign {case.major}", file=sys.stderr)
                return 1
            if number == 0:
                _run(cosign, folder, "generate-key-pair", f"--output-key-prefix={folder / 'cosign'}")
            _record(case, cosign, folder, face.url)
            print(case.name)
    return 0


def _record(case: KeyCase, cosign: Cosign, folder: Path, url: str) -> None:
    with DockerRegistry() as registry, Repository(registry.url, "acme/app") as repository:
        digest = str(push_image(repository, tag="v1", content=case.name.encode())["digest"])
        image = f"{registry.url.removeprefix('http://')}/acme/app@{digest}"
        common = (*case.options(folder, url), "--yes", "--allow-http-registry", f"--key={folder / 'cosign.key'}", image)
        _run(cosign, folder, "sign", *common)
        _run(cosign, folder, "attest", "--type=cyclonedx", f"--predicate={folder / 'cyclonedx.json'}", *common)
        facts = {
            "made_by": f"cosign {cosign.version}",
            "key": (folder / "cosign.pub").read_text(),
            "log": case.log,
            "timestamp": case.timestamp,
        }
        record(repository, digest, facts).write(ASSETS / f"{case.name}.json")


def _run(cosign: Cosign, folder: Path, *arguments: str) -> None:
    done = cosign.run(*arguments, home=folder, environment=_NO_PASSWORD)
    if not done.accepted:
        raise CosignFailed(f"cosign {cosign.version} {arguments[0]}: {done.complaint}")


if __name__ == "__main__":
    sys.exit(main())
