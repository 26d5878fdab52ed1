"""`make contract`: the API of the local stack, with real publishes behind it, held against its OpenAPI file.

Two tools that know nothing of this project read the file that the API serves: schemathesis asks whatever it allows and
what it does not, and a generated client is checked for its types and used. Ends with 0 when nothing is wrong.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from local import publishes
from local import world as worlds
from local.contract import client, fuzz
from local.patience import Unexpected, require
from local.publishes import Published
from local.template import ROOT
from local.world import World

CHECKED_IN = ROOT / "layers/registry_verifier/registry_verifier/openapi.json"
_GRACE = "1h"
"""so that what is not signed waits until the end"""

Step = Callable[[str, Published, Path], bool]
STEPS: dict[str, Step] = {"schemathesis": fuzz.run, "a generated client": client.run}


def main() -> int:
    """Bring everything up, and take each step; returns the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the emulator is ended with us
    try:
        with worlds.up(grace_period=_GRACE) as world:
            known = publishes.publish(world)
            print(f"the stack is up, with publishes of four kinds: {world.stack.api_url}", flush=True)
            is_the_one_in_the_repository(world)
            failed = [name for name, step in STEPS.items() if not taken(name, step, world.stack.api_url, known)]
    except (Unexpected, RuntimeError) as error:
        failed = [str(error)]
    print(f"\nNOT AS IT SHOULD BE: {', '.join(failed)}" if failed else "\nthe API is as its OpenAPI file says")
    return int(bool(failed))


def is_the_one_in_the_repository(world: World) -> None:
    """The served file and the one that people read are the same."""
    served = world.http.get(f"{world.stack.api_url}/openapi.json").raise_for_status()
    require(served.text.strip() == CHECKED_IN.read_text().strip(), "openapi.json is not served as it is checked in")


def taken(name: str, step: Step, api_url: str, known: Published) -> bool:
    """One step, announced and timed."""
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="registry-verifier-") as folder:
        holds = step(api_url, known, Path(folder))
    print(f"{name}: {'nothing is wrong' if holds else 'FAILED'} ({time.monotonic() - began:.0f} s)", flush=True)
    return holds


if __name__ == "__main__":
    sys.exit(main())
