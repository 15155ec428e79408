"""Whatever a page says: it fits into an SMS, is well-formed TwiML and HTML, and says nothing in markup of its own."""

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cards.card import Card
from bot.cards.html import page, to_html
from bot.channels import twiml
from bot.channels.notice import notice
from bot.channels.segments import segments, shortened
from bot.channels.sms import SEGMENTS, text
from bot.notifications.answers import argv
from tests.property.cards import HOSTILE, cards

slow = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
said = st.one_of(st.text(max_size=2000), st.sampled_from(HOSTILE), st.text("aä€😀\n", min_size=400, max_size=900))
VOID = {"meta", "br", "input"}
TAGS = {
    *("html", "head", "meta", "title", "body", "main", "div", "h1", "p", "br", "table", "thead", "tbody", "tr", "th"),
    *("td", "ul", "li", "strong", "code", "a", "time"),
}


class Reader(HTMLParser):
    """Notes the tags, and whether each is closed in order; the addresses that links lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def alert(summary: str) -> Card:
    return Card(title=summary, data={"number": 42, "severity": "high", "summary": summary})


@slow
@given(said)
def test_a_text_message_has_at_most_three_parts_and_says_how_to_answer(summary: str) -> None:
    sent = text(alert(summary), "alert:42:page:0", answerable=True)
    assert segments(sent) <= SEGMENTS
    assert "HIGH #42" in sent
    assert "Reply ACK 42 or RESOLVE 42" in sent


@slow
@given(said, said.map(lambda tail: tail[:100]))
def test_what_is_shortened_keeps_its_tail(body: str, tail: str) -> None:
    cut = shortened(body, tail, SEGMENTS)
    assert cut.endswith(tail)
    assert segments(cut) <= SEGMENTS


@slow
@given(said)
def test_what_is_spoken_is_well_formed_and_dials_nobody(summary: str) -> None:
    spoken = twiml.call(notice(alert(summary)), "https://bot.example.com/x?a=1&b=<2>")
    root = ET.fromstring(spoken)
    assert {element.tag for element in root.iter()} == {"Response", "Gather", "Say", "Pause"}
    assert len(spoken) <= 4000


@slow
@given(said)
def test_an_answer_to_a_text_is_well_formed(body: str) -> None:
    root = ET.fromstring(twiml.message(body))
    assert {element.tag for element in root.iter()} <= {"Response", "Message"}


@slow
@given(cards)
def test_any_card_is_html_that_holds_only_our_tags_and_web_links(card: Card) -> None:
    reader = Reader()
    reader.feed(page(card.title, to_html(card)))
    reader.close()
    assert reader.open == []
    assert reader.seen <= TAGS
    assert reader.attributes <= {"lang", "charset", "name", "content", "style", "scope", "datetime", "href", "rel"}
    assert [link for link in reader.links if not link.startswith(("http://", "https://"))] == []


@slow
@given(st.one_of(st.text(), st.tuples(st.sampled_from(["ack", "RESOLVE", "help"]), st.text()).map(" ".join)))
def test_no_answer_becomes_another_command(answer: str) -> None:
    words = argv(answer)
    if words is not None:
        assert words[0] in {"ack", "resolve", "oncall", "help"}
        assert len(words) <= 3
        assert len(words) < 2 or words[1].isdecimal()
        assert len(words) < 3 or words[2].startswith("--comment=")
