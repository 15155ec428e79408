"""Markdown as Confluence's storage format: XHTML of a few elements; nothing that was said can add another (pure)."""

import re
from xml.etree.ElementTree import Element, ParseError, fromstring

from markdown_it import MarkdownIt

ALLOWED = frozenset(
    {"a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "ul"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
)
_UNFIT = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unfit(ValueError):
    """What came out is no storage format."""


def storage(markdown: str) -> str:
    """The text as storage format, without its first heading: the page's title says that already.

    Raw HTML stays words, and every element is one of `ALLOWED`; raises `Unfit` when the outcome says otherwise.
    """
    reader = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table").disable("image")
    text = re.sub(r"\A\s*# [^\n]*\n", "", _UNFIT.sub("", markdown), count=1)
    made = str(reader.render(text)).strip()
    for element in _elements(made):
        strange = set(element.attrib) - (
            {"href"} if element.tag == "a" else {"style"} if element.tag in _CELLS else set()
        )
        if (element.tag not in ALLOWED and element.tag != _ROOT) or strange:
            raise Unfit(f"<{element.tag}> has no place in a page")
    return made


_ROOT = "page"
_CELLS = frozenset({"td", "th"})


def _elements(made: str) -> list[Element]:
    try:
        return list(fromstring(f"<{_ROOT}>{made}</{_ROOT}>").iter())  # noqa: S314 - we made it, without a doctype
    except ParseError as error:
        raise Unfit(f"the text makes no well-formed page: {error}") from error
