"""Matchers of labels, read and asked as Alertmanager does."""

import pytest

from bot.matchers import BadMatcher, matches, parse, parse_all, selective, spell, values_of
from storage.records.silences import Matcher


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('severity="critical"', Matcher(name="severity", value="critical")),
        ("severity=critical", Matcher(name="severity", value="critical")),
        (" severity = critical ", Matcher(name="severity", value="critical")),
        ("a!=b", Matcher(name="a", value="b", is_equal=False)),
        ("a=~foo.*", Matcher(name="a", value="foo.*", is_regex=True)),
        ('a!~"x|y"', Matcher(name="a", value="x|y", is_regex=True, is_equal=False)),
        ("a=", Matcher(name="a", value="")),
        ("a=b c", Matcher(name="a", value="b c")),
        ("a={b}", Matcher(name="a", value="{b}")),
        (r'a="say \"hi\"\n\\ \d"', Matcher(name="a", value='say "hi"\n\\ \\d')),
        ("a=x\\", Matcher(name="a", value="x\\")),
        (r'"a label"="tab\there"', Matcher(name="a label", value="tab\there")),
        (r'"\u00fc"=x', Matcher(name="ü", value="x")),
        ("münchen=ja", Matcher(name="münchen", value="ja")),
        ('a:b="c"', Matcher(name="a:b", value="c")),
    ],
)
def test_a_matcher_is_read_as_alertmanager_reads_it(text: str, expected: Matcher) -> None:
    assert parse(text) == (expected,)


@pytest.mark.parametrize("text", ['{a="b",c=~"d,e"}', 'a="b", c=~"d,e"', 'a=b,c=~"d,e",'])
def test_several_matchers_are_parted_by_commas_outside_quotes(text: str) -> None:
    assert parse(text) == (Matcher(name="a", value="b"), Matcher(name="c", value="d,e", is_regex=True))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("severity", "is no matcher"),
        ("=x", "is no matcher"),
        ('a="b', "opens a quote"),
        ('a=b"c', "has a quote inside"),
        ('a="b"c', "a comma must part"),
        ('{a="b"', "opens a brace"),
        ("a=~(", r"\( is no regular expression of RE2: missing \)"),
        ("a=~(?=x)", "is no regular expression of RE2"),
        (r'"a\q"=x', r"unknown escape \\q"),
        (r'"\ud800"=x', "no character"),
        ('""=x', "needs the name"),
        ("a=" + "x" * 10_001, "too long"),
    ],
)
def test_what_is_no_matcher_is_told_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(BadMatcher, match=complaint) as told:
        parse(text)
    assert "\n" not in str(told.value)


def test_at_least_one_matcher_is_needed() -> None:
    with pytest.raises(BadMatcher, match="at least one"):
        parse_all(["{}"])


LABELS = {"severity": "critical", "instance": "web-1.example"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("severity=critical", True),
        ("severity=crit", False),
        ("severity!=critical", False),
        ("alertname=HighLoad", True),
        ("alertname=~High", False),
        ("alertname=~High.*", True),
        ("instance=~.*example", True),
        ("instance=~web-[0-9]+\\..*", True),
        ("instance=~db-[0-9]+\\..*", False),
        ("instance!~web-.*|db-.*", False),
        ("team=", True),
        ("team!=", False),
        ("team=~.*", True),
        ("team=~.+", False),
        ("team!=blue", True),
        ("severity=~critical|high", True),
        ("severity=~(critical|high)", True),
        ("severity=~low|high", False),
        ("severity=~(?i)CRITICAL", True),
    ],
)
def test_a_missing_label_is_empty_and_expressions_match_the_whole_value(text: str, holds: bool) -> None:
    assert matches(parse(text), "HighLoad", LABELS) is holds


def test_all_matchers_must_match() -> None:
    assert not matches(parse("severity=critical,instance=db"), "HighLoad", LABELS)


@pytest.mark.parametrize("pattern", ["a.*", ".*b", ".*x.*", ".*"])
def test_the_dot_matches_no_line_break(pattern: str) -> None:
    assert not matches((Matcher(name="l", value=pattern, is_regex=True),), "", {"l": "a x\n b"})


def test_half_a_surrogate_pair_in_a_value_is_no_error() -> None:
    assert not matches(parse("l=~[a-z]+x"), "", {"l": "\ud800"})


@pytest.mark.parametrize(
    ("text", "is_selective"), [("a=b", True), ("a!=b", False), ("a=~.*", False), ("a!=b,c=~.+", True), ("a=", False)]
)
def test_a_list_of_matchers_that_would_match_every_alert_is_known(text: str, is_selective: bool) -> None:
    assert selective(parse(text)) is is_selective


@pytest.mark.parametrize(
    ("text", "values"),
    [("a=b", {"b"}), ("a=~b|c", {"b", "c"}), ("a!=b", set()), ("a=", set()), ("a=~b|", set()), ("a=~b.*", set())],
)
def test_the_only_values_that_match_are_known_where_a_matcher_names_them(text: str, values: set[str]) -> None:
    assert set(values_of(parse(text)[0])) == values


def test_a_matcher_is_spelled_with_its_value_in_quotes() -> None:
    assert [spell(m) for m in parse('a!~b.*,"x y"="1\\"2"')] == ['a!~"b.*"', '"x y"="1\\"2"']
