"""Whether "after", "before", "then" and "because" agree with the times of the cited entries (pure)."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.postmortems import wording
from bot.postmortems.evidence import Evidence

Score = Callable[[frozenset[str], Evidence], float]
"""How much of a clause an entry has, weighed by how rare its words are."""

_CAUSE_LAST = (
    r"because of|because|due to|caused by|triggered by|owing to|as a (?:result|consequence) of|in response to|thanks to"
)
_CAUSE_FIRST = (
    r"caus(?:ed|es|ing)|led to|leading to|result(?:ed|ing) in|triggered|triggering|so\b(?! that)|therefore|which made"
)
_LATER = r"after(?! which)|later than|(?<!at )once|subsequent to"
_EARLIER = r"before(?!hand)|prior to|ahead of|earlier than|until|then|after which|followed by|later(?! than)|whereupon"
_NO_CLOCK = r"(?!\s+(?:about |around )?\d{1,2}[:.h]\d\d)"  # "until 13:10" joins no two clauses
_JOINT = re.compile(
    rf"(?P<effect>\b(?:{_CAUSE_LAST})\b)|(?P<cause>\b(?:{_CAUSE_FIRST})\b)"
    rf"|(?P<later>\b(?:{_LATER})\b{_NO_CLOCK})|(?P<earlier>\b(?:{_EARLIER})\b{_NO_CLOCK})",
    re.IGNORECASE,
)
_CAUSAL = re.compile(
    r"\b(?:because|caused|causing|due to|as a result|result(?:ed|ing) (?:in|from)|led to|root cause|triggered)\b",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:suspect\w*|suspicion|may|might|could|possibl[ey]|probabl[ey]|perhaps|likely|hypothes\w+|appear\w*|seem\w*"
    r"|think\w*|thought|believ\w*|assum\w*|guess\w*|maybe|theory)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Two clauses and what the word between them claims: `first` came not after `second`; a cause when `causal`."""

    word: str
    first: str
    second: str
    causal: bool


def joints(text: str) -> Iterator[Joint]:
    """Each claim of order or of cause in the text."""
    found = list(_JOINT.finditer(text))
    for number, match in enumerate(found):
        start = found[number - 1].end() if number else 0
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        left, right = text[start : match.start()], text[match.end() : end]
        kind = match.lastgroup
        # a word that opens its sentence speaks of what stands before the comma: "After R, L"
        if not wording.stems(left) and (kind in {"effect", "later"} or match[0].lower() in {"before", "earlier than"}):
            right, _, left = right.partition(",")
        turned = kind in {"effect", "later"}
        first, second = (right, left) if turned else (left, right)
        if wording.stems(first) or wording.stems(second):
            yield Joint(word=match[0].lower(), first=first, second=second, causal=kind in {"effect", "cause"})


def misordered(joint: Joint, cited: Sequence[Evidence], score: Score) -> tuple[Evidence, Evidence] | None:
    """The two entries that the clauses are about, when the one said to be first came later."""
    first, second = wording.marks(joint.first), wording.marks(joint.second)
    begins, follows = [score(first, e) for e in cited], [score(second, e) for e in cited]
    pairs = [(begins[i] + follows[j], i, j) for i in range(len(cited)) for j in range(len(cited)) if i != j]
    pairs = [(total, i, j) for total, i, j in pairs if begins[i] and follows[j]]
    if not pairs:
        return None
    total, i, j = max(pairs)
    swapped, same = begins[j] + follows[i], max(a + b for a, b in zip(begins, follows, strict=True))
    if total <= swapped or total < same or cited[i].at <= cited[j].at:
        return None
    return cited[i], cited[j]


def causal(text: str) -> bool:
    """True when it says why something happened."""
    return bool(_CAUSAL.search(text))


def hedged(text: str) -> bool:
    """True when it says that something is only thought to be so."""
    return bool(_HEDGED.search(text))
