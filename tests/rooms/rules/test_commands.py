from datetime import timedelta

import pytest

from bot.cards.card import Level
from bot.command import Command
from bot.invoke import invoke
from bot.permissions import Caller
from bot.rules import commands
from storage.records.samples import Sample
from tests.fakes.ports import T0

ERRORS = {"condition": "error_rate > 0.05", "for": "2m", "severity": "critical", "policy": "critical"}
ONCALL, SECOND = "U0000ONE", "U0000TWO"
ROTA = {
    "oncall": {"people": [ONCALL, SECOND], "start": "2026-11-16", "handover": "mon 09:00"},
    "escalation": {
        "critical": [{"after": "immediately", "notify": "oncall"}, {"after": "10m", "notify": "#incidents"}]
    },
}


def bad_hours(*hours: float, minutes: int = 20, service: str = "shop", days: float = 0) -> list[Sample]:
    """One sample a minute: well, but for so many minutes, these hours before now."""
    days = days or max(hours) / 24 + 0.25
    bad = {int(h * 60) - m for h in hours for m in range(minutes)}
    return [
        Sample(
            metric="error_rate",
            at=T0 - timedelta(minutes=ago),
            value=0.08 if ago in bad else 0.01,
            labels={"service": service},
        )
        for ago in range(int(days * 1440), 0, -1)
    ]


def firings(card):
    return card.data["firings"]


async def test_rules_are_listed_with_where_they_stand(rules):
    world = rules(
        errors=ERRORS | {"for": "0s"},
        pool={"condition": "db_connections / db_pool_size > 0.9"},
        full={"condition": "disk_usage > 0.85"},
        busy={"condition": "cpu > 80"},
    )
    await world.measured("error_rate", 0.07, service="shop")
    await world.measured("db_connections", 1)
    await world.measured("db_pool_size", 0)
    await world.measured("cpu", 12, ago=3600)
    await world.evaluate()

    card = await world.ask("alerts", "rules")
    assert card.title == "4 rules over metrics: 1 firing, 1 broken and 2 absent"
    rows = {row[0]: row[1:4] for row in card.table.rows}
    assert rows["errors"] == ("firing", "service=shop", "0.07")
    assert rows["pool"] == ("broken", "-", "division by zero")
    assert rows["busy"][0] == "absent"
    assert rows["full"] == ("absent", "no data yet", "")
    assert next(row[0] for row in card.table.rows) == "errors"


async def test_label_sets_that_are_well_are_one_line(rules):
    world = rules(errors=ERRORS)
    for n in range(5):
        await world.measured("error_rate", n / 100, service=f"s{n}")

    (row,) = (await world.ask("alerts", "rules")).table.rows
    assert row[:4] == ("errors", "ok", "5 label sets", "0 … 0.04")


async def test_looking_at_rules_writes_and_tells_nothing(rules):
    world = rules(errors=ERRORS | {"for": "0s"})
    await world.measured("error_rate", 0.07)
    await world.ask("alerts", "rules")

    assert world.reported == []
    assert await world.states() == []


async def test_without_any_rule_the_next_step_is_said(rules):
    card = await rules().ask("alerts", "rules")
    assert card.title == "No rule watches a metric"


async def test_a_replay_shows_when_it_would_have_fired_for_how_long_and_at_what_value(rules):
    world = rules(ROTA, errors=ERRORS)
    await world.kept(bad_hours(100, 50))

    card = await world.ask("alerts", "test", "--rule", "errors", "--period", "7d")
    assert card.title == "errors would have fired 2 times in the last 7 d"
    assert [f["fired_at"] for f in firings(card)] == [
        (T0 - timedelta(hours=h) + timedelta(minutes=2)).isoformat() for h in (100, 50)
    ]
    assert [f["ended_at"] for f in firings(card)] == [
        (T0 - timedelta(hours=h) + timedelta(minutes=20)).isoformat() for h in (100, 50)
    ]
    assert {f["value"] for f in firings(card)} == {0.08}


async def test_a_replay_shows_whom_it_would_have_told_by_the_rota_of_that_moment(rules):
    world = rules(ROTA, errors=ERRORS)
    await world.kept(bad_hours(100, 1))

    card = await world.ask("alerts", "test", "--rule", "errors")
    told = [[(t["target"], t["via"]) for t in f["told"]] for f in firings(card)]
    assert told == [[(ONCALL, "slack"), ("#incidents", "slack")], [(SECOND, "slack"), ("#incidents", "slack")]]


async def test_steps_after_the_end_would_have_told_nobody(rules):
    world = rules(ROTA, errors=ERRORS)
    await world.kept(bad_hours(50, minutes=8))

    card = await world.ask("alerts", "test", "--rule", "errors")
    assert [[t["target"] for t in f["told"]] for f in firings(card)] == [[ONCALL]]


async def test_a_condition_of_ones_own_is_replayed_without_being_in_force(rules):
    world = rules(ROTA)
    await world.kept(bad_hours(50))

    card = await world.ask("alerts", "test", "--condition", "error_rate > 0.07", "--for", "5m", "--policy", "critical")
    assert [f["fired_at"] for f in firings(card)] == [(T0 - timedelta(hours=50) + timedelta(minutes=5)).isoformat()]


async def test_a_rule_can_be_replayed_with_another_delay(rules):
    world = rules(ROTA, errors=ERRORS)
    await world.kept(bad_hours(100, 50))

    card = await world.ask("alerts", "test", "--rule", "errors", "--for", "30m")
    assert card.title == "errors would not have fired in the last 7 d"


async def test_two_conditions_over_joined_metrics_are_replayed(rules):
    world = rules(both={"condition": "error_rate > 0.05 && requests > 10"})
    await world.kept(bad_hours(50, 30, days=3))
    await world.kept(
        [
            Sample(
                metric="requests", at=s.at, value=100 if s.at > T0 - timedelta(hours=40) else 1, labels=dict(s.labels)
            )
            for s in bad_hours(days=3)
        ]
    )

    card = await world.ask("alerts", "test", "--rule", "both", "--period", "3d")
    assert [f["fired_at"] for f in firings(card)] == [(T0 - timedelta(hours=30)).isoformat()]


async def test_what_still_fires_has_no_end(rules):
    world = rules(ROTA, errors=ERRORS)
    await world.kept(bad_hours(10 / 60, minutes=10))

    card = await world.ask("alerts", "test", "--rule", "errors")
    assert [f["ended_at"] for f in firings(card)] == [None]


async def test_a_period_without_samples_is_said_and_is_no_all_clear(rules):
    card = await rules(errors=ERRORS).ask("alerts", "test", "--rule", "errors", "--period", "2d")

    assert card.title == "errors: no samples in the last 2 d"
    assert card.level is Level.WARNING


async def test_hours_of_which_a_mean_is_left_are_replayed(rules):
    from storage.tables import samples

    world = rules(old={"condition": "error_rate > 0.05", "for": "2h"}, manage={"metrics": {"keep": "1d"}})
    await world.kept(bad_hours(60, minutes=300, days=4))
    while await world.store.transact(lambda unit: samples.fold(unit.conn, T0 - timedelta(days=1))):
        pass

    card = await world.ask("alerts", "test", "--rule", "old", "--period", "4d")
    assert [f["fired_at"] for f in firings(card)] == [(T0 - timedelta(hours=58)).isoformat()]


async def test_an_anomaly_rule_is_replayed(rules):
    world = rules(odd={"anomaly": {"metric": "requests"}})
    many = []
    for minutes in range(8 * 1440, 0, -10):
        at = T0 - timedelta(minutes=minutes)
        usual = 1000.0 if 8 <= at.hour < 20 else 100.0
        value = 5000.0 if 1440 < minutes <= 1560 else usual + minutes % 7
        many.append(Sample(metric="requests", at=at, value=value))
    await world.kept(many)

    card = await world.ask("alerts", "test", "--rule", "odd", "--period", "4d")
    assert len(firings(card)) == 1
    assert firings(card)[0]["value"] == 5000.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rule", "eror"], "there is no rule eror over metrics"),
        ([], "which rule?"),
        (["--condition", "eror_rate > 1"], '--condition: found the unknown metric "eror_rate" in "eror_rate > 1"'),
        (["--condition", "cpu > 1", "--for", "5 parsecs"], '--for: found "5 parsecs"'),
        (["--condition", "cpu > 1", "--severity", "awful"], '--severity: found "awful"'),
        (["--condition", "cpu > 1", "--policy", "nope"], "there is no policy nope"),
        (["--rule", "errors", "--period", "soon"], "--period soon is no period"),
        (["--rule", "errors", "--period", "9999d"], "--period 9999d"),
        (["--rule", "errors", "--period", "0"], "--period 0 is out of range"),
    ],
)
async def test_a_replay_that_makes_no_sense_is_refused_by_what_was_given(rules, words, said):
    card = await rules(errors=ERRORS).ask("alerts", "test", *words)

    assert card.level is Level.USAGE
    assert said in card.body[0]


@pytest.mark.parametrize("door", ["slack", "http"])
async def test_no_file_is_read_but_from_a_shell(rules, tmp_path, door):
    secret = tmp_path / "secret"
    secret.write_text("hush")
    card = await rules().ask("alerts", "test", "--rule-file", str(secret), via=door)

    assert card.level is Level.USAGE
    assert "from a shell only" in card.body[0]
    assert "hush" not in repr(card)


@pytest.mark.parametrize(
    "text",
    [
        "alerts:\n  rules:\n    slow: {condition: error_rate > 0.05}\n",
        "rules:\n  slow: {condition: error_rate > 0.05}\n",
        "rules:\n  - name: slow\n    condition: error_rate > 0.05\n",
        "slow:\n  condition: error_rate > 0.05\n",
    ],
)
async def test_a_file_of_rules_is_replayed_from_a_shell(rules, tmp_path, text):
    world, file = rules(ROTA), tmp_path / "rules.yml"
    await world.kept(bad_hours(50))
    file.write_text(text)

    card = await world.ask("alerts", "test", "--rule-file", str(file), via="shell")
    assert card.title == "slow would have fired 1 time in the last 7 d"


async def test_several_rules_of_a_file_are_a_line_each(rules, tmp_path):
    world, file = rules(ROTA), tmp_path / "rules.yml"
    await world.kept(bad_hours(50))
    file.write_text("rules:\n  a: {condition: error_rate > 0.05}\n  b: {condition: error_rate > 0.5}\n")

    card = await world.ask("alerts", "test", "--rule-file", str(file), via="shell")
    assert [row[:2] for row in card.table.rows] == [("a", "1"), ("b", "0")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "rules:\n  a: {condition: eror_rate > 0.05}\n",
            ':2: alerts.rules.a.condition: found the unknown metric "eror_rate"',
        ),
        ("rules:\n  - name: a\n    condition: cpu\n", ':3: alerts.rules.a.condition: found "cpu", which is a number'),
        ("a:\n  condition: cpu > 1\n  sevrity: low\n", ":3: alerts.rules.a.sevrity: found the unknown key"),
        ("rules: {a: {severity: low}}\n", "no rule with a condition"),
        ("rules: [\n", "broken YAML"),
    ],
)
async def test_a_file_with_a_mistake_is_told_by_its_line(rules, tmp_path, text, line):
    file = tmp_path / "rules.yml"
    file.write_text(text)
    card = await rules().ask("alerts", "test", "--rule-file", str(file), via="shell")

    assert card.level is Level.USAGE
    assert line in card.body[0]


async def test_a_file_that_is_not_there_is_told_by_its_name(rules, tmp_path):
    card = await rules().ask("alerts", "test", "--rule-file", str(tmp_path / "no.yml"), via="shell")

    assert "no.yml" in card.body[0]
    assert card.level is Level.USAGE


async def test_a_long_replay_tells_how_far_it_is(rules):
    world, seen = rules(ROTA, errors=ERRORS), []
    await world.kept(bad_hours(50))

    async def progress(card):
        seen.append(card.title)

    known = {value.name: value for value in vars(commands).values() if isinstance(value, Command)}
    caller = Caller(id="U000LEAD", via="slack")
    await invoke(["alerts", "test", "--rule", "errors"], caller, world.ports, known, progress=progress)
    assert seen[0].startswith("Replaying the last 7 d: ")
    assert len(seen) <= 10
