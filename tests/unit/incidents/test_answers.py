"""Which answers of commands an incident keeps, and what of them."""

import pytest
from markdown_it import MarkdownIt

from bot import events as e
from bot.cards.card import Button, Card, Table
from bot.cards.marks import plain
from bot.command import Command, Context, command
from bot.incidents import answers, cards, export, timeline
from bot.incidents.export import Exported
from bot.permissions import Role
from storage.records.alerts import Severity
from storage.records.incidents import Incident
from storage.records.journal import Entry
from tests.fakes.ports import T0

INCIDENT = Incident(id=3, title="x", severity=Severity.HIGH, declared_by="U0000ONE", started_at=T0, declared_at=T0)
ANSWER = e.CommandAnswered(incident=3, run=1, line="health shop", outcome="bad", text="1 check is down\nshop down 503")


async def nothing(_ctx: Context) -> Card:
    """Look."""
    return Card(title="")


LOOKS = command("probe", reads=True)(nothing)
CHANGES = command("restart", role=Role.OPERATOR, changes=True)(nothing)


def ran(cmd: Command, *, channel: str = "C1", outcome: str = "ok", through: str = "") -> e.CommandRun:
    return e.CommandRun(
        command=cmd.name,
        argv=(),
        via="slack",
        role="operator",
        outcome=outcome,
        seconds=0.1,
        changes=cmd.changes,
        channel=channel,
        through=through,
    )


def journal(*events: e.Event) -> list[Entry]:
    return [
        Entry(id=n, at=T0, kind=type(v).__name__, subject=v.subject, actor="U0000TWO", payload=e.payload_of(v))
        for n, v in enumerate(events, start=1)
    ]


class TestShared:
    @pytest.mark.parametrize("cmd", [LOOKS, CHANGES], ids=lambda cmd: cmd.name)
    def test_is_what_any_viewer_may_look_up_and_what_a_change_tells_all(self, cmd: Command) -> None:
        assert answers.shared(cmd, ran(cmd), Card(title="Done"))

    @pytest.mark.parametrize(
        "cmd",
        [
            command("probe", role=Role.OPERATOR, reads=True)(nothing),
            command("probe")(nothing),
            command("probe", reads=True, personal=True)(nothing),
            command("probe", changes=True, secret=("code",))(nothing),
            command("incidents stats", reads=True)(nothing),
            command("incident show", reads=True)(nothing),
            command("audit", reads=True)(nothing),
            command("followups", reads=True)(nothing),
        ],
        ids=["for operators", "told to one", "personal", "with a secret", "of incidents", "of one", "audit", "to do"],
    )
    def test_is_nothing_that_only_some_may_know(self, cmd: Command) -> None:
        assert not answers.shared(cmd, ran(cmd), Card(title="Done"))

    @pytest.mark.parametrize(
        "run",
        [
            ran(LOOKS, channel=""),
            ran(LOOKS, outcome="denied"),
            ran(LOOKS, outcome="usage"),
            ran(LOOKS, through="assistant"),
        ],
        ids=["elsewhere", "not allowed", "mistyped", "by the assistant"],
    )
    def test_is_nothing_of_a_run_that_is_no_deed_in_its_channel(self, run: e.CommandRun) -> None:
        assert not answers.shared(LOOKS, run, Card(title="Done"))

    def test_is_no_private_answer(self) -> None:
        assert not answers.shared(LOOKS, ran(LOOKS), Card(title="Done", private=True))


def test_an_answer_is_written_without_what_is_pressed_and_without_gaps() -> None:
    table = Table(columns=("Check", "Detail"), rows=(("shop", "503"), ("a-longer-name", "ok")))
    card = Card(title="2 checks", table=table, buttons=(Button(label="Again", argv=("x",)),), hint="Try it.")

    assert answers.written(card, T0) == "2 checks\nCheck Detail\nshop 503\na-longer-name ok"


class TestTimeline:
    def test_has_the_answer_in_place_of_its_run(self) -> None:
        run, answer = journal(ran(LOOKS, outcome="bad"), ANSWER)

        (line,) = timeline.lines([answer], [run])

        assert (line.entry, plain(line.said)) == (2, "Ran health shop: bad, exit status 1")
        assert line.answer == ANSWER.text

    def test_shows_how_the_answer_begins(self) -> None:
        lines = timeline.lines(journal(ANSWER))
        card = cards.timeline(INCIDENT, lines, [""], 1, 25)

        (step,) = map(plain, card.steps)
        assert "exit status 1 — U0000TWO “1 check is down”" in step
        assert card.data["timeline"][0]["answer"] == ANSWER.text

    def test_forgets_an_answer_that_was_corrected(self) -> None:
        edit = e.TimelineEdited(incident=3, entry=1, reason="wrong shop", text="looked at the shop")

        (line,) = timeline.lines(journal(ANSWER, edit))

        assert (line.said, line.answer) == ("looked at the shop", "")


class TestExport:
    def test_has_all_of_an_answer_and_none_of_it_as_markup(self) -> None:
        hostile = e.CommandAnswered(incident=3, run=1, line="x", outcome="ok", text="# **bold**\n<script>\n\n- item")
        told = Exported(incident=INCIDENT, lines=timeline.lines(journal(ANSWER, hostile)), links=["", ""])

        html = MarkdownIt().render(export.markdown(told))

        assert "<code>1 check is down\nshop down 503\n</code>" in html
        assert "<code># **bold**\n&lt;script&gt;\n" in html
        assert html.count("<li>") == 2 + _facts(html)
        assert export.as_json(told)["timeline"][0]["answer"] == ANSWER.text


def _facts(html: str) -> int:
    """The points above the timeline."""
    return html.partition("<h2>")[0].count("<li>")
