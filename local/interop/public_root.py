"""Makes Go's tools take the private Sigstore for Sigstore's public one, by the TUF cache that they all read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.interop.cosign import Cosign, CosignFailed
from local.sigstore.private_sigstore import PrivateSigstore
from local.sigstore.tuf_repository import TRUSTED_ROOT, TufRepository

_USAGES = {
    "fulcio.crt.pem": "Fulcio",
    "fulcio_intermediate.crt.pem": "Fulcio",
    "rekor.pub": "Rekor",
    "ctfe.pub": "CTFE",
}


def repository_of(sigstore: PrivateSigstore) -> TufRepository:
    """What Sigstore's own repository holds, for this one.

    sigstore's first TUF client looks for usages in the `custom` metadata, the second one for the trusted root.
    """
    fulcio = sigstore.fulcio
    targets = {
        TRUSTED_ROOT: json.dumps(sigstore.trusted_root()).encode(),
        "fulcio.crt.pem": _certificate(fulcio.root.certificate),
        "fulcio_intermediate.crt.pem": _certificate(fulcio.intermediate.certificate),
        "rekor.pub": _public_key(sigstore.rekor.key.public_key()),
        "ctfe.pub": _public_key(sigstore.ct_log.key.public_key()),
    }
    repository = TufRepository(targets)
    for name, usage in _USAGES.items():
        repository.custom[name] = {"sigstore": {"usage": usage, "status": "Active"}}
    return repository.publish()


def initialize(cosign: Cosign, sigstore: PrivateSigstore, folder: Path) -> Mapping[str, str]:
    """Let cosign 2 fill a cache in `folder` with this Sigstore; returns the environment in which tools use it.

    The mirror is a `file:` URL, which only the first TUF client reads; cosign falls back to that one.
    """
    mirror, repository = folder / "mirror", repository_of(sigstore)
    for path, content in repository.files.items():
        (mirror / path).parent.mkdir(parents=True, exist_ok=True)
        (mirror / path).write_bytes(content)
    environment = {"TUF_ROOT": str(folder / "tuf")}
    options = [f"--mirror={mirror.resolve().as_uri()}", f"--root={mirror / '1.root.json'}"]
    done = cosign.run("initialize", *options, home=folder, environment=environment)
    if not done.accepted:
        raise CosignFailed(f"cosign {cosign.version} initialize: {done.complaint}")
    return environment


def _certificate(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _public_key(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
