"""What an operator configures, read from files: the policies, what stands beside them, and the trusted roots.

```
policies/*.yaml         ClusterImagePolicy, TrustRoot and ConfigMap documents
policies/remote/*       files that a policy names by their hash (`policy.remote`)
policies/trust_roots/NAME.json   what `registry-verifier trust-root fetch` made of a TrustRoot with a remote mirror
trusted_root.json       Sigstore's public trusted root
tuf_root.json           the root.json of the TUF repository that vouches for newer trusted roots
```
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from registry_verifier import trust_roots
from registry_verifier.candidate import PUBLIC_GOOD
from registry_verifier.errors import PolicyError, Problem, TrustRootError, Unavailable
from registry_verifier.judgement import trusts
from registry_verifier.policy import load
from registry_verifier.policy.load import PolicySet
from registry_verifier.policy.model import Authority, Policy
from registry_verifier.policy.trust_root import Remote, TrustRootDocument
from registry_verifier.trusted_root import TrustedRoot

Fetch = Callable[[Remote], bytes]

_REFERRED_LIMIT = 100
_FILE_LIMIT = 1 << 20


@dataclass(frozen=True)
class Configuration:
    """The policies, ready to be applied, and every trusted root that they name."""

    policies: tuple[Policy, ...]
    roots: Mapping[str, TrustedRoot]
    """by the TrustRoot's name; PUBLIC_GOOD is the deployment's own"""

    @property
    def trusted_root(self) -> TrustedRoot:
        """The deployment's own."""
        return self.roots[PUBLIC_GOOD]


def read(folder: Path) -> Configuration:
    """Load a folder; PolicyError or TrustRootError where a file does not load, or where there is no policy at all."""
    return configured(every_policy(folder), packaged_root(folder))


def every_policy(folder: Path) -> PolicySet:
    """The policies in a folder; PolicyError where a file does not load, or where there is none at all."""
    files = sorted((folder / "policies").glob("*.y*ml"))
    if not files:
        raise PolicyError(Problem(str(folder / "policies"), 1, 1, "", "no policy file (expected *.yaml)"))
    loaded = policies(files)
    if not loaded.policies:
        raise PolicyError(Problem(str(files[0]), 1, 1, "", "no ClusterImagePolicy in these files"))
    return loaded


def packaged_root(folder: Path) -> TrustedRoot:
    """The trusted root in a folder; TrustRootError where it cannot be read."""
    return trusted_root(folder / "trusted_root.json")


def tuf_root(folder: Path) -> bytes:
    """What a refresh of the trusted root believes to begin with; TrustRootError where it cannot be read."""
    try:
        return (folder / "tuf_root.json").read_bytes()
    except OSError as error:
        raise TrustRootError(f"cannot read the TUF repository's root.json: {error}") from error


def policies(files: Iterable[Path]) -> PolicySet:
    """What these files hold, with what stands beside them; PolicyError says what is wrong in any of them."""
    paths = list(files)
    return load.load_files({str(file): _bytes(file) for file in paths}, referred=_referred(paths))


def configured(loaded: PolicySet, public: TrustedRoot, fetch: Fetch | None = None) -> Configuration:
    """The policies with their trusted roots.

    A TrustRoot that cannot be used takes nothing else down: the authorities that name it cannot be judged, and say so.
    """
    others, troubles = _resolved(loaded, fetch)
    roots = {PUBLIC_GOOD: public, **others}
    return Configuration(tuple(_bound(policy, roots, troubles) for policy in loaded.policies), roots)


def checked(loaded: PolicySet) -> PolicySet:
    """The same, with authorities that say what their TrustRoots lack; the deployment's own root is not looked at."""
    roots, troubles = _resolved(loaded, None)
    return replace(loaded, policies=tuple(_bound(policy, roots, troubles) for policy in loaded.policies))


def _resolved(loaded: PolicySet, fetch: Fetch | None) -> tuple[dict[str, TrustedRoot], dict[str, str]]:
    """The trusted roots of the TrustRoots by name, and why others cannot be had."""
    roots, troubles = dict[str, TrustedRoot](), dict[str, str]()
    for document in loaded.trust_roots:
        try:
            roots[document.name] = trust_roots.resolve(document, fetched=_fetched(document), fetch=fetch)
        except (TrustRootError, Unavailable) as error:
            troubles[document.name] = str(error)
    return roots, troubles


def trusted_root(file: Path) -> TrustedRoot:
    """The trusted root in this file; TrustRootError where it cannot be read."""
    try:
        return TrustedRoot(file.read_bytes())
    except OSError as error:
        raise TrustRootError(f"cannot read the trusted root: {error}") from error


def _bound(policy: Policy, roots: Mapping[str, TrustedRoot], troubles: Mapping[str, str]) -> Policy:
    """The policy with what its roots are: other roots make it another policy."""
    authorities = tuple(_usable(authority, roots, troubles) for authority in policy.authorities)
    named = sorted({name for authority in authorities for name in authority.trust_roots})
    if not named:
        return replace(policy, authorities=authorities)
    known = "".join(f"{name}={roots[name].sha256 if name in roots else ''}\n" for name in named)
    sha256 = hashlib.sha256(f"{policy.sha256}\n{known}".encode()).hexdigest()
    return replace(policy, authorities=authorities, sha256=sha256)


def _usable(authority: Authority, roots: Mapping[str, TrustedRoot], troubles: Mapping[str, str]) -> Authority:
    wrong = [f"TrustRoot {name}: {troubles[name]}" for name in authority.trust_roots if name in troubles]
    wrong += _lacking(authority, roots)
    if wrong:
        return replace(authority, cannot=authority.cannot or wrong[0])
    foreign = [name for name in authority.trust_roots if name in roots and roots[name].tiles_keys]
    if foreign:
        return replace(authority, denied_there=f"TrustRoot {foreign[0]} has a log whose key is not ECDSA")
    return authority


def _lacking(authority: Authority, roots: Mapping[str, TrustedRoot]) -> list[str]:
    """What the authority demands of a trusted root that has none of it: no evidence could ever hold, nor be wrong."""
    if authority.static:
        return []
    named = authority.key and authority.key.kms
    trust = trusts.ours(authority, {named: named} if named else {})  # which key it is makes no difference here
    demanded = {
        "certificateAuthorities": (trust.root, not trust.keys),
        "ctLogs": (trust.root, trust.sct),
        "tLogs": (trust.log_root, trust.log),
        "timestampAuthorities": (trust.timestamp_root, trust.timestamp),
    }
    lacking = [(name, part) for part, (name, wanted) in demanded.items() if wanted and _lacks(roots, name, part)]
    return [f"{_called(name)} has no {part}{_FIXES[part]}" for name, part in lacking]


def _lacks(roots: Mapping[str, TrustedRoot], name: str, part: str) -> bool:
    return name in roots and not roots[name].has(part)


def _called(name: str) -> str:
    return f"TrustRoot {name}" if name != PUBLIC_GOOD else "the deployment's trusted root"


_FIXES = {
    "certificateAuthorities": ", without which no certificate holds (add them)",
    "ctLogs": ", without which no certificate is stamped (add them, or insecureIgnoreSCT to the authority)",
    "tLogs": ", and a log entry is demanded (add them, name another TrustRoot by ctlog, or demand rfc3161timestamp)",
    "timestampAuthorities": " with the certificate that signs first and its root last (add them)",
}


def _fetched(document: TrustRootDocument) -> bytes | None:
    try:
        return trust_roots.fetched_file(document).read_bytes() if document.remote else None
    except OSError:
        return None


def _referred(files: Iterable[Path]) -> list[bytes]:
    folders = sorted({file.parent / "remote" for file in files})
    found = [file for folder in folders if folder.is_dir() for file in sorted(folder.iterdir()) if file.is_file()]
    return [_bytes(file) for file in found[:_REFERRED_LIMIT] if file.stat().st_size <= _FILE_LIMIT]


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PolicyError(Problem(str(file), 1, 1, "", f"cannot read the file: {error.strerror}")) from error
