"""Slack's wire format, as people mean it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.marks import mrkdwn
from bot.command import Usage
from handlers.slack.mentions import without_mention
from handlers.slack.slash import line
from handlers.slack.spoken import readable, typed


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("ack 1", "ack 1"),
        ("--user <@U0ONCALL|on-call>", "--user U0ONCALL"),
        ("--user <@U0ONCALL>", "--user U0ONCALL"),
        ("in <#C0ALERTS|alerts>", "in C0ALERTS"),
        ("see <https://x.example/a?b=1&amp;c=2|x.example/a>", "see https://x.example/a?b=1&c=2"),
        ("mail <mailto:a@x.example|a@x.example>", "mail mailto:a@x.example"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("&amp;lt;", "&lt;"),
        ("<!here> now", "@here now"),
        ("a < b", "a < b"),
    ],
)
def test_a_line_is_what_was_typed(wire: str, words: str) -> None:
    assert typed(wire) == words


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        ("ask <@U0LEAD|lead>", "ask @lead"),
        ("ask <@U0LEAD>", "ask @U0LEAD"),
        ("in <#C0ALERTS|alerts>", "in #alerts"),
        ("see <https://x.example/a|the runbook>", "see the runbook (https://x.example/a)"),
        ("see <https://x.example/a>", "see https://x.example/a"),
        ("<!subteam^S1|@oncall> please", "@oncall please"),
        ("<!date^1700000000^{time}|noon>", "noon"),
        ("<!channel> &lt;!channel&gt;", "@channel <!channel>"),
    ],
)
def test_a_note_reads_as_it_is_seen(wire: str, said: str) -> None:
    assert readable(wire) == said


@given(st.text(alphabet="<>!@#&|;ltgamp:achnel ^U1", max_size=60))
def test_what_comes_out_of_slack_cannot_go_back_in_as_a_mention(wire: str) -> None:
    for plain in (typed(wire), readable(wire)):
        assert "<" not in mrkdwn(plain, 3000)


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("<@U0BOT> ack 1", ["ack", "1"]),
        ("  <@U0BOT|do-manage>   manage ack 1", ["ack", "1"]),
        ("<@U0BOT>", ["help"]),
        ("hello <@U0BOT>", ["hello", "U0BOT"]),
    ],
)
def test_a_mention_is_a_command_line(text: str, argv: list[str]) -> None:
    assert line(without_mention(text)) == argv


def test_an_unbalanced_quote_is_told() -> None:
    with pytest.raises(Usage, match="unbalanced"):
        line(without_mention('<@U0BOT> echo "x'))
