"""cosign signing and verifying against the private Sigstore: which options each version and each layout needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.interop.cosign import Cosign, CosignFailed, Outcome
from local.signing.signer import RekorVersion
from local.sigstore.fulcio import GITHUB_ISSUER
from local.sigstore.github_claims import WorkflowRun
from local.sigstore.http_face import HttpFace
from local.sigstore.protojson import Json

PREDICATES: Mapping[str, Json] = {
    "cyclonedx": {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": [{"type": "library", "name": "left", "version": "1.0.0"}],
    },
    "slsaprovenance1": {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {"repository": "https://github.com/acme/app"}},
        },
        "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
    },
}
"""what is attested, by cosign's `--type`"""


@dataclass(frozen=True)
class Layout:
    """How evidence is made: legacy layers or bundles, which Rekor, with or without a timestamp authority."""

    legacy: bool = False
    rekor: RekorVersion = 1
    tsa: bool = False
    entry: str = "dsse"
    """legacy attestations only: what is logged, `dsse` or `intoto`"""

    @property
    def config(self) -> str:
        """The name of the signing configuration."""
        return f"signing_config_rekor{self.rekor}{'_tsa' if self.tsa else ''}.json"


RUN = WorkflowRun()
FORK = replace(RUN, repository="mallory/app", repository_id="6666", owner_id="7777")
"""the same workflow in somebody else's fork"""

LEGACY = Layout(legacy=True)
LEGACY_INTOTO = Layout(legacy=True, entry="intoto")
BUNDLE = Layout()
BUNDLE_TSA = Layout(tsa=True)
BUNDLE_REKOR_2 = Layout(rekor=2, tsa=True)


def write_material(face: HttpFace, folder: Path) -> None:
    """Write what cosign reads: trusted root, signing configurations, keys, predicates."""
    sigstore = face.services.sigstore
    sigstore.write_trusted_root(folder / "trusted_root.json")
    for layout in (BUNDLE, BUNDLE_TSA, BUNDLE_REKOR_2):
        config = face.services.signing_config(rekor=layout.rekor, tsa=layout.tsa)
        (folder / layout.config).write_text(json.dumps(config))
    for name, log in (("rekor.pub", sigstore.rekor), ("ctfe.pub", sigstore.ct_log)):
        key = log.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / name).write_bytes(key)
    chain = (sigstore.fulcio.root.certificate, sigstore.fulcio.intermediate.certificate)
    (folder / "fulcio.pem").write_bytes(b"".join(map(_pem, chain)))
    for kind, predicate in PREDICATES.items():
        (folder / f"{kind}.json").write_text(json.dumps(predicate))


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


class CosignSession:
    """One cosign, one private Sigstore, and the folder with what `write_material` wrote."""

    def __init__(self, cosign: Cosign, face: HttpFace, folder: Path) -> None:
        self.cosign = cosign
        self.commands: list[str] = []
        """what was run to sign, without paths, tokens and hosts"""
        self._face = face
        self._folder = folder

    def sign(self, image: str, layout: Layout, *, run: WorkflowRun = RUN, recursive: bool = False) -> None:
        """Sign an image by digest; CosignFailed where cosign does not."""
        extra = ["--sign-container-identity=ghcr.io/acme/app"] if layout.legacy else []
        self._sign(["sign", *extra, *(["--recursive"] if recursive else [])], image, layout, run)

    def attest(
        self, image: str, kind: str, layout: Layout, *, run: WorkflowRun = RUN, predicate: Json | None = None
    ) -> None:
        """Attest `predicate`, or what PREDICATES has of its kind, about an image by digest; CosignFailed where not."""
        file = self._folder / (f"{kind}.json" if predicate is None else "predicate.json")
        if predicate is not None:
            file.write_text(json.dumps(predicate))
        options = [f"--type={kind}", f"--predicate={file}"]
        entry = ["--rekor-entry-type=intoto"] if layout.legacy and layout.entry == "intoto" else []
        self._sign(["attest", *options, *entry], image, layout, run)

    def verify(self, image: str, layout: Layout, *, subject: str) -> Outcome:
        """Ask cosign whether the image is signed by `subject`."""
        return self._verify(["verify"], image, layout, subject)

    def verify_attestation(self, image: str, kind: str, layout: Layout, *, subject: str) -> Outcome:
        """Ask cosign whether the image has an attestation of this kind by `subject`."""
        return self._verify(["verify-attestation", f"--type={kind}"], image, layout, subject)

    def _sign(self, command: Sequence[str], image: str, layout: Layout, run: WorkflowRun) -> None:
        options = self._legacy_services() if layout.legacy else self._bundle_services(layout)
        token = f"--identity-token={self._face.services.identity_token(run)}"
        everything = [*command, "--yes", "--allow-http-registry", *options]
        self.commands.append(" ".join(["cosign", *everything, "IMAGE"]).replace(f"{self._folder}/", ""))
        self.commands[-1] = self.commands[-1].replace(self._face.url, "URL")
        done = self.cosign.run(*everything, token, image, home=self._folder, environment=self._roots(layout))
        if not done.accepted:
            raise CosignFailed(f"cosign {self.cosign.version} {command[0]}: {done.complaint}")

    def _bundle_services(self, layout: Layout) -> list[str]:
        return [
            *(["--new-bundle-format"] if self._is_2 else []),
            f"--signing-config={self._folder / layout.config}",
            f"--trusted-root={self._folder / 'trusted_root.json'}",
        ]

    def _legacy_services(self) -> list[str]:
        url = self._face.url
        old = [] if self._is_2 else ["--new-bundle-format=false", "--use-signing-config=false"]
        return [*old, f"--fulcio-url={url}", f"--rekor-url={url}", f"--oidc-issuer={url}"]

    def _verify(self, command: Sequence[str], image: str, layout: Layout, subject: str) -> Outcome:
        identity = [f"--certificate-identity={subject}", f"--certificate-oidc-issuer={GITHUB_ISSUER}"]
        root = f"--trusted-root={self._folder / 'trusted_root.json'}"
        trust = self._trust_2(layout, root) if self._is_2 else [root]
        options = [*command, "--allow-http-registry", *identity, *trust]
        return self.cosign.run(*options, image, home=self._folder, environment=self._roots(layout))

    def _trust_2(self, layout: Layout, root: str) -> list[str]:
        if layout.legacy:
            return ["--offline"]
        stamps = ["--use-signed-timestamps"] if layout.rekor != 1 else []
        return ["--new-bundle-format", root, *stamps]

    def _roots(self, layout: Layout) -> dict[str, str]:
        """Where the older ways of cosign find the keys, instead of asking the public Sigstore for them."""
        if not layout.legacy:
            return {}
        return {
            "SIGSTORE_ROOT_FILE": str(self._folder / "fulcio.pem"),
            "SIGSTORE_REKOR_PUBLIC_KEY": str(self._folder / "rekor.pub"),
            "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": str(self._folder / "ctfe.pub"),
        }

    @property
    def _is_2(self) -> bool:
        return self.cosign.major == 2  # noqa: PLR2004 - the version's number says what it is
