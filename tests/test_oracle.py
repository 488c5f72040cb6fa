"""The engine against a second model of small pathways: plain SimPy, a process for every child, nothing shared but
the checked configuration and the random draws. Both must tell the same story, event for event and in order."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from oracle.families import Care, Event
from oracle.model import Oracle
from oracle.numbers import Child, Service

from experiments.composing.compose import load_config
from sim import draws
from sim.config import Config
from sim.kernel.state import EVENTS
from sim.run import simulate

PATHWAYS = {
    "pathway": ("system=oracle_pathway", "workforce=oracle_team"),
    "drop_in": ("system=oracle_drop_in", "workforce=one_team", "area.referrals_per_week=8"),
}
SEEDS = range(1, 21)
#: What happens to nobody in a given stream of referrals to services that change nothing: no unknown needs, no
#: change of function, no places to move between, no visits, no requests with the force of law, no change of system.
NOT_HERE = {"worsens", "moves_place", "does_not_seek", "seeks", "found_at_visit", "request", "invited"}
NOT_HERE |= {"called_off", "gives_back_place", "finds_door_shut"}


@cache
def config_of(pathway: str) -> Config:
    overrides = [
        "area=oracle_stream",
        "needs=plain",
        "calendar=england",
        "event_log=true",
        *PATHWAYS[pathway],
    ]
    overrides += ["history_years=0.5", "horizon_years=1.5"]
    return load_config(overrides, Path(__file__).parent / "oracle" / "configs")


@cache
def engine_log(pathway: str, seed: int) -> list[Event]:
    """The engine's event log with names for codes."""
    run = simulate(config_of(pathway), seed)
    e = run.tables["events"]
    return [
        (int(day), int(need), None if offer < 0 else run.offers[offer], EVENTS[event])
        for day, need, offer, event in zip(e["day"], e["need_id"], e["offer"], e["event"], strict=True)
    ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("pathway", PATHWAYS)
def test_a_plain_simpy_model_tells_the_same_story_event_for_event(pathway: str, seed: int) -> None:
    engine, plain = engine_log(pathway, seed), Oracle(config_of(pathway), seed).run()
    for i, (ours, theirs) in enumerate(zip(engine, plain, strict=False)):
        assert ours == theirs, f"event {i}: the engine says {ours}, the plain model {theirs}"
    assert len(engine) == len(plain)


def test_together_the_pathways_hold_everything_that_can_happen_to_a_referral() -> None:
    happened = {event for pathway in PATHWAYS for *_, event in engine_log(pathway, SEEDS[0])}
    assert happened == {*EVENTS} - NOT_HERE


class LastComeFirstServed(Oracle):
    def next_in_line(self, service: Service, kept: bool) -> Care | None:
        for room in service.rooms:
            for care in reversed(room):
                if care.ready <= self.day:
                    return care
        return None


class NothingKeptForTheUrgent(Oracle):
    def next_in_line(self, service: Service, kept: bool) -> Care | None:
        first = [room[0] for room in service.rooms if room]
        return next((c for c in first if c.ready <= self.day), None)


class RebookedGoToTheEnd(Oracle):
    def wait_in(self, care: Care, room: list[Any]) -> None:
        service = care.service
        super().wait_in(care, service.rooms[-1] if room is service.rooms[0] else room)


class NewFamiliesBeforeOwedSessions(Oracle):
    def __init__(self, config: Config, seed: int) -> None:
        super().__init__(config, seed)
        self.turns.sort(key=lambda turn: not turn[1])


class DebtsAreForgotten(Oracle):
    def have(self, service: Service, role: str, minutes: int) -> None:
        service.owing[role] = 0
        super().have(service, role, minutes)


class SpareTimeIsLost(Oracle):
    def share_spare_time(self) -> Generator[Any, Any, None]:
        yield from ()


class ListsCostNothing(Oracle):
    def care_of_lists(self, role: str, week: int) -> int:
        return 0


class OtherLuckForOneChildInFifty(Oracle):
    def luck(self, child: Child, purpose: int, occasion: int) -> float:
        other = purpose == draws.NOT_BROUGHT and child.number % 50 == 0
        return super().luck(child, purpose, occasion + other)


class YoungestReferralsFirst(Oracle):
    """Only the order of a morning is another."""

    def until(self, day: int, phase: int, order: int = 0) -> Any:
        return super().until(day, phase, 2**32 - order if order else 0)


WRONG = (
    LastComeFirstServed,
    NothingKeptForTheUrgent,
    RebookedGoToTheEnd,
    NewFamiliesBeforeOwedSessions,
    DebtsAreForgotten,
    SpareTimeIsLost,
    ListsCostNothing,
    OtherLuckForOneChildInFifty,
    YoungestReferralsFirst,
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda model: model.__name__)
def test_a_model_with_one_other_rule_is_found_out(wrong: type[Oracle]) -> None:
    differs = wrong(config_of("pathway"), 1).run() != engine_log("pathway", 1)
    assert differs
