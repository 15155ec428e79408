"""Matchers: what is spelled is read back, and what is matched without an engine is what the engine matches."""

import re2
from hypothesis import given
from hypothesis import strategies as st

from bot.matchers import BadMatcher, checked, matches, parse, spell
from storage.records.silences import Matcher

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
PATTERN = st.lists(st.sampled_from([*"ab|().*+?[]\\-{}1,\n", ".*", "(?:", "ab"]), max_size=8).map("".join)


@given(name=TEXT.filter(bool), value=TEXT, is_equal=st.booleans())
def test_every_matcher_is_read_back_as_it_is_spelled(name: str, value: str, is_equal: bool) -> None:
    matcher = Matcher(name=name, value=value, is_equal=is_equal)
    assert parse(spell(matcher)) == (matcher,)


@given(text=TEXT)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except BadMatcher:
        return
    assert parse(",".join(map(spell, found))) == found


@given(pattern=PATTERN, value=st.text(st.sampled_from("ab1|\n"), max_size=6), is_equal=st.booleans())
def test_short_cuts_match_what_the_engine_matches(pattern: str, value: str, is_equal: bool) -> None:
    matcher = Matcher(name="l", value=pattern, is_regex=True, is_equal=is_equal)
    try:
        checked(matcher)
    except BadMatcher:
        return
    expected = (re2.fullmatch(pattern, value) is not None) is is_equal
    assert matches((matcher,), "", {"l": value}) is expected
