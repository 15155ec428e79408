from datetime import UTC, datetime

import pytest

from bot.cards.card import Bold, Code, CommandLine, Link, Moment, Person, Room
from bot.cards.marks import address, mrkdwn, plain, rich

AT = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("error_rate_5m", "error_rate_5m"),
        ("_a_ *b* ~c~ `d`", "\u02cda\u02cd \u2217b\u2217 \u223cc\u223c \u02cbd\u02cb"),
        (":tada: at 12:30:00", "\u2236tada: at 12:30:00"),
        ("> not a quote", "\u203a not a quote"),
        (Person("U012AB3CD"), "<@U012AB3CD>"),
        (Person("shell:root"), "shell:root"),
        (Person("U1><!here>"), "U1&gt;&lt;!here&gt;"),
        (Room("C012AB3CD", "incident-1"), "<#C012AB3CD>"),
        (Room("", "incident-1"), "#incident-1"),
        (Moment(AT), "<!date^1795437000^{time}|12:30 UTC>"),
        (Moment(AT, "date"), "<!date^1795437000^{date_short_pretty} {time}|2026-11-23 12:30 UTC>"),
        (Link("https://x.example/?a=1&b=2|c>", "how | to"), "<https://x.example/?a=1&amp;b=2%7Cc%3E|how | to>"),
        (Link("javascript:alert(1)", "click"), "click (javascript:alert(1))"),
        (Bold("one\ntwo"), "*one two*"),
        (Bold(" "), ""),
        (Code("a`b"), "`a\u02cbb`"),
        (CommandLine(("ack", "1", "--comment", "on it")), "`/do manage ack 1 --comment 'on it'`"),
        (("by ", Person("U012AB3CD"), " now"), "by <@U012AB3CD> now"),
    ],
)
def test_mrkdwn_means_only_what_the_card_meant(text, said):
    assert mrkdwn(text, 3000) == said


def test_mrkdwn_is_cut_by_its_escaped_length_and_never_inside_an_entity():
    assert mrkdwn("a<<<", 9) == "a&lt;…"


def test_mrkdwn_leaves_out_a_mention_rather_than_cut_it():
    assert mrkdwn(("told ", Person("U012AB3CD")), 12) == "told …"


def test_rich_text_is_literal():
    assert rich("*a* <!channel> `b`", 100) == [{"type": "text", "text": "*a* <\u2060!channel> `b`"}]


def test_rich_text_carries_each_mark_as_its_own_element():
    elements = rich(
        (Person("U012AB3CD"), Room("C012AB3CD"), Moment(AT), Link("https://x.example", "x"), Code("c")), 100
    )

    assert [element["type"] for element in elements] == ["user", "channel", "date", "link", "text"]


def test_rich_text_is_cut_with_an_ellipsis():
    assert rich(("abc", Bold("defgh")), 6) == [
        {"type": "text", "text": "abc"},
        {"type": "text", "text": "de", "style": {"bold": True}},
        {"type": "text", "text": "…"},
    ]


def test_plain_text_tells_a_links_address():
    assert (
        plain((Link("https://x.example", "runbook"), " at ", Moment(AT))) == "runbook (https://x.example) at 12:30 UTC"
    )


def test_what_turns_the_direction_of_writing_is_dropped():
    assert plain("abc\u202edef\x00\ud800") == "abcdef"


@pytest.mark.parametrize(
    ("url", "fit"),
    [
        ("https://x.example/a b", "https://x.example/a%20b"),
        ("HTTP://x.example", "http://x.example"),
        ("ftp://x.example", None),
        ("https://", None),
        ("https://[1", None),
        ("//x.example", None),
        ("https://x.example/" + "p" * 3000, None),
    ],
)
def test_an_address_is_http_with_a_host_and_fit_for_a_token(url, fit):
    assert address(url) == fit
