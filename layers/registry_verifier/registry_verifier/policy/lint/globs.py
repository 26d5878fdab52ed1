"""Which images: globs that match more than they seem to, and globs that match nothing.

The cluster asks with `HOST/OWNER/NAME@sha256:…` (policy-controller resolves tags first, its pkg/apis/glob/glob.go);
a publish is asked for with its tags as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from registry_verifier.policy import glob as globs
from registry_verifier.policy.lint.advice import Advice, shown

_DOCKER_HUB = {
    "*": "'index.docker.io/library/*', the official images of Docker Hub",
    "*/*": "'index.docker.io/*/*', the images of Docker Hub",
}
_PREFIX = re.compile(r"(?P<before>.*?[A-Za-z0-9])(?P<stars>\*+)")
_SUBDOMAINS = re.compile(r"\*\.[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]+)?\Z")
_HEX = "0123456789abcdef"
_AT = "@sha256:"
_SOME_DIGEST = _AT + "0" * 64


def advise(patterns: Sequence[str], path: str) -> Iterator[Advice]:
    """Everything about the globs of one policy; `path` is that of the list."""
    for index, pattern in enumerate(patterns):
        here = f"{path}[{index}].glob"
        if pattern in _DOCKER_HUB:
            yield Advice("broad-glob", here, f"glob '{pattern}' stands for {_DOCKER_HUB[pattern]}, and for no others")
        elif fault := _never(pattern):
            yield Advice(
                "glob-never-matches", here, f"glob {shown(pattern)} matches no image by its full name: {fault}"
            )
        else:
            yield from _matching(pattern, patterns, here)


def _matching(pattern: str, patterns: Sequence[str], here: str) -> Iterator[Advice]:
    if fault := _broad(pattern):
        yield Advice("broad-glob", here, f"glob {shown(pattern)} {fault}")
    if not matches_digests(pattern) and not _is_completed(pattern, patterns):
        fix = shown(f"{_name(pattern)}{_AT}*")
        fault = f"glob {shown(pattern)} matches tags only, and the cluster asks with a digest (add {fix})"
        yield Advice("glob-matches-no-digest", here, fault)


def _never(pattern: str) -> str:
    """Why no full name of an image is matched, or nothing."""
    host, slash, _ = pattern.partition("/")
    if "*" not in host and (not slash or not ("." in host or ":" in host or host == "localhost")):
        return f"the registry is missing (write 'index.docker.io/…' for Docker Hub, such as {shown(_on_hub(pattern))})"
    if not slash and "**" not in host:
        return "the registry is missing, and '*' does not match '/' (write 'HOST/OWNER/NAME@sha256:*')"
    if host == "docker.io":
        return f"Docker Hub's full name is index.docker.io (write {shown('index.' + pattern)})"
    name = _name(pattern)
    if name != name.lower():
        return f"names are in lower case (write {shown(name.lower() + pattern[len(name) :])})"
    if name == pattern and "*" not in pattern.rpartition("/")[2]:
        return f"it has neither a tag nor a digest (write {shown(name + _AT + '*')} and {shown(name + ':*')})"
    if "@" in pattern and not matches_digests(pattern):
        return f"no digest ends so (expected {_AT} and 64 hex digits, or {_AT}*)"
    return ""


def _on_hub(pattern: str) -> str:
    return f"index.docker.io/{'' if '/' in pattern else 'library/'}{pattern}"


def _broad(pattern: str) -> str:
    """What else it matches, or nothing."""
    host, slash, _ = pattern.partition("/")
    if not pattern.strip("*"):
        return "matches every image of every registry (write the registry and the owner)"
    if "*" in host and not (slash and _SUBDOMAINS.match(host)):
        return "leaves the registry open, anybody's may stand there (write the registry)"
    prefix = _PREFIX.match(_name(pattern), len(host))
    return _begun(host + prefix["before"], prefix["stars"], pattern[prefix.end() :]) if prefix else ""


def _begun(begun: str, stars: str, rest: str) -> str:
    """A name that a star goes on with, which is that of other repositories too."""
    if rest:
        return f"also matches {shown(f'{begun}-x{rest}')} (write the whole name)"
    deeper = "and" if stars != "*" else "and not"
    found = f"also matches {shown(f'{begun}-x{_AT}…')} {deeper} {shown(f'{begun}/x{_AT}…')}"
    return f"{found} (write {shown(f'{begun}{_AT}*')} and {shown(begun + ':*')})"


def _is_completed(pattern: str, patterns: Sequence[str]) -> bool:
    """Whether another glob of the policy has the digests of what this one has the tags of."""
    sample = _name(pattern).replace("*", "x") + _SOME_DIGEST
    return any(globs.matches(other, sample) for other in patterns)


def _name(pattern: str) -> str:
    """Without the tag or the digest; a port belongs to the name."""
    start = pattern.find("/") + 1
    ends = [end for mark in "@:" if (end := pattern.find(mark, start)) >= 0]
    return pattern[: min(ends, default=len(pattern))]


def matches_digests(pattern: str) -> bool:
    """Whether it matches some `…@sha256:…`: glob and reference are walked side by side, one bit for each place."""
    parts = re.findall(r"\*+|[^*]", pattern)
    stars = _places(parts, "*")
    hexes = sum(_places(parts, digit) for digit in _HEX)
    name = re.findall(r"\*+|[^*]", _name(pattern))
    places = (2 << len(name)) - 1
    for literal in (*(_places(parts, c) for c in _AT), *[hexes] * 64):
        places |= (places & stars) << 1
        places = (places & stars) | ((places & literal) << 1)
    places |= (places & stars) << 1
    return bool(places >> len(parts))


def _places(parts: Sequence[str], begin: str) -> int:
    return sum(1 << n for n, part in enumerate(parts) if part[0] == begin)
