"""The simulation, short; and whether its score notices what a broken verifier does."""

from __future__ import annotations

import pytest

from local.simulation import command, kinds, trial
from local.simulation.command import is_right, losses, main, report
from local.simulation.guard import Guard, Killed
from local.simulation.kinds import Kind
from local.simulation.trial import Trial
from local.simulation.weather import CALM, Weather

FEW = (kinds.signed_in_layers, kinds.unsigned, kinds.signed_by_stranger)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three kinds only, one good and two bad ones."""
    monkeypatch.setattr(trial, "KINDS", [Kind(script.__name__, 1, script) for script in FEW])


def tried(count: int, weather: Weather | None = CALM) -> Trial:
    return Trial("tests/1", 1, count, weather=weather)


@pytest.mark.slow
def test_sixty_publishes_in_bad_weather_end_as_they_should(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--publishes", "60", "--seed", "3", "--processes", "1"]) == 0, capsys.readouterr().out
    assert "60 publishes: 0 wrong" in capsys.readouterr().out


def test_the_same_seed_is_the_same_run(few: None) -> None:
    one, two = (tried(6, None).run() for _ in range(2))
    assert one.counts == two.counts
    assert one.findings == two.findings


def test_the_score_notices_a_verifier_that_verifies_everything(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = tried(6)
    verification = world.world.functions.taker.verification
    object.__setattr__(verification, "policies", [])  # nobody demands anything
    result = world.run()
    wrong = {finding.kind for finding in result.findings if finding.wrong_verdicts}
    assert wrong >= {"unsigned", "signed_by_stranger"}
    assert not is_right(result)


def test_the_score_notices_messages_that_nobody_sends(few: None) -> None:
    world = tried(6)
    world.world.stream.consumer = len  # says that it told everything
    result = world.run()
    wrong = {finding.kind for finding in result.findings if finding.wrong_incidents}
    assert wrong == {"unsigned", "signed_by_stranger"}
    assert not any(finding.wrong_verdicts for finding in result.findings)


def test_the_score_notices_messages_that_are_lost(few: None) -> None:
    world = tried(6)

    async def lose(body: str, handle: str, count: int) -> None:
        raise ValueError("a bug")

    world.world.queue.consumer = lose
    result = world.run()
    assert result.counts["queue: given up"]
    assert losses(result)


def test_a_wrong_ending_is_told_with_its_story(few: None, capsys: pytest.CaptureFixture[str]) -> None:
    world = tried(6)
    world.world.stream.consumer = len
    text = "\n".join(report(world.run()))
    assert "WRONG" in text
    assert "0 incidents (expected 1)" in text
    assert "stored v2 FAILED" in text


def test_one_publish_alone_is_told(few: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--publishes", "4", "--only", "3", "--processes", "1"]) == 0
    assert "publish 3, " in capsys.readouterr().out
    assert main(["--publishes", "4", "--only", "9"]) == 2
    assert "no publish 9" in capsys.readouterr().err


def test_every_kind_of_publish_is_drawn() -> None:
    assert {plan.kind.name for plan in trial.planned("1/1", 1, 250)} == {kind.name for kind in kinds.KINDS}


def test_worlds_have_one_size_so_that_an_id_stays_the_same_publish() -> None:
    few, many = (list(command._worlds(1, count)) for count in (300, 900))
    assert few[0] == many[0]
    assert sum(count for _, _, count in many) == 900


def test_a_guard_kills_once_before_or_after() -> None:
    done: list[str] = []
    for after in (False, True):
        guard = Guard(1, after=after)
        with pytest.raises(Killed):
            guard.write("put_item", lambda: done.append("x"))
        guard.write("put_item", lambda: done.append("y"))
    assert done == ["y", "x", "y"]
