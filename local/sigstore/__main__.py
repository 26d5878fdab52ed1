"""`python -m local.sigstore FOLDER`: serve this machine's Sigstore for cosign, with its configuration in FOLDER."""

from __future__ import annotations

import argparse
import contextlib
import json
import threading
from pathlib import Path

from local.sigstore.http_face import HttpFace
from local.sigstore.private_sigstore import machine_sigstore


def main() -> None:
    """Serve until interrupted; the first line of output says where."""
    parser = argparse.ArgumentParser(prog="python -m local.sigstore", description=__doc__)
    parser.add_argument("folder", type=Path, help="where trusted_root.json and signing_config.json are written")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rekor", type=int, choices=(1, 2), default=1, help="the version in the signing configuration")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with HttpFace(machine_sigstore(), port=arguments.port) as face:
        face.services.sigstore.write_trusted_root(arguments.folder / "trusted_root.json")
        config = face.services.signing_config(rekor=arguments.rekor)
        (arguments.folder / "signing_config.json").write_text(json.dumps(config, indent=2) + "\n")
        print(f"listening {face.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
