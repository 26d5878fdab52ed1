"""Who must have signed, and where the cluster looks for it: what policy-controller does with one authority."""

from __future__ import annotations

from collections.abc import Iterator

from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.policy.lint import identities, predicates
from registry_verifier.policy.lint.advice import Advice, shown
from registry_verifier.policy.lint.attention import Attention
from registry_verifier.policy.model import Authority, Policy
from registry_verifier.statement import COSIGN_SIGN

_FULCIO = "https://fulcio.sigstore.dev"
_LIST_IT = f"list {shown(COSIGN_SIGN)} as an attestation"


def advise(authority: Authority, policy: Policy, path: str, attention: Attention) -> Iterator[Advice]:
    """Everything about one authority; `attention` is what is left of it for the policy's expressions."""
    if authority.cannot and not authority.ca_cert:
        yield Advice("unsupported-here", path, f"this authority is not evaluated here: {authority.cannot}")
    if authority.static:
        if authority.static.action == "pass":
            yield Advice(
                "static-pass", f"{path}.static", "every image that matches passes, signed or not (name no others)"
            )
        return
    yield from _keyless(authority, path, attention)
    yield from _format(authority, path)
    yield from _key(authority, path)
    yield from _dropped(authority, policy, path)
    yield from _attestations(authority, policy, path)


def _keyless(authority: Authority, path: str, attention: Attention) -> Iterator[Advice]:
    if not authority.identities:
        return
    if authority.ca_cert:
        fault = "ca-cert is read by policy-controller and never used, so nothing verifies (write trustRootRef)"
        yield Advice("ca-cert-never-verifies", f"{path}.keyless.ca-cert", fault)
    elif authority.trust_root == PUBLIC_GOOD and authority.url.rstrip("/") != _FULCIO:
        fault = f"url is {shown(authority.url)}, and certificates of {_FULCIO} count (name a TrustRoot by trustRootRef)"
        yield Advice("fulcio-url-unknown", f"{path}.keyless.url", fault)
    if authority.ignore_sct and authority.trust_root == PUBLIC_GOOD:
        fault = "a certificate counts that no certificate log has seen (leave insecureIgnoreSCT out)"
        yield Advice("ignore-sct", f"{path}.keyless.insecureIgnoreSCT", fault)
    for index, rule in enumerate(authority.identities):
        public = authority.trust_root == PUBLIC_GOOD and not authority.ca_cert
        yield from identities.advise(rule, f"{path}.keyless.identities[{index}]", attention, public=public)


def _key(authority: Authority, path: str) -> Iterator[Advice]:
    if authority.key is None:
        return
    if authority.log is None and not authority.timestamp_root:
        fault = "ctlog is missing, so with a key no transparency log is asked for (add ctlog, with a url)"
        yield Advice("key-without-log", path, fault)
    if len(authority.key.keys) > 1:
        fault = f"the cluster takes the first of the {len(authority.key.keys)} keys only, any is enough here"
        yield Advice("several-keys", f"{path}.key", f"{fault} (write an authority for each key)")


def _dropped(authority: Authority, policy: Policy, path: str) -> Iterator[Advice]:
    """What the cluster loses of v1beta1 when it stores it, and a log that it does not ask for a private Sigstore."""
    stored = policy.version == "v1beta1"
    if stored and authority.log and not authority.log.url:
        fault = "the cluster drops a ctlog without url, and asks for no log then (add the url)"
        yield Advice("log-dropped", f"{path}.ctlog", fault)
    if stored and authority.timestamp_root == PUBLIC_GOOD:
        fault = "the cluster drops an rfc3161timestamp without trustRootRef (name a TrustRoot)"
        yield Advice("log-dropped", f"{path}.rfc3161timestamp", fault)
    private = authority.trust_root != PUBLIC_GOOD and authority.signature_format != "bundle"
    if private and authority.log is None and authority.timestamp_root is None:
        fault = "with trustRootRef and without ctlog the cluster asks for no log: nothing passes when the certificate"
        yield Advice("log-dropped", path, f"{fault} has expired, minutes after signing (add ctlog)")


def _format(authority: Authority, path: str) -> Iterator[Advice]:
    """One sentence about `signatureFormat`: where the cluster looks, and what it will not find there."""
    written = authority.signature_format
    place = f"{path}.signatureFormat" if written else path
    fault = _bundle_fault(authority) if written == "bundle" else _legacy_fault(authority)
    if fault:
        yield Advice("signature-format", place, fault)


def _legacy_fault(authority: Authority) -> str:
    written = authority.signature_format
    is_legacy = "signatureFormat is missing, which the cluster takes for 'legacy'"
    if written:
        is_legacy = f"signatureFormat is {shown(written)}" + ("" if written == "legacy" else ", taken for 'legacy'")
    unseen = f"{is_legacy}: it sees nothing that cosign 3 writes"
    if not authority.identities:
        return f"{unseen} (sign with --new-bundle-format=false, bundles work in the cluster without keys only)"
    return f"{unseen} (write 'bundle'{'' if authority.attestations else f' and {_LIST_IT}'})"


def _bundle_fault(authority: Authority) -> str:
    if not authority.identities:
        return "signatureFormat is 'bundle' with a key, which never passes in the cluster (write 'legacy')"
    if not authority.attestations:
        return f"signatureFormat is 'bundle' without attestations, which never passes in the cluster ({_LIST_IT})"
    roots = [authority.timestamp_root, authority.log.trust_root if authority.log else None]
    others = [root for root in roots if root not in (None, authority.trust_root)]
    if others:
        fault = f"signatureFormat is 'bundle' and trustRootRef {shown(others[0] or '')} is not that of keyless"
        return f"{fault}, which never passes in the cluster (name one TrustRoot in all places)"
    if authority.trust_root != PUBLIC_GOOD and not (authority.timestamp_root and authority.ignore_sct):
        fault = "signatureFormat is 'bundle' with a TrustRoot, whose logs the cluster never finds"
        return f"{fault} (only rfc3161timestamp with insecureIgnoreSCT passes there)"
    return ""


def _attestations(authority: Authority, policy: Policy, path: str) -> Iterator[Advice]:
    types = [rule.predicate_type for rule in authority.attestations]
    if types and policy.require_signature and COSIGN_SIGN not in types:
        fault = (
            f"the cluster checks the attestations in place of the image signature, which is demanded here ({_LIST_IT}"
        )
        only = 'for the cluster, or set registry-verifier/require-signature: "false" for both)'
        yield Advice("attestations-replace-signature", f"{path}.attestations", f"{fault} {only}")
    for index, rule in enumerate(authority.attestations):
        here = f"{path}.attestations[{index}]"
        yield from predicates.advise(rule, here, compared=policy.require_provenance_match)
