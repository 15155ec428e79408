"""Finds words that blame a person, with what to say instead (pure).

It warns and never blocks: a reviewer may know better. A machine may fail, forget and be at fault as it likes.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

ALLOWED = "say what the system allowed: “the … step allowed …”"
KNOWN = "say what could be seen at that time, and what it made reasonable to do"
ROLE = "name the role, and what the step made possible"
PLAIN = "leave it out: it makes little of what people did"


@dataclass(frozen=True, kw_only=True)
class Blame:
    """Words that blame, from `start` to `end` of the text; `soft` when somebody is only quoted with them."""

    words: str
    suggestion: str
    start: int
    end: int
    soft: bool = False

    @property
    def advice(self) -> str:
        """The finding in one sentence."""
        quoted = " (quoted)" if self.soft else ""
        return f"“{self.words}”{quoted} blames a person: {self.suggestion}"


_PERSON = (
    r"(?:<@[UW][^<>]*>|@[\w.-]+|(?:he|she|they|who|somebody|someone|nobody)|"
    r"(?:the |an? |our |their |another |this )?(?:[\w-]+ ){0,2}?(?:on-?call(?: \w+)?|engineers?|operators?|developers?"
    r"|responders?|responder-\d+|team-member-\d+|commanders?|coordinators?|leads?|scribes?|managers?|admins?|administrators?|authors?"
    r"|reviewers?|interns?|contractors?|colleagues?|employees?|persons?|people|staff|teams?|devs?|dbas?|sres?|human|humans"
    r"|members?|users? who))"
)
_FAILING = (
    r"(?:(?:has |have |had )?(?:failed to|forgot(?:ten)?(?: to)?|neglected|overlooked|ignored|missed|misread|mistyped"
    r"|mishandled|botched|messed up|screwed up|broke|blundered|panicked|wasted|slept through"
    r"|made (?:a|an|the|another|several) (?:\w+ )?(?:mistakes?|errors?|typos?|blunders?))"
    r"|(?:did|does|do|had|has|have|was|were)(?: not|n['\u2019]t)(?: \w+)? (?:check|checked|notice|noticed|test|tested"
    r"|read|verify|verified|follow|followed|look|looked|ask|asked|think|thought|know|known|reali[sz]ed?|bother|see|seen"
    r"|understand|pay|paying|remember|care|careful|attentive|double-?check|escalated?|respond|responded|react|reacted)"
    r"|(?:was|were|is|are|being) (?:\w+ )?(?:careless|negligent|incompetent|reckless|sloppy|lazy|inattentive|at fault"
    r"|to blame|responsible for|wrong|inexperienced)"
    r"|(?:wrongly|mistakenly|carelessly|recklessly|accidentally|blindly|hastily|incorrectly|erroneously))"
)
_PATTERNS = (
    (
        (
            r"\b(?:human|operator|user|pilot|engineer) (?:error|mistake|failure)s?\b"
            rf"|\b(?:error|mistake) by (?:the |an? )?{_PERSON}"
        ),
        ALLOWED,
    ),
    (rf"(?<![\w-]){_PERSON}(?:['\u2019]s)? {_FAILING}\b", ALLOWED),
    (r"\b(?:is|was|are|were) to blame\b|\bblam(?:e|es|ed|ing) (?!less)|\bguilty\b|\bculprits?\b", ALLOWED),
    (
        (
            r"\b(?:careless\w*|negligen\w+|incompeten\w+|inexcusabl\w+|irresponsibl\w+|stupid\w*|idiot\w*|dumb"
            r"|sloppy|sloppily|reckless\w*|lazy|clumsy|clumsily|unprofessional\w*|embarrassing\w*)\b"
        ),
        ALLOWED,
    ),
    (r"\bforgot(?:ten)?\b|\bnobody (?:bothered|cared|checked|thought)\b", ALLOWED),
    (
        (
            r"\b(?:should|could|ought to|would)(?: (?:not|never|easily|simply|just|at least))* have"
            r" (?:\w+ly )?(?:known|noticed"
            r"|checked|seen|tested|asked|read|reali[sz]ed|thought|caught|avoided|prevented"
            r"|been (?:caught|avoided|prevented|noticed|more careful))\b"
            r"|\bshould(?:n['\u2019]t| not| never)? have\b|\bif only\b"
        ),
        KNOWN,
    ),
    (
        r"\bobvious(?:ly)?\b|\bclearly should\b|\bof course\b|\bas everybody knows\b|\bcommon sense\b",
        KNOWN,
    ),
    (
        r"\b(?:simply|just) (?=(?:[a-z]+ed|ran|did|made|took|went|wrote|forgot|put|gave|chose|let)\b)",
        PLAIN,
    ),
)
_RULES = tuple((re.compile(pattern, re.IGNORECASE), suggestion) for pattern, suggestion in _PATTERNS)
# A text is searched for a person in front of each of its words only where one of the words behind them is in it.
_FAULT = re.compile(r"fault|mistake|error|negligence|carelessness|incompetence", re.IGNORECASE)
_ONES_FAULT = re.compile(
    rf"\b(?:fault|mistake|negligence|carelessness|incompetence) of {_PERSON}"
    rf"|{_PERSON}['\u2019]s? (?:fault|mistake|error|negligence)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"“[^“”]*”|\"[^\"]*\"|«[^«»]*»|`[^`]*`")
_MACHINE = re.compile(r"\b(?:page|segmentation|hardware|disk|memory|protection|bus|earth|ground)\s$", re.IGNORECASE)


def blames(text: str, *, evidence: str = "", people: Collection[str] = ()) -> tuple[Blame, ...]:
    """What in the text blames a person, in order, each place once.

    `evidence` are the words of the cited entries: what already stands there is only repeated, and marked as soft, like
    what stands between quotation marks. Of `people` (names, no roles) none should be the subject of any sentence here.
    """
    quoted = [(m.start(), m.end()) for m in _QUOTED.finditer(text)]
    said = " ".join(evidence.lower().split())
    found: list[Blame] = []
    for start, end, suggestion in sorted(_places(text, people)):
        if found and start < found[-1].end:
            continue
        words = text[start:end].strip()
        soft = any(a <= start < b for a, b in quoted) or bool(said and " ".join(words.lower().split()) in said)
        found.append(Blame(words=words, suggestion=suggestion, start=start, end=end, soft=soft))
    return tuple(found)


def advice(found: Collection[Blame]) -> str:
    """The findings as one text, "" for none."""
    return "; ".join(blame.advice for blame in found)


def _places(text: str, people: Collection[str]) -> Iterator[tuple[int, int, str]]:
    for pattern, suggestion in (*_RULES, (_ONES_FAULT, ALLOWED)) if _FAULT.search(text) else _RULES:
        for match in pattern.finditer(text):
            if match[0].strip() and not _MACHINE.search(text[: match.start()]):
                yield match.start(), match.end(), suggestion
    for name in people:
        for match in re.finditer(rf"(?<!\w){re.escape(name)} {_FAILING}\b", text, re.IGNORECASE):
            yield match.start(), match.end(), ROLE
