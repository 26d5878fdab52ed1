"""The proof of one candidate, as one authority of a policy wants it: the door to everything that verifies.

A bundle by certificate, in a log, with a certificate log's stamp is proven by sigstore-python (`sigstore_bundle`).
Whatever that library does not do is proven by `steps`: legacy layers, public keys, certificates without a stamp, and
bundles with a timestamp and no log entry, as GitHub's own Sigstore makes for private repositories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from registry_verifier import statement
from registry_verifier.candidate import PUBLIC_GOOD, Candidate, Trust
from registry_verifier.errors import EvidenceRejected, TrustRootError
from registry_verifier.models import Digest, Statement
from registry_verifier.proof import bundle, layer, timestamp
from registry_verifier.proof.sigstore_bundle import BundleVerifier
from registry_verifier.proof.steps import Signed, Steps
from registry_verifier.reasons import Reason
from registry_verifier.trusted_root import TrustedRoot


class Prover:
    """Proves candidates under the trusted roots of one deployment and of its policies."""

    def __init__(self, roots: Mapping[str, TrustedRoot], *, clock: Callable[[], datetime] | None = None) -> None:
        """`roots` by the name of their TrustRoot; TrustRootError where the deployment's own cannot be used.

        `clock` is asked where a certificate must be valid now.
        """
        self._roots = dict(roots)
        self._clock = clock or (lambda: datetime.now(UTC))
        self._composed: dict[tuple[str, str, str], TrustedRoot] = {}
        self._verifiers: dict[int, BundleVerifier] = {}
        if PUBLIC_GOOD in self._roots:
            self._verifier(self._roots[PUBLIC_GOOD])

    def prove(self, candidate: Candidate, digest: Digest, trust: Trust) -> Statement:
        """The statement or signature about `digest` in `candidate`, proven as `trust` wants it.

        Raises EvidenceRejected and nothing else, whatever the bytes are; TrustRootError where `trust` names a root
        that this deployment does not have, which is the caller's fault.
        """
        if unknown := {trust.root, trust.log_root, trust.timestamp_root} - self._roots.keys():
            raise TrustRootError(f"no trust root {', '.join(sorted(unknown))!r}")
        with _refusals(candidate):
            root = self._root(trust)
            if trust.as_cosign and candidate.format == "bundle":
                bundle.require_readable_by_cosign(bundle.parse(candidate.content))
            if candidate.format == "bundle" and not trust.keys and trust.log and trust.sct:
                found = self._by_sigstore(candidate, digest, trust, root)
            else:
                found = Steps(_read(candidate), digest, trust, root, self._clock).statement()
            return replace(found, place=candidate.place)

    def refused(self, candidate: Candidate, error: EvidenceRejected) -> Statement:
        """What a candidate that does not hold claims to be. Nobody's word."""
        is_signature, predicate_type = candidate.format == "simplesigning", None
        if candidate.format == "bundle":
            is_signature, predicate_type = BundleVerifier.hint(candidate.content)
        elif candidate.format == "dsse":
            predicate_type = candidate.annotations.get("predicateType", "")[: statement.PREDICATE_TYPE_LIMIT] or None
        text = str(error)
        return Statement(
            candidate.place, candidate.format, is_signature, predicate_type, reason=error.reason, detail=text
        )

    def _by_sigstore(self, candidate: Candidate, digest: Digest, trust: Trust, root: TrustedRoot) -> Statement:
        document = bundle.parse(candidate.content)
        found = self._verifier(root).verify_document(candidate.content, document, digest)
        if trust.timestamp:
            signed = bundle.read(document)
            timestamp.read(signed.stamps(), signed.stamped, root)
        return found

    def _verifier(self, root: TrustedRoot) -> BundleVerifier:
        # by identity: every root that is used is kept, here or in what was composed
        if id(root) not in self._verifiers:
            self._verifiers[id(root)] = BundleVerifier(root)
        return self._verifiers[id(root)]

    def _root(self, trust: Trust) -> TrustedRoot:
        """One root of the parts that `trust` names; where no timestamp is demanded, the log's root says whose count."""
        logs = trust.log_root if trust.log else trust.root
        stamps = trust.timestamp_root if trust.timestamp else logs
        names = (logs if trust.keys else trust.root, logs, stamps)
        if names not in self._composed:
            self._composed[names] = TrustedRoot.compose(*(self._roots[name] for name in names))
        return self._composed[names]


def usable_root(content: bytes) -> TrustedRoot:
    """The trusted root of a deployment in these bytes; TrustRootError where nothing could be proven by it."""
    root = TrustedRoot(content)
    Prover({PUBLIC_GOOD: root})  # sigstore-python has demands of its own
    return root


def _read(candidate: Candidate) -> Signed:
    if candidate.format == "bundle":
        return bundle.read(bundle.parse(candidate.content))
    return layer.read(candidate)


@contextmanager
def _refusals(candidate: Candidate) -> Iterator[None]:
    """Whatever a hostile candidate breaks is a refusal of that candidate: it must not end the look at the image.

    So is a trusted root of a policy that lacks what the policy asks of it.
    """
    try:
        yield
    except EvidenceRejected:
        raise
    except TrustRootError as error:
        raise EvidenceRejected(Reason.CERT_INVALID, str(error)) from error
    except Exception as error:
        reason = Reason.BUNDLE_INVALID if candidate.format == "bundle" else Reason.CERT_INVALID
        raise EvidenceRejected(reason, f"{candidate.format} breaks its reader: {type(error).__name__}") from error
