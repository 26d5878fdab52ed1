"""What publishes cost a month: everything that AWS charges for, counted in the simulated stack, times list prices.

The real stories run on the simulated table, queue and registry. Seconds are what the processor worked here, and what
a look waits at 50 ms a request of the registry and 4 ms a call of AWS. Each message is taken for an invocation of its
own, which is the most that it can cost. What comes out is Markdown; `docs/costs.md` has a copy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.apparatus.metered import RECORDS, Metered, Use
from local import template

PUBLISHES = 20
MONTHLY = (100, 10_000, 1_000_000)
MONTHS_SWEPT, MONTHS_KEPT = 3, 13
RUNS = 30 * 24 * 4
SWEPT_RECORDS, SWEPT_LOOKS = 10_000, 100
"""the most that one run of the sweep goes past, and sends"""
MISSED_SECONDS = 3.0
"""of a run that finds nothing missing, for some ten packages"""
IDLE_POLLS = 5 * 3 * 60 * 24 * 30
"""Lambda asks an empty queue with five pollers, each every 20 seconds"""
LOG_BYTES = 1000
"""of an invocation"""
PRICES = {
    "GB-s": 0.0000133334,
    "invocations": 0.20e-6,
    "write units": 0.625e-6,
    "read units": 0.125e-6,
    "queue requests": 0.40e-6,
    "HTTP requests": 1.00e-6,
    "events": 1.00e-6,
    "log GB": 0.50,
    "GB stored": 0.25,
}
"""US dollars; list prices of us-east-1, nothing that is free taken off"""
METRICS, SECRETS = 25, 4
PRICE_OF_METRIC, PRICE_OF_ALARM, PRICE_OF_SECRET, PRICE_OF_DASHBOARD = 0.30, 0.10, 0.40, 3.00


@dataclass(frozen=True)
class Measured:
    """What was found."""

    publish: Use
    passed: Use
    """one record that a run of the sweep goes past"""
    again: Use
    """one look of the sweep, with what its run writes for it"""
    stored_bytes: float


def main() -> int:
    """Print it."""
    metered = Metered(PUBLISHES)
    publish = metered.publish()
    print("\n".join(report(Measured(publish, *metered.sweep(), metered.stored_bytes()))))
    return 0


def report(found: Measured) -> Iterator[str]:
    """The tables in Markdown."""
    yield from _of_one(found)
    yield ""
    yield "| a month | " + " | ".join(f"{count:,} publishes" for count in MONTHLY) + " |"
    yield "|---|" + "---:|" * len(MONTHLY)
    bills = [dict(bill(found, count)) for count in MONTHLY]
    for name in bills[0]:
        yield (
            f"| {name} | " + " | ".join(f"{_amount(one[name])}, ${_cost(name, one[name]):.2f}" for one in bills) + " |"
        )
    yield f"| fixed: {_fixed_text()} | " + " | ".join(f"${fixed():.2f}" for _ in bills) + " |"
    totals = [sum(_cost(name, amount) for name, amount in one.items()) + fixed() for one in bills]
    yield "| **together** | " + " | ".join(f"**${total:,.2f}**" for total in totals) + " |"


def bill(found: Measured, publishes: int) -> Iterator[tuple[str, float]]:
    """What a month takes of everything that has a price."""
    looks = min(publishes * MONTHS_SWEPT * 30, RUNS * SWEPT_LOOKS)
    passed = RUNS * min(publishes * MONTHS_SWEPT * RECORDS, SWEPT_RECORDS)
    times = ((found.publish, publishes), (found.again, looks), (found.passed, passed))
    invocations = publishes * found.publish.invocations.total() + looks * found.again.invocations.total() + 2 * RUNS
    seconds = sum(gigabyte_seconds(use) * count for use, count in times) + RUNS * MISSED_SECONDS * memory("Sweep")
    yield "GB-s", seconds
    yield "invocations", invocations
    yield "write units", sum(use.written.total() * count for use, count in times)
    yield "read units", sum(use.read * count for use, count in times)
    yield "queue requests", 3 * (publishes * found.publish.messages + looks) + IDLE_POLLS
    yield "HTTP requests", publishes * found.publish.invocations["receive"]
    yield "events", publishes * RECORDS
    yield "log GB", invocations * LOG_BYTES / 1e9
    yield "GB stored", publishes * MONTHS_KEPT * found.stored_bytes / 1e9


def gigabyte_seconds(use: Use) -> float:
    """Of all functions, by the template's memory."""
    return sum((use.worked[name] + use.waited[name]) * memory(name.capitalize()) for name in use.worked)


def memory(function: str) -> float:
    """A function's memory in GB, as the template has it unless a parameter says otherwise."""
    stack = template.read()
    size = stack["Resources"][f"{function}Function"]["Properties"]["MemorySize"]
    if isinstance(size, dict):
        size = stack["Parameters"][size["Ref"]]["Default"]
    return float(size) / 1024


def fixed() -> float:
    """What is paid for whether anybody publishes or not, near enough."""
    return _alarms() * PRICE_OF_ALARM + METRICS * PRICE_OF_METRIC + SECRETS * PRICE_OF_SECRET + PRICE_OF_DASHBOARD


def _fixed_text() -> str:
    return f"{_alarms()} alarms, about {METRICS} metrics, {SECRETS} secrets, a dashboard"


def _alarms() -> int:
    return len(template.of_type(template.read(), "AWS::CloudWatch::Alarm"))


def _of_one(found: Measured) -> Iterator[str]:
    yield "| | a publish | a look of the sweep | a record that a sweep goes past |"
    yield "|---|---:|---:|---:|"
    uses = (found.publish, found.again, found.passed)
    for name in ("receive", "verify", "notify", "sweep"):
        yield _row(f"{name}: invocations", *(use.invocations[name] for use in uses))
        yield _row(f"{name}: ms of a processor", *(use.worked[name] * 1000 for use in uses))
    yield _row("verify: ms waiting", *(use.waited["verify"] * 1000 for use in uses))
    yield _row("GB-s", *map(gigabyte_seconds, uses))
    yield _row("messages", *(use.messages for use in uses))
    yield _row("requests of the registry", *(use.requests.total() for use in uses))
    yield _row("write units", *(use.written.total() for use in uses))
    yield _row("read units", *(use.read for use in uses))
    yield ""
    yield f"Write units of a publish: {_parts(found.publish.written)}."


def _row(name: str, *values: float) -> str:
    return f"| {name} | " + " | ".join(_amount(value) for value in values) + " |"


def _parts(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in sorted(counts.items()))


def _cost(name: str, amount: float) -> float:
    return PRICES[name] * amount


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
