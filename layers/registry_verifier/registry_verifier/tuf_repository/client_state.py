"""What a TUF client remembers between two updates, as python-tuf lays it out in its folder.

Source: TUF specification 1.0, section 5: the versions of trusted metadata must not go back. Delegated roles are left
out: the snapshot says which versions they must have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_ROOTS = "root_history"
_NAME = re.compile(rf"(?:{_ROOTS}/[0-9]{{1,9}}\.root|timestamp|snapshot|targets)\.json", re.ASCII)


def read(folder: Path) -> dict[str, bytes]:
    """The state in a folder, by path."""
    files = (path for path in sorted(folder.rglob("*.json")) if path.is_file() and not path.is_symlink())
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: content for name, content in contents.items() if _NAME.fullmatch(name)}


def write(folder: Path, state: Mapping[str, bytes]) -> None:
    """Put the state into a folder; what has no name of python-tuf's is left out."""
    (folder / _ROOTS).mkdir(exist_ok=True)
    for name, content in state.items():
        if _NAME.fullmatch(name):
            (folder / name).write_bytes(content)
