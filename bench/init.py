"""INIT of each function beside INIT of an empty Powertools handler, in the same run.

INIT is what a cold start waits for before it sees its event: the import of the handler's module. It is measured in
fresh interpreters on the built artifacts, compiled, with what Lambda's runtime brings already imported. Run it with
`make bench`, on a quiet machine; the ratios say more than the milliseconds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from local import artifacts, template

PYTHON = template.ROOT / ".venv-lambda/bin/python"
ROUNDS = 15

EMPTY = "empty handler"
EMPTY_HANDLER = """
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

logger = Logger(service="empty")
app = APIGatewayHttpResolver()


def lambda_handler(event, context):
    return app.resolve(event, context)
"""

# Lambda's client is there before the function is: its own imports are nobody's INIT.
MEASURE = """
import awslambdaric.bootstrap, importlib, time
start = time.perf_counter()
importlib.import_module("handler")
print((time.perf_counter() - start) * 1000)
"""

BUDGETS = {"ReceiveFunction": 1.5}
"""function -> how many times the empty handler's INIT it may take"""


def main() -> int:
    """Print the table; the exit status is 1 where a budget is exceeded."""
    with tempfile.TemporaryDirectory() as scratch:
        tasks = {EMPTY: _empty(Path(scratch))} | {name: artifacts.folder(name) for name in _functions()}
        medians = _medians(tasks)
    ratios = {name: median / medians[EMPTY] for name, median in medians.items()}
    print(f"INIT, median of {ROUNDS} fresh interpreters, Python {sys.version.split()[0]}")
    for name, ratio in ratios.items():
        budget = f"  budget {BUDGETS[name]:.1f}" if name in BUDGETS else ""
        print(f"  {name:<16} {medians[name]:7.1f} ms  {ratio:5.2f} x{budget}")
    return int(any(ratios[name] > budget for name, budget in BUDGETS.items()))


def _functions() -> list[str]:
    return list(template.of_type(template.read(), "AWS::Serverless::Function"))


def _empty(folder: Path) -> Path:
    (folder / "handler.py").write_text(EMPTY_HANDLER)
    subprocess.run([PYTHON, "-m", "compileall", "-q", folder], check=True)
    return folder


def _medians(tasks: Mapping[str, Path]) -> dict[str, float]:
    """Round by round, so that a slow moment of the machine meets all of them; the first round warms the disk."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for round_ in range(ROUNDS + 1):
        for name, task in tasks.items():
            milliseconds = _init(task, _whole if name == EMPTY else _built)
            if round_:
                taken[name].append(milliseconds)
    return {name: statistics.median(values) for name, values in taken.items()}


def _whole() -> list[Path]:
    """Powertools as its authors ship it: the layer leaves out what no function here uses, the resolver among it."""
    return [Path(sysconfig.get_path("purelib"))]


def _built() -> list[Path]:
    return [artifacts.folder(name) / "python" for name in ("DependenciesLayer", "LibraryLayer")]


def _init(task: Path, libraries: Callable[[], list[Path]]) -> float:
    environment = {
        "PYTHONPATH": ":".join(map(str, [task, *libraries()])),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [str(PYTHON), "-s", "-c", MEASURE]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    sys.exit(main())
