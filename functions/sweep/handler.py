"""Three schedules -> LooksQueue, GitHub, TrustRootBucket: old verdicts, missed publishes, the trusted root.

Each schedule names its task: `{"task": "reverify" | "missed" | "trust-root"}`. A run that is ended early is taken up
by the next one.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from registry_verifier.errors import TrustRootError, Unavailable
from registry_verifier.refresh import Refreshed
from registry_verifier.settings import SweepSettings, metrics_namespace
from registry_verifier.sweep_wiring import Sweeps

logger = Logger(service="sweep")
metrics = Metrics(namespace=metrics_namespace(os.environ), service="sweep")


@functools.cache
def sweeps() -> Sweeps:
    """Made at the first run, kept for the next ones."""
    return Sweeps(SweepSettings.read(os.environ))


def reverify(_: LambdaContext) -> dict[str, Any]:
    """What was decided is looked at again; and how old the trusted root is, so that an alarm hears of it often."""
    watch_trust_root()
    swept = sweeps().reverify.run()
    _count(ReverifyChecked=swept.checked, ReverifySent=swept.sent, Overdue=swept.overdue)
    return asdict(swept)


def missed(context: LambdaContext) -> dict[str, Any]:
    """Deliveries that failed are brought again, and publishes that no webhook told of are looked at."""
    done = sweeps().missed(lambda: context.get_remaining_time_in_millis() / 1000).run()
    troubles = (*done.troubles, *sweeps().given_up())
    _count(DeliveryRedelivered=done.redelivered, PublishMissed=done.missed)
    _tell(troubles)
    return asdict(done) | {"troubles": troubles}


def refresh(_: LambdaContext) -> dict[str, Any]:
    """The newest trusted root, proven by TUF, takes the place of the one before it."""
    return asdict(refresh_trust_root())


def refresh_trust_root() -> Refreshed:
    """Refresh, and count how that went and how old the check is that verification relies on."""
    done = sweeps().refresh.run()
    _count(TrustRootRefreshFailed=int(bool(done.trouble)))
    if done.age_seconds is not None:
        _age(done.age_seconds)
    if done.trouble:
        logger.warning("the trusted root was not refreshed", trouble=done.trouble, sha256=done.sha256)
    return done


def watch_trust_root() -> None:
    """Count the age of the trusted root; one that was never proven for this deployment is refreshed at once."""
    try:
        if checked_at := sweeps().trust_root_checked_at():
            _age(max(0.0, (datetime.now(UTC) - checked_at).total_seconds()))
        else:
            refresh_trust_root()
    except (TrustRootError, Unavailable) as error:  # of the bucket, or a deployment without a root.json
        _tell([str(error)])


TASKS: dict[Any, Callable[[LambdaContext], dict[str, Any]]] = {
    "reverify": reverify,
    "missed": missed,
    "trust-root": refresh,
}


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One run of one task; the answer says what it came to. An error of the function makes Lambda try it once more."""
    _count(SweepRun=1)
    name = event.get("task")
    if not isinstance(name, str) or name not in TASKS:
        raise ValueError(f"task is {str(name)[:80]!r} (expected one of {', '.join(TASKS)})")
    done = TASKS[name](context)
    logger.info("swept", task=name, **done)
    return done


def _age(seconds: float) -> None:
    metrics.add_metric(name="TrustRootAgeSeconds", unit=MetricUnit.Seconds, value=seconds)


def _tell(troubles: Sequence[str]) -> None:
    for trouble in troubles:
        logger.warning("a part was not swept", trouble=trouble)
    _count(SweepTrouble=len(troubles))


def _count(**counts: int) -> None:
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
