"""Predicates that rows attest, by their type."""

from __future__ import annotations

from local.interop.cosign_session import PREDICATES

SBOM = "https://cyclonedx.org/bom"
SLSA_1 = "https://slsa.dev/provenance/v1"
SLSA_02 = "https://slsa.dev/provenance/v0.2"
SPDX = "https://spdx.dev/Document"
VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
CUSTOM = "https://cosign.sigstore.dev/attestation/v1"
OPEN_VEX = "https://openvex.dev/ns"
OF_OUR_OWN = "https://acme.test/tested/v1"

BOM = PREDICATES["cyclonedx"]
PROVENANCE = PREDICATES["slsaprovenance1"]
PROVENANCE_02 = {
    "builder": {"id": "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"},
    "buildType": "https://acme.test/build",
    "invocation": {"configSource": {"uri": "git+https://github.com/acme/app", "digest": {"sha1": "a" * 40}}},
    "materials": [{"uri": "git+https://github.com/acme/app", "digest": {"sha1": "a" * 40}}],
    "colour": "green",
}
SPDX_DOCUMENT = {"spdxVersion": "SPDX-2.3", "name": "app", "packages": []}
SCAN = {
    "invocation": {"uri": "https://acme.test/scan", "event_id": "1", "builder.id": "scanner"},
    "scanner": {"uri": "https://scanner.test", "version": "1", "db": {"uri": "", "version": ""}, "result": {"high": 0}},
    "metadata": {"scanStartedOn": "2026-01-01T00:00:00Z", "scanFinishedOn": "2026-01-01T00:00:01Z"},
}
TESTS = {"passed": True, "count": 12, "suites": ["unit", "end to end"]}
