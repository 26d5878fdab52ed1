"""How an authority wants evidence proven: by our reading, and by policy-controller's.

Sources: policy-controller 0.13 pkg/webhook/validator.go, checkOptsFromAuthority and rekorClientAndKeysFromAuthority.
"""

from __future__ import annotations

from collections.abc import Mapping

from registry_verifier.candidate import PUBLIC_GOOD, Trust
from registry_verifier.errors import Unavailable
from registry_verifier.policy.model import Authority, Key
from registry_verifier.reasons import Reason

KmsKeys = Mapping[str, str | Unavailable]
"""by reference: the public key in PEM, or why it could not be asked for"""


def ours(authority: Authority, kms_keys: KmsKeys) -> Trust:
    """What this authority demands; raises Unavailable where its key could not be had.

    A keyless signature always needs a witness of its time, a log or a timestamp, whatever the file leaves out.
    """
    keys = public_keys(authority.key, kms_keys) if authority.key else ()
    stamped = authority.timestamp_root is not None
    log = authority.log
    return Trust(
        root=PUBLIC_GOOD if keys else authority.trust_root,
        keys=keys,
        hash_algorithm=authority.key.hash_algorithm if authority.key else "sha256",
        sct=not keys and not authority.ignore_sct,
        log=not stamped and (log is not None or not keys),
        log_root=PUBLIC_GOOD if stamped else (log.trust_root if log and log.trust_root else authority.trust_root),
        timestamp=stamped,
        timestamp_root=authority.timestamp_root or PUBLIC_GOOD,
    )


def root_names(trust: Trust) -> tuple[str, ...]:
    """Whose certificate authorities, transparency logs and timestamp authorities count; none where no root has a say.

    The same three of which the prover composes the root.
    """
    if trust.keys and not trust.log and not trust.timestamp:
        return ()
    logs = trust.log_root if trust.log else trust.root
    stamps = trust.timestamp_root if trust.timestamp else logs
    return (logs if trust.keys else trust.root, logs, stamps)


def as_cluster(authority: Authority, kms_keys: KmsKeys) -> Trust:
    """What policy-controller demands; raises Unavailable as `ours`, and ValueError where it gives up beforehand."""
    return _bundle(authority) if authority.signature_format == "bundle" else _legacy(authority, kms_keys)


def _bundle(authority: Authority) -> Trust:
    if authority.key:
        raise ValueError("bundles are verified for keyless authorities only")
    if len(authority.identities) > 1:
        raise ValueError("bundles are verified for one identity only, and there are several")
    log, stamp = authority.log, authority.timestamp_root
    if stamp is not None and stamp != authority.trust_root:
        raise ValueError("rfc3161timestamp.trustRootRef differs from keyless.trustRootRef")
    if log and log.trust_root != authority.trust_root:
        raise ValueError("ctlog.trustRootRef differs from keyless.trustRootRef")
    root = authority.trust_root
    if root and not (stamp is not None and authority.ignore_sct):
        # the ids of its logs are encoded twice there (pkg/reconciler/trustroot), so that no log of it is ever found
        raise ValueError(
            "logs of a TrustRoot are not found for bundles: only rfc3161timestamp with insecureIgnoreSCT is"
        )
    return Trust(
        root=root,
        sct=not authority.ignore_sct,
        log=stamp is None,
        log_root=root if stamp is None else PUBLIC_GOOD,
        timestamp=stamp is not None,
        timestamp_root=root if stamp is not None else PUBLIC_GOOD,
    )


def _legacy(authority: Authority, kms_keys: KmsKeys) -> Trust:
    keys = public_keys(authority.key, kms_keys)[:1] if authority.key else ()  # it reads the first PEM block only
    stamped = bool(authority.timestamp_root)
    log = authority.log
    by_default = not keys and not authority.trust_root and log is None
    logged = not stamped and (by_default or (log is not None and bool(log.url or log.trust_root)))
    return Trust(
        root=PUBLIC_GOOD if keys else authority.trust_root,
        keys=keys,
        hash_algorithm=authority.key.hash_algorithm if authority.key else "sha256",
        sct=not keys and not authority.ignore_sct,
        log=logged,
        log_root=log.trust_root if logged and log else PUBLIC_GOOD,
        timestamp=stamped,
        timestamp_root=authority.timestamp_root or PUBLIC_GOOD,
        now=not keys and not stamped and not logged,
    )


def public_keys(key: Key, kms_keys: KmsKeys) -> tuple[str, ...]:
    """The keys in PEM; raises Unavailable where one could not be asked for."""
    if not key.kms:
        return key.keys
    found = kms_keys.get(key.kms)
    if isinstance(found, Unavailable):
        raise found
    if found is None:
        raise Unavailable(Reason.KEY_UNAVAILABLE, f"key {key.kms[:200]} was not asked for")
    return (found,)
