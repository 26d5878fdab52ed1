"""A verdict's document as the bytes that are stored: compressed JSON, cut where DynamoDB or Lambda could not carry it.

DynamoDB takes items of 400 KB (names, keys and index keys counted), Lambda answers of 6 MB. DynamoDB bills writes by
started KB, so the words that every document has are known to both sides beforehand (a preset dictionary, RFC 1950
section 2.2): that is one write unit less for each publish.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from registry_verifier.models import Json

STORED_LIMIT = 350_000
"""bytes after compression"""
READABLE_LIMIT = 4_000_000
"""bytes of JSON that are read"""
WRITTEN_LIMIT = 2_800_000
"""bytes of JSON that are written: Lambda answers with JSON within JSON, which doubles every quote and backslash"""

WORDS = (
    b"build_signer_digest build_config_digest source_repository_visibility public private UNKNOWN NO_POLICY FAILED"
    b" IDENTITY_MISMATCH ISSUER_MISMATCH EVIDENCE_NOT_FOUND UNSIGNED_AFTER_GRACE NO_SIGNATURE NO_ATTESTATION PENDI"
    b"NG simplesigning https://cyclonedx.org/bom https://spdx.dev/Document https://slsa.dev/provenance/v1 warn app"
    b'lication/vnd.oci.image.manifest.v1+json application/vnd.oci.image.index.v1+json"kind":"index","image":"ghcr.'
    b'io/"nearest_miss":{"expected":{"subject":"https://github.com/"found":{"subject":"place":"referrer sha256:[{"'
    b'code":"NO_SIGNATURE","text":"no signature was found"},{"code":"NO_ATTESTATION","text":"no attestation of typ'
    b'e "refs/heads/master refs/tags/v workflow_dispatch release --certificate-identity-regexp cosign verify-attes'
    b"tation @sha256: --type https:// --certificate-identity --certificate-oidc-issuer https://token.actions.githu"
    b'busercontent.com","cosign verify ghcr.io/"build_signer_uri":"https://github.com//.github/workflows/.yml@refs'
    b'/heads/main","build_signer_digest":"","runner_environment":"github-hosted","source_repository_uri":"https://'
    b'github.com/","source_repository_digest":"","source_repository_ref":"refs/heads/main","source_repository_iden'
    b'tifier":"","source_repository_owner_uri":"https://github.com/","source_repository_owner_identifier":"","buil'
    b'd_config_uri":"https://github.com/","build_config_digest":"","build_trigger":"push","run_invocation_uri":"ht'
    b'tps://github.com//actions/runs//attempts/1","source_repository_visibility":"public"}},"log_index":,"signed_a'
    b't":"2026-","holds":true,"reason":null,"detail":""},{"place":"referrer sha256:","format":"bundle","is_signatu'
    b're":false,"predicate_type":"https://sigstore.dev/cosign/sign/v1","identity":{"subject":"https://github.com/"'
    b',"issuer":"https://token.actions.githubusercontent.com","claims":{"mode":"enforce","sha256":"","holds":true,'
    b'"authorities":[{"name":"keyless","holds":false,"requirements":[{"name":"signature","predicate_type":null,"us'
    b'ed":null,"cause":{"code":"NO_SIGNATURE","text":""}},{"name":"provenance","predicate_type":"https://slsa.dev/'
    b'provenance/v1","used":"referrer sha256:","cause":null}]}]}],"statements":[],"nearest_miss":null,"reproduce":'
    b'["cosign verify ghcr.io/"],"trust_root":{"sha256":""},"verified_at":"2026-","verifier":{"name":"registry-ver'
    b'ifier","version":"0.1.0"}}{"status":"VERIFIED","reasons":[],"causes":[],"image":"ghcr.io/","digest":"sha256:'
    b'","kind":"image","media_type":"application/vnd.oci.image.index.v1+json","children":["sha256:"],"policies":[{'
    b'"name":"'
)
"""What stored documents have in common. Never to be changed: what is stored could not be read any more."""

MORE_WORDS = (
    b'"github_workflow_trigger":"workflow_dispatch","github_workflow_sha":"","github_workflow_name":"Containe'
    b'r Image Signing","github_workflow_repository":"","github_workflow_ref":"refs/tags/v"https://in-toto.io/'
    b'Statement/v1"KEY_MISMATCH""PROVENANCE_MISMATCH""POLICY_UNSUPPORTED"no attestation is in the tags .sig a'
    b"nd .att, where signatureFormat looksno signature is in the tags .sig and .att, where signatureFormat lo"
    b'oksevery policy that matches holds"does not apply""warn"{"buildDefinition":{"buildType":"https://action'
    b's.github.io/buildtypes/workflow/v1","externalParameters":{"workflow":{"ref":"refs/heads/main","reposito'
    b'ry":"https://github.com/","path":".github/workflows/release.yml"}},"internalParameters":{"github":{"eve'
    b'nt_name":"push","repository_id":"","repository_owner_id":"","runner_environment":"github-hosted"}},"res'
    b'olvedDependencies":[{"uri":"git+https://github.com/@refs/heads/main","digest":{"gitCommit":""}}]},"runD'
    b'etails":{"builder":{"id":"https://github.com//.github/workflows/.yml@refs/heads/main"},"metadata":{"inv'
    b'ocationId":"https://github.com//actions/runs//attempts/1"}}}"https://github.com/Attestations/GitHubActi'
    b'onsWorkflow@v1","externalParameters":{"image":"ghcr.io/@sha256:","sourceRepository":"https://github.com'
    b'/","sourceRef":"refs/heads/master","sourceSha":"","publishingWorkflow":".github/workflows/","signingWor'
    b'kflow":".github/workflows/image-signing.yml"},"internalParameters":{"publishingWorkflowRunId":"","signi'
    b'ngWorkflowRunId":""},"resolvedDependencies":[{"uri":"git+https://github.com/","digest":{"gitCommit":""}'
    b'},{"uri":"ghcr.io/","digest":{"sha256":""}}]},"runDetails":{"builder":{"id":"https://github.com/","meta'
    b'data":{"invocationId":"https://github.com//actions/runs/"https://slsa.dev/provenance/v1"{"bomFormat":"C'
    b'ycloneDX","specVersion":"1.6"https://cyclonedx.org/bom"github_workflow_trigger":"push","github_workflow'
    b'_sha":"","github_workflow_name":"Release","github_workflow_repository":"","github_workflow_ref":"refs/h'
    b'eads/main"}},"key":null,"signature_id":"","digest":null,"log_index":,"signed_at":"2026-","holds":true,"'
    b'reason":null,"detail":"","contradictions":[],"trusts":{"keyless":null},"conditions":{},"document":{"_ty'
    b'pe":"https://in-toto.io/Statement/v0.1","predicateType":"https://sigstore.dev/cosign/sign/v1","subject"'
    b':[{"name":"ghcr.io/","digest":{"sha256":""}}],"predicate":{}},"document_omitted":false},{"place":"refer'
    b'rer sha256:","sources":[""],"format":"bundle","is_signature":false,"predicate_type":"https://"used":"re'
    b'ferrer sha256:","cause":null,"condition":null}]}],"condition":null,"policy_controller":{"answer":"deny"'
    b',"text":"authority : no attestation is in the tags .sig and .att, where signatureFormat looks"}}],"near'
    b'est_miss":null,"warnings":[],"policy_controller":{"answer":"admit","text":"policy : authority  holds"},'
    b'"sources":[""],"reproduce":["cosign verify ghcr.io/"],"trust_root":{"sha256":"","others":{}},"verified_'
    b'at":"2026-'
)
"""What documents have in common besides since 2026-11-25. Never to be changed either."""

LATEST_WORDS = (
    b'{"digest":"sha256:","platform":"linux/arm64","state":"missing","text":"{"digest":"sha256:","platform":"'
    b'linux/amd64","state":"CHILD_MISSING EVIDENCE_LOST IDENTITY_CHANGED TRUST_ROOT_CHANGED POLICY_CHANGED CH'
    b'ILD_UNVERIFIED{"code":"TAG_MOVED","text":"tag latest points to sha256:{"status":"PENDING","reasons":["N'
    b'O_SIGNATURE","NO_ATTESTATION"],"causes":[{"code":"NO_SIGNATURE","text":"no signature was found"},{"code'
    b'":"NO_ATTESTATION","text":"no attestation of type https://"used":null,"cause":{"code":"NO_ATTESTATION",'
    b'"text":"no attestation of type https://"},"condition":null},{"name":""children":["sha256:"],"children_t'
    b'able":[],"covered_by":null,"policies":[{"name":"","mode":"enforce","sha256":""condition":null}]}],"cond'
    b'ition":null,"children":"index","leaves":null,"presence":null,"slack_channel":null,"policy_controller":{'
    b'"answer":"deny","text":"authority keyless: no attestation is in the tags .sig and .att"}}],"statements"'
    b':[],"nearest_miss":null,"warnings":[],"drift":[],"superseded_by":null,"policy_controller":{"answer":"ad'
    b'mit","text":"policy : authority  holds"},"sources":[""],"reproduce":["cosign verify ghcr.io/"trust_root'
    b'":{"sha256":"","checked_at":"2026-","others":{}},"verified_at":"2026-'
)
"""What documents have in common besides since children and drift are told. Never to be changed either."""

_DICTIONARIES = (WORDS, WORDS + MORE_WORDS, WORDS + MORE_WORDS + LATEST_WORDS)
_BY_ID = {zlib.adler32(words).to_bytes(4, "big"): words for words in _DICTIONARIES}
"""by the id that a compressed document begins with (RFC 1950 section 2.2)"""

_LISTS = ("statements", "reproduce", "policies", "causes", "children")  # what is missed least comes first
_ESSENTIAL = ("status", "reasons", "image", "digest", "kind", "verified_at")


def write(document: Json) -> bytes:
    """The document in at most `STORED_LIMIT` bytes.

    A document that does not fit loses entries from the tail of its lists, statements first;
    `dropped` then says how many of which.
    """
    whole = _pack(document)
    if whole is not None:
        return whole
    shorter: dict[str, Any] = {**document, "dropped": {}}
    for name in _LISTS:
        while shorter.get(name):
            kept = len(shorter[name]) // 2
            shorter["dropped"][name] = len(document[name]) - kept
            shorter[name] = list(document[name])[:kept]
            if packed := _pack(shorter):
                return packed
    bare = {name: document.get(name) for name in _ESSENTIAL}
    return _compress(_json({**bare, "dropped": shorter["dropped"]}))


def read(stored: bytes) -> dict[str, Any]:
    """The document again; ValueError where the bytes are not what `write` makes."""
    inflater = zlib.decompressobj(zdict=_BY_ID.get(stored[2:6], WORDS))
    try:
        raw = inflater.decompress(stored, READABLE_LIMIT)
    except zlib.error as error:
        raise ValueError(f"stored document does not decompress: {error}") from error
    if not inflater.eof:
        raise ValueError(f"stored document is cut off or larger than {READABLE_LIMIT} bytes")
    document = json.loads(raw)
    if not isinstance(document, dict):
        raise ValueError(f"stored document is no object but {type(document).__name__}")
    return document


def _pack(document: Json) -> bytes | None:
    """The stored form, or None where it is too large."""
    raw = _json(document)
    if len(raw) > WRITTEN_LIMIT:
        return None
    packed = _compress(raw)
    return packed if len(packed) <= STORED_LIMIT else None


def _json(document: Json) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _compress(raw: bytes) -> bytes:
    deflater = zlib.compressobj(level=9, zdict=_DICTIONARIES[-1])
    return deflater.compress(raw) + deflater.flush()
