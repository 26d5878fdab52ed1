"""`python -m local.openapi` writes the document; `--check` says whether the one that is there is the one to be."""

from __future__ import annotations

import sys

from local.openapi.document import written
from local.template import ROOT

TARGET = ROOT / "layers/registry_verifier/registry_verifier/openapi.json"


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` compare it; 1 where it is another one."""
    made = written()
    if arguments == ["--check"]:
        if TARGET.exists() and TARGET.read_text("utf-8") == made:
            return 0
        print(f"{TARGET.name} is not what the code says (make openapi)", file=sys.stderr)
        return 1
    TARGET.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
