"""Which entry a sentence is about, by the words that they share, the rare ones counting more (pure)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.postmortems import wording
from bot.postmortems.evidence import Evidence

COVERED = 0.6
"""A sentence whose cited entries have this share of its words is about them."""
UNCOVERED = 0.4
"""Of a sentence of which the cited entries have nothing so much is enough."""
BETTER = 1.5
"""So many times more of a sentence another entry must have before it is taken for the one that was meant."""


@dataclass(frozen=True)
class Index:
    """The words of all entries."""

    entries: Sequence[Evidence]
    stems: Mapping[int, frozenset[str]]
    holders: Mapping[str, tuple[int, ...]]

    def weight(self, stem: str) -> float:
        """How much a word says: the more, the fewer entries have it."""
        return math.log(1 + len(self.entries) / (1 + len(self.holders.get(stem, ()))))

    def score(self, words: frozenset[str], entry: Evidence) -> float:
        """How much of the words the entry has."""
        return sum(self.weight(word) for word in words & self.stems.get(entry.id, frozenset()))

    def share(self, words: frozenset[str], cited: Sequence[Evidence]) -> float:
        """The part of the words that the cited entries have together."""
        total = sum(self.weight(word) for word in words)
        offered = frozenset[str]().union(*(self.stems.get(e.id, frozenset()) for e in cited))
        return sum(self.weight(word) for word in words & offered) / total if total else 1.0

    def better(self, words: frozenset[str], cited: Sequence[Evidence], *, least: int = 1) -> Evidence | None:
        """An entry that has far more of the words than all the cited ones together, when there is one.

        It must have `least` of them; of a clause one word, and be it a rare one, does not tell what it is about.
        """
        total = sum(self.weight(word) for word in words)
        mine = self.share(words, cited)
        if not total or mine >= COVERED:
            return None
        numbers = {e.id for e in cited}
        scores: dict[int, float] = {}
        for word in words:
            for holder in self.holders.get(word, ()):
                scores[holder] = scores.get(holder, 0.0) + self.weight(word)
        place = max(scores, key=lambda p: (scores[p], -p), default=None)
        if (
            place is None
            or self.entries[place].id in numbers
            or len(words & self.stems[self.entries[place].id]) < least
            or scores[place] / total < max(COVERED if mine else UNCOVERED, BETTER * mine)
        ):
            return None
        return self.entries[place]


def index(entries: Sequence[Evidence]) -> Index:
    """Read the words of every entry once."""
    stems = {e.id: wording.marks(f"{e.actor} {e.words}") for e in entries}
    holders: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        for word in stems[entry.id]:
            holders.setdefault(word, []).append(place)
    return Index(entries, stems, {word: tuple(places) for word, places in holders.items()})
