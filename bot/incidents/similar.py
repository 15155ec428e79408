"""Which past incidents are like this one, by what they were called, what was seen, where, and why (pure).

Each incident is a vector of weighted features: its words, and what it shares exactly or not at all (labels, components,
cause). A feature counts the more the fewer incidents have it (TF-IDF); two are as alike as the cosine of their vectors.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.phrasing import cut
from storage.records.incidents import Incident
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem

MOST = 3
LEAST_ALIKE = 0.12
"""Cosine from which on two incidents are worth naming together."""
LEAST_IN_ONE_WORD = 0.5
"""The same, where they have a single word in common: it must be most of what either says."""
NAMED, LONGEST = 5, 40

Feature = tuple[str, str]
_WORD = "word"
_WORDS = re.compile(r"[^\W_]+")
_HTTP_ERROR = re.compile(r"[45][0-9]{2}")
"""The numbers that say something of what happened; others are ports, parts of addresses, amounts."""
_STOPPED = frozenset(
    _WORDS.findall(
        "a about after again all also an and any are as at be been before being but by can check could did do does "
        "down during error failed failing for from had has have health high how if in incident into is issue it its "
        "low more most no not now of off on one only or other our out over problem since so some still than that the "
        "their them then there these they this to too under until up very was we were what when where which while who "
        "will with would"
    )
)
_TITLE, _ALERT, _TEXT, _LABEL, _CAUSE = 3.0, 2.0, 1.0, 3.0, 1.5


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is known of an incident, as far as others can be like it. `alerts` are names and summaries of its alerts.

    `texts` are all other words: what was seen, what was told last, what helped. `labels` are (name, value).
    """

    number: int
    title: str
    texts: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    labels: frozenset[tuple[str, str]] = frozenset()
    components: tuple[str, ...] = ()
    cause: str = ""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """That incident `number` is like the one asked about: by so much (0 to 1), above all in what both `shared`."""

    number: int
    score: float
    shared: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Precedent:
    """A past incident that is like another one: how far, and the words of who ended it."""

    likeness: Likeness
    incident: Incident
    helped: tuple[str, ...] = ()
    postmortem: Postmortem | None = None


def nearest(asked: Described, past: Sequence[Described], *, most: int = MOST) -> list[Likeness]:
    """The past incidents that are most like this one, the most alike first; none that only shares a word or so."""
    others = [(one.number, _features(one)) for one in past if one.number != asked.number]
    own = _features(asked)
    spread = Counter(feature for _, features in others for feature in features)
    rarity = {feature: math.log(1 + (1 + len(others)) / (1 + spread[feature])) for feature in {*own, *spread}}
    length = _length(own, rarity)
    found = []
    for number, features in others:
        both = own.keys() & features.keys()
        if not both:
            continue
        parts = {feature: own[feature] * features[feature] * rarity[feature] ** 2 for feature in both}
        score = sum(parts.values()) / (length * _length(features, rarity))
        one_word = len(both) == 1 and all(kind == _WORD for kind, _ in both)
        if score >= (LEAST_IN_ONE_WORD if one_word else LEAST_ALIKE):
            found.append(Likeness(number=number, score=min(score, 1.0), shared=_named(parts)))
    return sorted(found, key=lambda one: (-one.score, -one.number))[:most]


def helped(entries: Iterable[Entry]) -> tuple[str, ...]:
    """What ended an incident, in the words of who was there: what was said when its impact ended and when it was over.

    `entries` are its journal, oldest first. Nobody need have said anything: then there is nothing.
    """
    mitigation = resolution = latest = ""
    mitigated_at = None
    for entry in entries:
        match entry.kind:
            case "StatusChanged" if entry.payload.get("status") == "monitoring":
                mitigated_at, mitigation = entry.at, latest
            case "UpdatePosted":
                latest = str(entry.payload.get("text", ""))
                if entry.at == mitigated_at:  # one update moved it on and said why
                    mitigation = latest
            case "IncidentResolved":
                resolution = str(entry.payload.get("comment", ""))
            case "IncidentReopened":  # what had been done did not last
                mitigation = resolution = latest = ""
                mitigated_at = None
            case _:
                pass
    return tuple(dict.fromkeys(said for said in (mitigation, resolution) if said)) or ((latest,) if latest else ())


def _features(one: Described) -> Mapping[Feature, float]:
    """Each feature with its weight; a word that comes often counts more, but not as often more."""
    weighed: defaultdict[Feature, float] = defaultdict(float)
    said = [(one.title, _TITLE), *((alert, _ALERT) for alert in one.alerts), *((text, _TEXT) for text in one.texts)]
    for text, weight in said:
        for word in _words(text):
            weighed[_WORD, word] += weight
    features = {feature: math.sqrt(weight) for feature, weight in weighed.items()}
    features |= {(name, value.casefold()): _LABEL for name, value in one.labels if value}
    features |= {("component", name.casefold()): _LABEL for name in one.components}
    return features | ({("cause", one.cause.casefold()): _CAUSE} if one.cause else {})


def _words(text: str) -> list[str]:
    """The words that say something: no little ones, no long numbers, plurals as what they are many of."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    found = [word for word in _WORDS.findall(plain) if len(word) > 1 and word not in _STOPPED]
    return [_singular(word) for word in found if not word.isdecimal() or _HTTP_ERROR.fullmatch(word)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _length(features: Mapping[Feature, float], rarity: Mapping[Feature, float]) -> float:
    return math.sqrt(sum((weight * rarity[feature]) ** 2 for feature, weight in features.items())) or 1.0


def _named(parts: Mapping[Feature, float]) -> tuple[str, ...]:
    """What both have in common, what weighs most first."""
    exact = {value for kind, value in parts if kind != _WORD}  # "check shop" says the word "shop" as well
    telling = [feature for feature in parts if feature[0] != _WORD or feature[1] not in exact]
    by_weight = sorted(telling, key=lambda feature: (-parts[feature], feature))
    return tuple(cut(value if kind == _WORD else f"{kind} {value}", LONGEST) for kind, value in by_weight[:NAMED])
