"""Every kind of mistake in schedules and people is one line with its place and its mend."""

from pathlib import Path

import pytest

from bot.config.errors import ConfigError
from bot.config.manage import Manage, load


def read(text: str, tmp_path: Path) -> Manage:
    file = tmp_path / "manage.yml"
    file.write_text(text)
    return load(file, checks={}, channels={}, variables={})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "a: {schedule: a}",
            "a.schedule: found a circle: a → a, allowed: schedules that do not come back to themselves",
        ),
        (
            "a: {schedule: b}, b: {layers: [{people: U001}, {schedule: a}]}",
            "a.schedule: found a circle: a → b → a, allowed: schedules that do not come back to themselves",
        ),
        ("a: {people: U001}, b: {schedule: aa}", 'b.schedule: found "aa", allowed: a (did you mean "a"?)'),
        (
            "a: {people: U001, timezone: Europe/Berlinn}",
            'the name of a time zone, like "Europe/Berlin" (did you mean "Europe/Berlin"?)',
        ),
        ("a: {people: bob}", 'a.people[0]: found "bob", allowed: a Slack user id like "U012AB3CD"'),
        ("a: {turns: [[]]}", "a.turns: found a list of 1, allowed: at least one Slack user id in each group"),
        ("a: {timezone: UTC}", "people, turns, schedule or ical, or layers that have them"),
        ("a: {layers: [{rotation: daily}]}", "people, turns, schedule or ical in layer 1"),
        ("a: {people: U001, layers: [{people: U002}]}", "either layers, or people (turns, schedule, ical) of its own"),
        ("a: {people: U001, ical: x.ics}", "one of people, turns, schedule and ical, not people and ical"),
        (
            "a: {people: U001, rotation: hourly}",
            'a.rotation: found "hourly", allowed: "daily", "weekly" or a length of turns, like {every: 12h}',
        ),
        ("a: {people: U001, rotation: {every: 5m}}", "turns of whole minutes, from 1h to 366d"),
        ("a: {people: U001, handover: '09:00'}", 'a day as well for a weekly rotation, like "mon 09:00"'),
        ("a: {people: U001, handover: 'mon 25:00'}", 'a day and a time, like "mon 09:00"'),
        ("a: {people: U001, start: 2026-02-01, until: 2026-01-01}", "until after start, 2026-02-01"),
        ("a: {people: U001, during: {days: moon}}", 'days like "mon" or "mon-fri"'),
        ("a: {people: U001, during: {from: 9am}}", 'a time of day in quotes, like "09:00"'),
        ("a: {people: U001, during: {from: '24:00'}}", '"24:00" is where `to` may be'),
        ("a: {ical: 'ftp://x/a.ics'}", "an address that begins with https:// or webcal://, or the path of a file"),
        ("Payments: {people: U001}", "^[a-z0-9][a-z0-9_-]{0,39}$"),
        ("a: {people: U001, usergroup: 'the team'}", "a.usergroup"),
    ],
)
def test_a_mistake_in_a_schedule_is_told_with_its_mend(text: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as wrong:
        read(f"oncall: {{schedules: {{{text}}}}}", tmp_path)
    assert line in str(wrong.value).splitlines()[0]


def test_a_second_default_schedule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"oncall.people is the default schedule already"):
        read("oncall: {people: U001, schedules: {default: {people: U002}}}", tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{phone: 030 12}", 'phone: found "030 12", allowed: a number with its country, like "+4930123456"'),
        ("{email: me}", 'email: found "me", allowed: an address, like "oncall@shop.example"'),
        ("{timezone: Mars}", "the name of a time zone"),
        ("{notify: {after2min: smms}}", 'found "smms", allowed: slack, sms, phone, email (did you mean "sms"?)'),
    ],
)
def test_a_mistake_about_a_person_is_told_with_its_mend(text: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as wrong:
        read(f"people: {{U001: {text}}}", tmp_path)
    assert line in str(wrong.value)


def test_a_step_that_names_an_unknown_schedule_is_refused(tmp_path: Path) -> None:
    text = "oncall: {schedules: {payments: {people: U001}}}\nescalation: {default: [{notify: 'oncall:paymnts'}]}\n"
    with pytest.raises(ConfigError, match=r'did you mean "oncall:payments"'):
        read(text, tmp_path)


def test_days_are_read_as_ranges_and_over_the_weekend(tmp_path: Path) -> None:
    oncall = read("oncall: {schedules: {a: {people: U001, during: {days: [sat-mon, wed]}}}}", tmp_path).oncall

    during = oncall.schedules["a"].during
    assert during is not None
    assert during.days == ("sat", "sun", "mon", "wed")
