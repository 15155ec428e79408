"""Random beats, pauses, outages of the bot and clocks that jump: no silence is told twice, none is slept over."""

import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.config.inbound import HeartbeatConfig
from bot.decision import Decision
from bot.events import Event, HeartbeatMissed, HeartbeatPaused, HeartbeatReturned
from bot.heartbeats import decide
from storage.records.heartbeats import Heartbeat, Pulse
from tests.fakes.ports import T0

EVERY, GRACE, WATCH = timedelta(minutes=5), timedelta(minutes=1), timedelta(seconds=30)
CONFIG = HeartbeatConfig(name="backup", every=EVERY, grace=GRACE)


@dataclass
class Bot:
    """The heartbeat as the database keeps it, its timers, and the time."""

    now: datetime = T0
    kept: Heartbeat = field(default_factory=lambda: decide.begin(CONFIG, T0))
    timers: dict[str, datetime] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)

    def take(self, decision: Decision[Heartbeat]) -> None:
        if not decision.changed:
            return
        self.kept = replace(decision.state, version=self.kept.version + 1)
        for timer in decision.timers:
            assert timer.key not in self.timers
            self.timers[timer.key] = timer.at
        self.told += decision.events

    def work(self) -> None:
        """Run every timer that is due, as the worker would."""
        while due := sorted((at, key) for key, at in self.timers.items() if at <= self.now):
            at, key = due[0]
            self.take(decide.look(self.kept, CONFIG, at, self.now))
            self.timers[key] = datetime.max.replace(tzinfo=T0.tzinfo)  # its key stays taken

    def run(self, seconds: int) -> None:
        """Time passes while the bot runs."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min(end, self.now + WATCH)
            self.work()
            self.take(decide.watch(self.kept, CONFIG, self.now))

    def do(self, what: str, seconds: int) -> None:
        match what:
            case "run":
                self.run(seconds)
            case "beat":
                self.take(decide.beat(self.kept, CONFIG, self.now))
            case "stopped":
                self.now += timedelta(seconds=seconds)
            case "set back":
                self.now -= timedelta(seconds=seconds)
            case "pause":
                self.take(decide.pause(self.kept, self.now))
            case _:
                self.take(decide.resume(self.kept, CONFIG, self.now))
        self.work()


STEPS = st.lists(
    st.tuples(st.sampled_from(["run", "beat", "stopped", "set back", "pause", "resume"]), st.integers(1, 3000)),
    max_size=25,
)


@given(steps=STEPS)
def test_misses_and_returns_take_turns(steps: list[tuple[str, int]]) -> None:
    bot = Bot()
    for what, seconds in steps:
        bot.do(what, seconds)
    kinds = [event for event in bot.told if isinstance(event, HeartbeatMissed | HeartbeatReturned | HeartbeatPaused)]
    for before, after in itertools.pairwise(kinds):
        assert not (isinstance(before, HeartbeatMissed) and isinstance(after, HeartbeatMissed))
        assert not (isinstance(after, HeartbeatReturned) and not isinstance(before, HeartbeatMissed))


@given(steps=STEPS)
def test_whatever_happened_before_a_silence_is_told_in_time(steps: list[tuple[str, int]]) -> None:
    bot = Bot()
    for what, seconds in [*steps, ("resume", 1), ("run", 60), ("beat", 1)]:
        bot.do(what, seconds)
    told = len(bot.told)
    bot.run(int((EVERY + GRACE).total_seconds()) - 1)
    assert bot.told[told:] == []
    bot.run(1)
    assert [type(event) for event in bot.told[told:]] == [HeartbeatMissed]
    assert bot.kept.pulse is Pulse.SILENT


@given(gaps=st.lists(st.integers(1, int((EVERY + GRACE).total_seconds()) - 1), max_size=30))
def test_what_comes_in_time_is_never_missed_and_costs_one_timer_at_a_time(gaps: list[int]) -> None:
    bot = Bot()
    for gap in [*gaps, 1]:
        bot.do("beat", 1)
        bot.run(gap)
        assert len([at for at in bot.timers.values() if at.year < 9999]) == 1
    assert bot.told == []
