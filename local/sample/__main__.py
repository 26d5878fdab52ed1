"""`python -m local.sample` serves the sample's API and status pages on this machine until it is interrupted."""

from __future__ import annotations

import argparse
import contextlib
import threading

from local.answering import LocalApi
from local.sample.stored import sample
from registry_verifier.question.request import Access


def main() -> None:
    """Serve for whom everything is open, and beside that what the public sees."""
    parser = argparse.ArgumentParser(prog="python -m local.sample", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="the public's page has the next one")
    port = parser.parse_args().port
    world = sample().world
    with (
        contextlib.suppress(KeyboardInterrupt),
        LocalApi(world, port=port) as api,
        LocalApi(world, access=Access.PUBLIC, port=port + 1) as public,
    ):
        print(f"status page {api.url}/status/\nfor everybody {public.url}/status/\nAPI {api.url}/v1/images", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
