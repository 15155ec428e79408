"""The sections of a postmortem: names, titles and what belongs into each (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Part:
    """One section. `name` is typed, `title` is read; `aliases` are further words by which a reviewer may name it.

    `asks` tells the writer what belongs here, `question` is what the journal cannot answer by itself. Conclusions are
    what a `concluding` section holds, so that its statements count as inferences unless a person made them. A
    `rendered` section is made from the journal by code alone.
    """

    name: str
    title: str
    asks: str = ""
    question: str = ""
    aliases: tuple[str, ...] = ()
    concluding: bool = False
    rendered: bool = False


SUMMARY = Part(
    name="summary",
    title="Summary",
    asks="What happened, to what, how long, and how it ended, in two to four sentences for a reader who was not there.",
    question="What should people outside the team know about it?",
)
IMPACT = Part(
    name="impact",
    title="Impact",
    asks="Who and what was affected, how badly and for how long: only effects that entries report.",
    question="What could people not do, and how many of them?",
)
TIMELINE = Part(name="timeline", title="Timeline", rendered=True)
FACTORS = Part(
    name="factors",
    title="Root cause and contributing factors",
    asks="What set it off, and the conditions that together made it possible or worse. Mostly several; never a person.",
    question="Which conditions made this possible, and why did the step that went wrong make sense at the time?",
    aliases=("contributing factors", "contributing factor", "root cause", "cause"),
    concluding=True,
)
DETECTION = Part(
    name="detection",
    title="Detection",
    asks="How it was noticed, by whom or by which check, how long after it began, and what could have told sooner.",
    question="How could it have been noticed sooner?",
    aliases=("detected",),
)
RESPONSE = Part(
    name="response",
    title="Response",
    asks="Who took part in which role, what was tried in which order, what ended it, how people were told.",
    question="What was tried that helped nothing, and what would have ended it sooner?",
)
WELL = Part(
    name="well",
    title="What went well",
    asks="What shortened the incident or softened it: detection, tools, hand-overs.",
    question="What helped, and should be kept?",
    aliases=("went well",),
    concluding=True,
)
WRONG = Part(
    name="wrong",
    title="What did not go well",
    asks="What lengthened the incident or made it worse: missing signals, pages that never arrived, tools in the way.",
    question="What slowed people down, or surprised them?",
    aliases=("what went wrong", "went wrong", "went badly", "not go well"),
    concluding=True,
)
LUCKY = Part(
    name="lucky",
    title="Where we got lucky",
    asks="What kept it from being worse though nobody had arranged it: the hour, who happened to be there.",
    question="What could as easily have gone the other way?",
    aliases=("lucky", "luck"),
    concluding=True,
)
FOLLOW_UPS = Part(
    name="follow-ups",
    title="Follow-ups",
    asks="Action items that remove a contributing factor or shorten the next incident, each with its owner where one is"
    " named; specific to these entries.",
    question="What will be changed, who takes it, and until when?",
    aliases=("follow up", "followups", "follow ups", "action item", "action items"),
    concluding=True,
)
LESSONS = Part(
    name="lessons",
    title="Lessons learned",
    asks="What this taught about the system or about working together that holds beyond this incident.",
    question="What do we know now that we did not know before?",
    aliases=("lesson", "lessons", "learned"),
    concluding=True,
)

PARTS: tuple[Part, ...] = (
    SUMMARY, IMPACT, TIMELINE, FACTORS, DETECTION, RESPONSE, WELL, WRONG, LUCKY, FOLLOW_UPS, LESSONS,
)  # fmt: skip
NAMES: tuple[str, ...] = tuple(part.name for part in PARTS)
_BY_NAME = {part.name: part for part in PARTS}


def named(name: str) -> Part:
    """The section of that name; raises `KeyError`."""
    return _BY_NAME[name]


def title(name: str) -> str:
    """The section's title; a name from a newer program stands for itself."""
    part = _BY_NAME.get(name)
    return part.title if part else name


def ordered(names: Sequence[str]) -> list[str]:
    """The names in the order in which sections are read."""
    return sorted(names, key=lambda name: NAMES.index(name) if name in NAMES else len(NAMES))


def meant(text: str) -> Part | None:
    """The section that a reviewer's words name: before a colon at the start, else the only one named in the text."""
    head, colon, _ = text.partition(":")
    if colon and (found := _exactly(head)):
        return found
    said = f" {_plain(text)} "
    found_in = [part for part in PARTS if any(f" {word} " in said for word in _words(part))]
    return found_in[0] if len(found_in) == 1 else None


def request(text: str, part: Part) -> str:
    """The reviewer's words without the section's name in front of them."""
    head, colon, rest = text.partition(":")
    return rest.strip() if colon and _exactly(head) is part and rest.strip() else text.strip()


def _exactly(words: str) -> Part | None:
    said = _plain(words)
    return next((part for part in PARTS if said in _words(part)), None)


def _words(part: Part) -> frozenset[str]:
    return frozenset(_plain(word) for word in (part.name, part.title, *part.aliases))


def _plain(text: str) -> str:
    kept = "".join(c if c.isalnum() else " " for c in text.lower())
    return " ".join(kept.split())
