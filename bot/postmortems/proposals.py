"""What an approved postmortem proposes to do: the statements of its follow-ups, as values (pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from bot.phrasing import cut
from bot.postmortems import sections
from storage.records.follow_ups import FollowUpKind
from storage.records.postmortems import Postmortem, Statement, StatementKind

LONGEST = 200
"""Characters of a title."""

_MOMENT = re.compile(r"^At \d\d:\d\d UTC: ")
_QUOTED = re.compile(r"^“(.*)”[.…]?$", re.DOTALL)
# what the first of these words says, the follow-up is for
_KINDS = (
    (FollowUpKind.DETECT, re.compile(r"\b(?:alert|monitor|dashboard|detect|log|metric|page)\w*", re.IGNORECASE)),
    (FollowUpKind.MITIGATE, re.compile(r"\b(?:roll ?back|fail ?over|runbook|throttl|restart|limit)\w*", re.IGNORECASE)),
    (FollowUpKind.PROCESS, re.compile(r"\b(?:process|train|review|document|on-?call|checklist)\w*", re.IGNORECASE)),
    (FollowUpKind.PREVENT, re.compile(r"\b(?:prevent|remove|fix|test|validat|upgrad|raise|add)\w*", re.IGNORECASE)),
)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One thing to do. `origin` stays the same for the same statement; `owner` is a user id, "" when none is named."""

    title: str
    kind: FollowUpKind
    origin: str
    owner: str = ""


def proposals(postmortem: Postmortem, people: Mapping[str, str] | None = None) -> tuple[Proposal, ...]:
    """What the section of follow-ups proposes, each once; questions are left out.

    `people` maps the labels by which the text calls people ("responder-1") to their ids: an owner is whoever a
    statement says takes it, if an entry that it cites bears that out.
    """
    part = next((s for s in postmortem.sections if s.name == sections.FOLLOW_UPS.name), None)
    said = [s for s in part.statements if s.kind is not StatementKind.UNKNOWN and s.text.strip()] if part else []
    made = [_proposal(postmortem.id, statement, people or {}) for statement in said]
    return tuple({one.origin: one for one in made}.values())


def _proposal(number: int, statement: Statement, people: Mapping[str, str]) -> Proposal:
    words = " ".join(_MOMENT.sub("", statement.text).split())
    words = _QUOTED.sub(r"\1", words)
    digest = blake2b(" ".join(statement.text.lower().split()).encode("utf-8", "replace"), digest_size=6).hexdigest()
    return Proposal(
        title=cut(words, LONGEST),
        kind=next((kind for kind, sign in _KINDS if sign.search(words)), FollowUpKind.OTHER),
        origin=f"postmortem:{number}:{digest}",
        owner="" if statement.unverified else _owner(words, people),
    )


def _owner(words: str, people: Mapping[str, str]) -> str:
    named = [
        person
        for label, person in people.items()
        if re.search(
            rf"(?:\b(?:owner|owned by|assigned to|taken by)\b:?\s+(?:the\s+)?{re.escape(label)}(?![\w-])"
            rf"|(?<![\w-]){re.escape(label)}\s+(?:takes|will|owns|is going to)\b)",
            words,
            re.IGNORECASE,
        )
    ]
    return named[0] if len(set(named)) == 1 else ""
