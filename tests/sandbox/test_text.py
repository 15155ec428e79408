"""Texts: what is sent, what is kept, and what a person typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox import mrkdwn, state, typed

MARKUP = st.text(alphabet="ab<>&@#!|: \n*_`^U0", max_size=60)


@given(MARKUP)
def test_a_kept_text_is_kept_as_it_is(text: str) -> None:
    kept = mrkdwn.normalised(text)
    assert mrkdwn.normalised(kept) == kept


@given(MARKUP)
def test_an_escaped_text_has_no_problem_and_no_token(text: str) -> None:
    escaped = mrkdwn.escape(text)
    assert mrkdwn.problems(escaped, allow_broadcast=False) == []
    assert not mrkdwn.TOKEN.search(escaped)


@given(MARKUP)
def test_a_kept_text_has_only_known_tokens(text: str) -> None:
    kept = mrkdwn.normalised(text)
    assert all(mrkdwn.is_token(match.group(1)) for match in mrkdwn.TOKEN.finditer(kept))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("<!everyone>", ["broadcast mention <!everyone>"]),
        ("<!here|here>", ["broadcast mention <!here|here>"]),
        ("<@bob>", ["unknown token <@bob>"]),
        ("<javascript:alert(1)|x>", ["unknown token <javascript:alert(1)|x>"]),
        ("1 < 2", ["unescaped < or >"]),
        ("Q&A", ["unescaped &"]),
        ("&amp; &lt; &gt; > ok", ["unescaped < or >"]),
        ("> quoted\n<!subteam^S0ONCALL|@oncall>", []),
        ("<mailto:a@b.example|mail> <tel:+1|call>", []),
    ],
)
def test_a_careless_text_is_found_out(text: str, problems: list[str]) -> None:
    assert mrkdwn.problems(text, allow_broadcast=False) == problems


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("hi @do", "hi <@U0BOT>"),
        ("(@oncall-engineer)", "(<@U0ONCALL>)"),
        ("@oncall look at #alerts.", "<!subteam^S0ONCALL|@oncall> look at <#C0ALERTS|alerts>."),
        ("mail me@do.example, issue #12", "mail me@do.example, issue #12"),
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        ("@channel", "<!channel>"),
        ("see https://x.example/a?b=1&c=2#alerts, now", "see <https://x.example/a?b=1&amp;c=2#alerts>, now"),
        ("@nobody", "@nobody"),
    ],
)
def test_names_that_a_person_types_become_mentions(text: str, wire: str) -> None:
    assert typed.wire(state.fresh(lambda: 0.0, "do"), text) == wire


def test_a_command_that_escapes_names_the_person() -> None:
    assert typed.wire(state.fresh(lambda: 0.0, "do"), "ack @you", named=True) == "ack <@U0YOU|you>"
