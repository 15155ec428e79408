"""What is read for one section, and in which requests: at once, or a long timeline in parts (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bot.llm.budget import Fit, estimate, fit, split
from bot.phrasing import plural
from bot.postmortems import prompt
from bot.postmortems.evidence import Evidence, Pack
from bot.postmortems.sections import Part
from storage.records.postmortems import Section, Statement

ANSWER = 2000
"""Tokens that are kept free for an answer."""
WINDOW = 12_000
"""Tokens of the largest request: what models with small contexts still read with care."""
LARGEST = 400
"""Tokens of the largest entry, about: so much may stay free at the end of a part."""
FEWEST = 2
"""Parts from which on a timeline is read in parts: fewer cost more than they bring."""


@dataclass(frozen=True)
class Reading:
    """The entries that are read, in the parts in which they are, and what is left out."""

    parts: tuple[tuple[Evidence, ...], ...]
    fit: Fit[Evidence]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """From what a section is written, within how many tokens; `nonce` marks where the evidence begins and ends."""

    pack: Pack
    part: Part
    tokens: int
    nonce: str

    @cached_property
    def costs(self) -> Mapping[int, int]:
        """Tokens of each entry, by its number: they are asked for again and again."""
        return {item.id: estimate(prompt.line(item)) + 1 for item in self.pack.items}

    @property
    def about(self) -> int:
        """Tokens of all that is said beside the entries, with room for an answer and its repair."""
        asked = prompt.draft(self.part, self.pack, (), left_out=9, nonce=self.nonce)
        return estimate(prompt.SYSTEM) + estimate(asked) + 2 * ANSWER

    @property
    def at_once(self) -> int:
        """Tokens that entries may have in one request."""
        return min(self.tokens, WINDOW) - self.about

    def cost(self, item: Evidence) -> int:
        """Tokens of one entry."""
        return self.costs[item.id]

    def evidence(self, room: int) -> Fit[Evidence]:
        """The entries that fit into so many tokens."""
        return fit(
            self.pack.items, max(room, 0), cost=self.cost, weight=lambda item: item.weight, at=lambda item: item.at
        )

    def reading(self) -> Reading:
        """How the timeline is read: at once, or in parts where it is too long for one request and the budget allows."""
        parts = self.tokens // WINDOW - 1  # one request brings their answers together
        if parts < FEWEST or sum(self.costs.values()) <= self.at_once:
            kept = self.evidence(self.at_once)
            return Reading((kept.kept,), kept)
        kept = self.evidence(parts * (self.at_once - LARGEST))
        return Reading(split(kept.kept, self.at_once, cost=self.cost), kept)

    def prompts(self, reading: Reading) -> list[str]:
        """The requests that are known before the model has answered anything."""
        parts, left_out = reading.parts, len(reading.fit.left_out)
        if len(parts) == 1:
            return [prompt.draft(self.part, self.pack, parts[0], left_out=left_out, nonce=self.nonce)]
        return [
            prompt.chunk(self.part, self.pack, part, number=number, of=len(parts), nonce=self.nonce)
            for number, part in enumerate(parts, start=1)
        ]

    def merged(self, notes: Sequence[Statement], *, left_out: int) -> str:
        """The request that brings the answers for the parts together."""
        cited = {number for note in notes for number in note.evidence}
        bare = prompt.merge(self.part, self.pack, notes, (), left_out=left_out, nonce=self.nonce)
        items = tuple(item for item in self.pack.items if item.id in cited)
        kept = replace(self, pack=replace(self.pack, items=items)).evidence(self.at_once - estimate(bare)).kept
        return prompt.merge(self.part, self.pack, notes, kept, left_out=left_out, nonce=self.nonce)

    def again(self, old: Section, change: int) -> tuple[str, Fit[Evidence]]:
        """The request for a section as the reviewer's entry `change` wants it, and what did not fit into it."""
        kept = self.evidence(self.at_once)
        asked = prompt.redraft(
            self.part, self.pack, kept.kept, left_out=len(kept.left_out), nonce=self.nonce, old=old, change=change
        )
        return asked, kept


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What would be sent for a section: each request that is known before the model has answered, and what follows."""

    system: str
    prompts: tuple[str, ...]
    left_out: str
    then: str = ""


def left_out(kept: Fit[Evidence]) -> str:
    """What was left out, in words ("" for nothing)."""
    if not kept.left_out:
        return ""
    began, ended = min(i.at for i in kept.left_out), max(i.at for i in kept.left_out)
    count = plural(len(kept.left_out), "entry", "entries")
    return f"{count} between {began:%H:%M} and {ended:%H:%M} UTC did not fit into the token budget and were left out"
