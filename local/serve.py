"""`make serve`: the whole stack on this machine until it is interrupted, with the addresses to play with."""

from __future__ import annotations

import argparse
import contextlib
import signal
import threading

from local import publishes
from local import world as worlds
from local.project import NAME
from local.world import World

_TEXT = """\
the stack is up; Slack messages appear below. Interrupt to stop.

webhook    {webhook}
status     {status}
API        {api}/v1/images/{name}
           {api}/v1/verifications?status=FAILED
           {api}/openapi.json
registry   {registry}  (as ghcr.io)
table      {table} at {endpoint}

push, sign and attest, in another terminal (v0.9.0 to v1.2.0 are being pushed now: signed, wrongly signed, not signed):
  .venv/bin/python -m local.signing push   {name}:v1 --registry {registry}
  .venv/bin/python -m local.signing sign   {name}:v1 --registry {registry} \\
      --workflow {name}/.github/workflows/image-signing.yml@refs/heads/master
  curl '{api}/v1/images/{name}'
ask the same at the command line:
  .venv/bin/registry-verifier verify ghcr.io/{name}:v1 --policy {configuration}/policies/openmed.yaml \\
      --trusted-root {configuration}/trusted_root.json --registry-endpoint ghcr.io={registry}
"""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.serve", description=__doc__)
    parser.add_argument("--grace-period", default="5m", help="of the policy, such as 30s (default: 5m)")
    parser.add_argument("--registry-port", type=int, default=0)
    parser.add_argument("--slack-port", type=int, default=0)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the emulator is ended with us
    with (
        contextlib.suppress(KeyboardInterrupt),
        worlds.up(
            grace_period=chosen.grace_period,
            registry_port=chosen.registry_port,
            slack_port=chosen.slack_port,
            show=lambda text: print(text, flush=True),
        ) as world,
    ):
        print(addresses(world), flush=True)
        publishes.publish(world)
        print(f"published and verified; look at {world.stack.status_url}", flush=True)
        threading.Event().wait()


def addresses(world: World) -> str:
    """Where everything is, and what to try."""
    return _TEXT.format(
        webhook=world.webhook_url,
        api=world.stack.api_url,
        status=world.stack.status_url,
        registry=world.registry.url,
        table=world.stack.table,
        endpoint=world.stack.endpoint,
        configuration=world.configuration,
        name=NAME,
    )


if __name__ == "__main__":
    main()
