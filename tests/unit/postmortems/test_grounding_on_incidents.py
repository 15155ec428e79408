"""The check on the recorded incidents: every planted falsehood is found, and hardly a true sentence is flagged.

`pytest -s` prints how many of each kind there were, and what was found, per incident.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest

from bot.postmortems.evidence import Pack
from bot.postmortems.grounding import check
from storage.records.postmortems import Statement
from tests.unit.postmortems import lies, truths
from tests.unit.postmortems.incidents import HELD_OUT, NAMES, account, pack
from tests.unit.postmortems.truths import fact

MOST_FLAGGED = 0.02
"""Of the true sentences so many may be flagged wrongly."""


def marked(statement: Statement, told: Pack) -> str:
    return check([statement], told)[0].unverified


def judged(name: str, tried: Iterable[tuple[str, Statement]], told: Pack) -> list[tuple[str, str, Statement, str]]:
    """Each statement with its incident, its kind and why it was marked."""
    given = list(tried)
    verdicts = check([statement for _, statement in given], told)
    return [(name, kind, s, v.unverified) for (kind, s), v in zip(given, verdicts, strict=True)]


def table(title: str, rows: Iterable[tuple[str, str, bool]]) -> None:
    """Print counts of (incident, kind, as it should be)."""
    seen: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for incident, kind, good in rows:
        seen[incident, kind] += 1
        right[incident, kind] += good
    sys.stdout.write(f"\n{title}\n")
    for (incident, kind), count in sorted(seen.items()):
        sys.stdout.write(f"  {incident:34}{kind:24}{right[incident, kind]:5} of {count:5}\n")
    sys.stdout.write(f"  {'all':58}{sum(right.values()):5} of {sum(seen.values()):5}\n")


@pytest.mark.parametrize("name", NAMES)
def test_each_incident_has_enough_true_sentences_written_by_hand(name: str) -> None:
    assert len(truths.written(name)) >= 25


def test_true_sentences_written_by_hand_pass() -> None:
    tried = [
        (name, s, reason)
        for name in NAMES
        for _, _, s, reason in judged(name, (("by hand", s) for s in truths.written(name)), pack(name))
    ]
    table("true, by hand: passed", ((name, "by hand", not reason) for name, _, reason in tried))
    flagged = [(s.text, reason) for _, s, reason in tried if reason]
    assert len(flagged) / len(tried) <= MOST_FLAGGED, flagged


@pytest.mark.parametrize("name", NAMES)
def test_true_sentences_made_by_rule_pass(name: str) -> None:
    berlin = replace(pack(name), zone="Europe/Berlin")
    tried = judged(name, truths.made(pack(name)), pack(name)) + judged(name, truths.told_in_berlin(berlin), berlin)
    table("true, by rule: passed", ((name, kind, not reason) for name, kind, _, reason in tried))
    flagged = [(kind, s.text, s.evidence, reason) for _, kind, s, reason in tried if reason]
    assert len(tried) > 150
    assert len(flagged) / len(tried) <= MOST_FLAGGED, flagged


def test_falsehoods_written_by_hand_are_found() -> None:
    tried = [row for name in NAMES for row in judged(name, lies.written(name), pack(name))]
    table("false, by hand: found", ((name, kind, bool(reason)) for name, kind, _, reason in tried))
    assert [(kind, s.text) for _, kind, s, reason in tried if not reason] == []


@pytest.mark.parametrize("name", NAMES)
def test_falsehoods_made_by_rule_are_found(name: str) -> None:
    told, true = pack(name), truths.written(name)
    tried = judged(name, (*lies.made(told, true), *lies.miscited(told, true)), told)
    table("false, by rule: found", ((name, kind, bool(reason)) for name, kind, _, reason in tried))
    assert len(tried) > 300
    assert [(kind, s.text, s.evidence) for _, kind, s, reason in tried if not reason] == []


def test_true_sentences_about_incidents_that_nothing_was_built_on_pass() -> None:
    tried = [
        row for name in HELD_OUT for row in judged(name, (("by hand", s) for s in truths.written(name)), pack(name))
    ]
    table("true, held out: passed", ((name, kind, not reason) for name, kind, _, reason in tried))
    flagged = [(s.text, reason) for _, _, s, reason in tried if reason]
    assert len(flagged) / len(tried) <= MOST_FLAGGED, flagged


def test_falsehoods_about_incidents_that_nothing_was_built_on_are_found() -> None:
    tried = [row for name in HELD_OUT for row in judged(name, lies.written(name), pack(name))]
    table("false, held out: found", ((name, kind, bool(reason)) for name, kind, _, reason in tried))
    assert [(kind, s.text) for _, kind, s, reason in tried if kind != "limit" and not reason] == []


@pytest.mark.parametrize("claim", [c["claim"] for c in account("false_claims")["claims"]])
def test_a_published_false_claim_is_found_whatever_it_cites(claim: str) -> None:
    told = pack("gitlab_2017-01-31")
    everything = tuple(item.id for item in told.items)
    assert [cites for cites in (*((n,) for n in everything), everything) if not marked(fact(claim, *cites), told)] == []
