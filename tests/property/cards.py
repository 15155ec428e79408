"""Strategies: any card and any form, with texts as hostile as they come."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.cards.card import (
    Accent,
    Bold,
    Button,
    Card,
    Code,
    CommandLine,
    Field,
    Level,
    Link,
    Moment,
    Person,
    Room,
    Table,
)
from bot.cards.form import FormField

HOSTILE = [
    "<!channel>",
    "<!here|x>",
    "<!everyone>",
    "<!subteam^S123>",
    "<@U123ABC>",
    "<#C123ABC|general>",
    "<https://evil.example|good.example>",
    "<!date^0^{date}|x>",
    "<mailto:a@b.example|x>",
    "&lt;!channel&gt;",
    "@channel",
    "```",
    "*bold* _italic_ ~struck~ `code`",
    ":rotating_light:",
    "> quote",
    "\x00\u202e\ud800",
    "\r\n\n\t",
    "",
    " ",
    "|",
    "&",
    "<" * 300,
    "&" * 1000,  # fits, until it is escaped
    "x" * 5000,
    "😀" * 2000,
]
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=40),
    st.lists(st.sampled_from([*HOSTILE[:20], "word", " "]), max_size=8).map("".join),
    st.integers(1, 12_000).map(lambda n: "lorem <ipsum> " * (n // 14) + "y" * (n % 14)),
)
short = st.one_of(st.sampled_from(HOSTILE[:21]), st.text(max_size=20))
ids = st.one_of(st.from_regex(r"[UWCGDS][A-Z0-9]{2,10}", fullmatch=True), short)
urls = st.one_of(
    st.sampled_from(
        [
            "https://example.com/a?b=1&c=<x>|y",
            "http://h/ >\"'",
            "javascript:alert(1)",
            "https://",
            "https://[bad",
            "ftp://x.example",
            "https://x.example/\n<!channel>",
            "https://x.example/" + "p" * 4000,
            "HTTPS://X.example",
        ]
    ),
    short,
)
moments = st.floats(0, 7e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
marks = st.one_of(
    st.builds(Person, ids),
    st.builds(Room, ids, short),
    st.builds(Moment, moments, st.sampled_from(["time", "date"])),
    st.builds(Link, urls, texts),
    st.builds(Bold, texts),
    st.builds(Code, texts),
    st.builds(CommandLine, st.lists(short, max_size=4).map(tuple)),
)
rich_texts = st.one_of(texts, marks, st.lists(st.one_of(texts, marks), max_size=5).map(tuple))
cells = st.one_of(short, marks, st.tuples(short, marks))


def many(strategy, most):
    """Usually few, sometimes far more than any limit."""
    return st.one_of(
        st.lists(strategy, max_size=4).map(tuple),
        st.tuples(st.lists(strategy, min_size=1, max_size=2), st.integers(1, most)).map(lambda t: tuple(t[0] * t[1])),
    )


tables = st.builds(
    Table,
    columns=st.lists(short, max_size=6).map(tuple),
    rows=many(st.lists(cells, max_size=7).map(tuple), 200),
    numeric=st.frozensets(short, max_size=2),
)
buttons = st.builds(
    Button,
    label=texts,
    argv=many(texts, 3),
    form=st.booleans(),
    url=st.one_of(st.just(""), urls),
    style=st.sampled_from(["", "primary", "danger"]),
    confirm=st.one_of(st.just(""), texts),
)
cards = st.builds(
    Card,
    title=texts,
    level=st.sampled_from(list(Level)),
    body=many(rich_texts, 40),
    fields=many(st.builds(Field, label=texts, value=rich_texts), 40),
    table=st.one_of(st.none(), tables),
    steps=many(rich_texts, 200),
    buttons=many(buttons, 30),
    footer=rich_texts,
    hint=rich_texts,
    accent=st.one_of(st.none(), st.sampled_from(list(Accent))),
    more=st.one_of(st.just(()), st.lists(texts, max_size=3).map(tuple)),
)
form_fields = st.builds(
    FormField,
    name=st.from_regex(r"[a-z_]{1,20}", fullmatch=True),
    label=texts,
    kind=st.sampled_from(["text", "multiline", "choice", "number", "flag", "user", "datetime"]),
    options=many(texts, 200),
    required=st.booleans(),
    default=st.one_of(texts, st.sampled_from(["true", "12.5", "nan", "1_0", "2026-11-23T12:00:00Z"])),
    hint=texts,
)
forms = st.lists(form_fields, max_size=12, unique_by=lambda field: field.name)
