"""For which platforms an SBOM was made, as far as it tells, and which of an index's it leaves out.

An SBOM that is attested about an index describes one platform as a rule: whatever its tool ran on. Sources: the package
url types `oci`, `docker`, `deb`, `apk` and `rpm` (qualifiers `arch`, `os`, `platform`) in CycloneDX and SPDX, and the
properties that tools write about the image.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from registry_verifier.models import Json, Statement
from registry_verifier.reasons import Reason
from registry_verifier.results import Cause, PolicyResult

_TYPES = ("https://cyclonedx.org/bom", "https://spdx.dev/Document")
_PURL = re.compile(r"pkg:([a-z]{2,20})/[^?#]{1,600}\?([^#]{1,600})", re.IGNORECASE)
_IMAGE_TYPES = ("oci", "docker")
_PACKAGE_TYPES = ("deb", "apk", "rpm")
_PACKAGES_LIMIT = 20_000
"""packages that are looked at; an SBOM of an image has hundreds to thousands"""
_PROPERTIES_LIMIT = 1000
_SYSTEM = re.compile(r"[a-z0-9]{1,20}\Z")
_NAMES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "i686": "386",
    "x86": "386",
    "armhf": "arm",
    "armel": "arm",
    "armv6l": "arm",
    "armv7": "arm",
    "armv7l": "arm",
    "armv7hl": "arm",
    "ppc64el": "ppc64le",
    "loongarch64": "loong64",
}
"""what distributions call what images call otherwise"""
_MACHINES = frozenset(
    [
        "386",
        "amd64",
        "arm",
        "arm64",
        "loong64",
        "mips",
        "mips64",
        "mips64le",
        "mipsle",
        "ppc64",
        "ppc64le",
        "riscv64",
        "s390x",
        "wasm",
    ]
)
"""what OCI image-spec takes from Go (GOARCH); `all`, `noarch` and the like say nothing"""
_MACHINE_PROPERTIES = ("architecture", "arch", "imagearchitecture")
_PLATFORM_PROPERTIES = ("platform", "imageplatform")


def warning(
    statements: Iterable[Statement], results: Iterable[PolicyResult], platforms: Sequence[str]
) -> tuple[Cause, ...]:
    """SBOM_PLATFORMS where the SBOMs that policies used leave out some of an index's `platforms`, else nothing."""
    used = {r.used for result in results for a in result.authorities for r in a.requirements if r.used}
    found = [s for s in statements if s.holds and _is_sbom(s)]
    signers = {_signer(s) for s in found if s.place in used}
    machines = set[str]()
    for statement in found:
        if _signer(statement) in signers:
            told = set(_machines(_bom(statement.document)))
            if not told:
                return ()  # nobody knows which platforms this one is about
            machines |= told
    missing = [platform for platform in platforms if not _is_described(platform, machines)]
    if not machines or not missing:
        return ()
    described = [platform for platform in platforms if platform not in missing] or sorted(machines)
    text = f"SBOM describes {', '.join(described)} only (index has {', '.join(platforms)})"
    return (Cause(Reason.SBOM_PLATFORMS, text),)


def _is_sbom(statement: Statement) -> bool:
    return bool(statement.predicate_type) and str(statement.predicate_type).startswith(_TYPES)


def _signer(statement: Statement) -> tuple[str, str, str]:
    who = statement.identity
    return statement.key or "", who.subject if who else "", who.issuer if who else ""


def _bom(document: Json) -> Mapping[str, Any]:
    """The SBOM in a statement; cosign up to 1.x wrapped it."""
    predicate = _table(document.get("predicate"))
    return _table(predicate.get("Data")) or predicate


def _machines(bom: Mapping[str, Any]) -> set[str]:
    """Platforms (`linux/amd64`) and machines (`amd64`): what is said of the image, else what its packages are for."""
    return set(_of_image(bom)) or set(_of_packages(bom))


def _of_image(bom: Mapping[str, Any]) -> Iterator[str]:
    about = _table(bom.get("metadata"))
    component = _table(about.get("component"))
    for described in (about, component):
        for one in itertools.islice(_tables(described.get("properties")), _PROPERTIES_LIMIT):
            yield from _of_property(one)
    yield from _of_purl(component.get("purl"), _IMAGE_TYPES)
    for purl in _purls(bom):
        yield from _of_purl(purl, _IMAGE_TYPES)


def _of_packages(bom: Mapping[str, Any]) -> Iterator[str]:
    for purl in _purls(bom):
        yield from _of_purl(purl, _PACKAGE_TYPES)


def _purls(bom: Mapping[str, Any]) -> Iterator[object]:
    for component in itertools.islice(_tables(bom.get("components")), _PACKAGES_LIMIT):
        yield component.get("purl")
    for package in itertools.islice(_tables(bom.get("packages")), _PACKAGES_LIMIT):
        for reference in itertools.islice(_tables(package.get("externalRefs")), 10):
            if reference.get("referenceType") == "purl":
                yield reference.get("referenceLocator")


def _of_purl(purl: object, types: Sequence[str]) -> Iterator[str]:
    parts = _PURL.match(purl) if isinstance(purl, str) else None
    if parts is None or parts[1].lower() not in types:
        return
    said = {name: values[0] for name, values in parse_qs(parts[2]).items()}
    system = said.get("os", "")
    yield from _named(said.get("platform", ""))
    yield from _named(f"{system}/{said['arch']}" if system and "arch" in said else said.get("arch", ""))


def _of_property(entry: Mapping[str, Any]) -> Iterator[str]:
    name, value = entry.get("name"), entry.get("value")
    if not isinstance(name, str) or not isinstance(value, str) or ":labels:" in name.lower():
        return  # a label is a stranger's word
    last = re.split(r"[:.]", name[:200].lower())[-1]
    if last in _MACHINE_PROPERTIES or (last in _PLATFORM_PROPERTIES and "/" in value):
        yield from _named(value)


def _named(text: str) -> Iterator[str]:
    """`linux/amd64/v1`, `amd64` or `x86_64` by the names that images use; nothing where it is none of these."""
    *system, machine = text[:80].lower().split("/")[:2]
    machine = _NAMES.get(machine, machine)
    if machine in _MACHINES and all(map(_SYSTEM.match, system)):
        yield "/".join([*system, machine])


def _is_described(platform: str, machines: set[str]) -> bool:
    return platform in machines or platform.rpartition("/")[2] in machines


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> Iterator[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
