"""However a valid manage.yml is mutilated, it is read or refused in single lines, never with a traceback."""

import copy
import tempfile
from pathlib import Path

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.config.document import read
from bot.config.errors import ConfigError
from bot.config.manage import Manage, load
from tests.unit.config.plugins import CHANNELS, CHECKS

VALID = """\
channels: {alerts: "#alerts"}
roles: {default: viewer, admin: [U0ADMIN1]}
health:
  every: 60s
  checks:
    - {name: shop, type: http, degraded_ms: 200, options: {url: "https://shop.example.com/health", token: "${TOKEN}"}}
    - {name: store, type: store}
alerts:
  reactions: [eyes]
  rules: {health-check-failed: {severity: critical, policy: quick}}
escalation:
  quick: [{after: immediately, notify: oncall}, {after: after5min, notify: ops, via: hook}]
oncall: {people: [U0FIRST1], handover: "mon 09:00", timezone: Europe/Berlin, start: 2026-01-05}
notifications: {hook: {type: webhook, options: {url: "https://hooks.example.com"}}}
incidents: {open_for: [critical], archive: at_once}
postmortems: {draft_after: 10m, budget: 5000}
"""
VARIABLES = {"TOKEN": "hunter2-hunter2"}
quick = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=True),
    st.text(max_size=12),
    st.sampled_from(
        ["5m", "${X}", "${TOKEN}", "$${X}", "${", "oncall", "#x", "<!channel>", "http", "slack", "2026-13-45"]
    ),
    st.dates(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


def outcome(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manage.yml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            return load(path, checks=CHECKS, channels=CHANNELS, variables=VARIABLES), []
        except ConfigError as error:
            return None, str(error).splitlines()


def told_in_single_lines(manage, lines):
    assert isinstance(manage, Manage) != bool(lines)
    for line in lines:
        assert "manage.yml" in line
        assert ", allowed: " in line
        assert "hunter2" not in line
    assert lines == list(dict.fromkeys(lines))


def places(value, path=()):
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


PLACES = [path for path in places(yaml.safe_load(VALID)) if path]


def test_the_file_that_is_mutilated_is_valid():
    manage, lines = outcome(VALID)

    assert lines == []
    assert manage is not None


@quick
@given(st.sampled_from(PLACES), values)
@example(("health", "checks", 1, "type"), "${TOKEN}")
@example(("escalation", "quick", 0, "notify"), ["oncall", "${TOKEN}"])
@example(("roles", "admin"), "${TOKEN}")
def test_any_value_anywhere_is_read_or_refused(path, value):
    whole = copy.deepcopy(yaml.safe_load(VALID))
    inside = whole
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value

    text = yaml.safe_dump(whole, allow_unicode=True)
    told_in_single_lines(*outcome(text))


@quick
@given(st.sampled_from([path for path in PLACES if isinstance(path[-1], str)]), st.text(max_size=10))
def test_any_key_anywhere_is_read_or_refused(path, name):
    whole = copy.deepcopy(yaml.safe_load(VALID))
    inside = whole
    for key in path[:-1]:
        inside = inside[key]
    inside[name] = inside.pop(path[-1])

    text = yaml.safe_dump(whole, allow_unicode=True)
    told_in_single_lines(*outcome(text))


@quick
@given(st.data())
def test_any_edit_of_the_text_is_read_or_refused(data):
    start = data.draw(st.integers(0, len(VALID)))
    end = data.draw(st.integers(start, min(start + 40, len(VALID))))
    inserted = data.draw(
        st.one_of(
            st.text(max_size=6), st.sampled_from(["\t", ": ", "- ", "&a ", "*a", "!!python/x ", "{", "]", "\n  "])
        )
    )

    text = VALID[:start] + inserted + VALID[end:]
    told_in_single_lines(*outcome(text))


@quick
@given(st.one_of(st.text(max_size=60), st.text(alphabet="ab:- \n[]{}#&*!|>'\"%@`?\t", max_size=60)))
@example("!!float x")
@example("a: !!int x")
@example("a: !!timestamp x")
@example("a: !!binary \xff")
@example("<<: *a")
@example("a: &a {b: *a}")
def test_any_text_is_a_document_or_its_problems(text):
    document = read(text, "manage.yml", {})

    assert isinstance(document.values, dict)
    assert all("\n" not in str(problem) for problem in document.problems)
