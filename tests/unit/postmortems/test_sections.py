"""Which section a reply means."""

import pytest

from bot.postmortems import sections


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("impact: 40 users saw errors", "impact"),
        ("Impact : 40 users", "impact"),
        ("What went wrong: the impact was seen late", "wrong"),
        ("Please shorten the summary", "summary"),
        ("the contributing factors lack the deploy", "factors"),
        ("The root cause is another one", "factors"),
        ("follow-ups: add a test", "follow-ups"),
        ("one more action item is needed", "follow-ups"),
        ("I think what went well is too short", "well"),
    ],
)
def test_a_reply_that_names_a_section_means_it(text: str, name: str) -> None:
    part = sections.meant(text)
    assert part is not None
    assert part.name == name


@pytest.mark.parametrize("text", ["be more precise", "", "summary and impact are both wrong", "at 12:03: the deploy"])
def test_a_reply_that_names_none_or_two_means_no_section(text: str) -> None:
    assert sections.meant(text) is None


def test_the_name_in_front_is_no_part_of_the_request() -> None:
    assert sections.request("Impact: 40 users", sections.IMPACT) == "40 users"
    assert sections.request("the impact was 40 users", sections.IMPACT) == "the impact was 40 users"
    assert sections.request("impact:", sections.IMPACT) == "impact:"


def test_names_and_titles_are_each_used_once() -> None:
    assert len({p.name for p in sections.PARTS}) == len({p.title for p in sections.PARTS}) == 11
