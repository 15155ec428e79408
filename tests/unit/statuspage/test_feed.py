"""The Atom feed against the rules of RFC 4287."""

import re
from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree as ET

from bot.statuspage.decide import Page, stories
from bot.statuspage.feed import to_atom
from tests.unit.statuspage.states import healthy, page
from tests.unit.statuspage.test_held import incident, notice

ADDRESS = "https://bot.example.com/status"
A = "{http://www.w3.org/2005/Atom}"
HOSTILE = "]]></content><script>alert(1)</script> & \x00\x0b\ud800\uffff\u202e"


def published(*texts: str) -> Page:
    told = stories([notice(n, text=text) for n, text in enumerate(texts, 1)], {1: incident()})
    return replace(page(healthy()), stories=told)


def parsed(shown: Page, address: str = ADDRESS) -> ET.Element:
    return ET.fromstring(to_atom(shown, address).encode())


def follows_the_rules(feed: ET.Element) -> None:
    """RFC 4287, sections 3.3 and 4.1: what there must be one of, what there may be at most one of, and of which form."""
    assert feed.tag == f"{A}feed"
    for holder in (feed, *feed.iter(f"{A}entry")):
        for name in ("id", "title", "updated"):
            (found,) = holder.findall(f"{A}{name}")
            assert (found.text or "").strip()
        assert re.match(r"urn:uuid:[0-9a-f-]{36}$", holder.findtext(f"{A}id") or "")
        for name in ("updated", "published"):
            for moment in holder.findall(f"{A}{name}"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment.text or "")
                assert datetime.fromisoformat(moment.text or "").tzinfo
        alternates = [link for link in holder.findall(f"{A}link") if link.get("rel") == "alternate"]
        assert len({(link.get("type"), link.get("hreflang")) for link in alternates}) == len(alternates)
        assert all((link.get("href") or "").startswith("https://") for link in holder.findall(f"{A}link"))
    assert len([link for link in feed.findall(f"{A}link") if link.get("rel") == "self"]) == 1
    (author,) = feed.findall(f"{A}author")
    assert author.findtext(f"{A}name")
    entries = feed.findall(f"{A}entry")
    assert list(feed)[len(feed) - len(entries) :] == entries
    ids = [entry.findtext(f"{A}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        (content,) = entry.findall(f"{A}content")
        assert (content.get("type"), list(content)) == ("text", [])


def test_an_empty_feed_follows_the_rules() -> None:
    feed = parsed(page(healthy()))
    follows_the_rules(feed)
    assert feed.findall(f"{A}entry") == []


def test_each_published_text_is_an_entry_the_latest_first() -> None:
    feed = parsed(published("We look into it.", "It is over."))
    follows_the_rules(feed)
    assert [entry.findtext(f"{A}content") for entry in feed.findall(f"{A}entry")] == ["It is over.", "We look into it."]
    assert feed.findtext(f"{A}updated") == feed.findtext(f"{A}entry/{A}updated") == "2026-11-23T12:02:00Z"
    assert feed.findtext(f"{A}entry/{A}title") == "Trouble with Shop (investigating)"


def test_the_feed_has_the_latest_hundred_alone() -> None:
    feed = parsed(published(*(f"Text {n}" for n in range(1, 131))))
    follows_the_rules(feed)
    said = [entry.findtext(f"{A}content") for entry in feed.iter(f"{A}entry")]
    assert (len(said), said[0], said[-1]) == (100, "Text 130", "Text 31")


def test_hostile_words_stay_words() -> None:
    feed = parsed(published(HOSTILE))
    follows_the_rules(feed)
    assert feed.findtext(f"{A}entry/{A}content") == "]]></content><script>alert(1)</script> & "


def test_an_address_with_marks_of_xml_stays_an_address() -> None:
    follows_the_rules(parsed(published("x"), 'https://a.example/"><x>&/status'))


def test_entries_keep_their_ids_and_other_bots_have_others() -> None:
    def ids(address: str) -> list[str]:
        return [str(one.text) for one in parsed(published("a", "b"), address).iter(f"{A}id")]

    assert ids(ADDRESS) == ids(ADDRESS)
    assert set(ids(ADDRESS)).isdisjoint(ids("https://other.example.com/status"))
