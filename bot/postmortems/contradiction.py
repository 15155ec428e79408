"""What a statement says otherwise than the entries it cites: denials, opposites, who did it (pure)."""

import re
from collections.abc import Callable, Collection

from bot.postmortems import wording
from bot.postmortems.evidence import Evidence, Pack
from bot.postmortems.offered import Offered, is_named

_ROLE = re.compile(
    r"\b(?:the|an?|our|their)\s(?:[a-z-]+\s){0,2}?(leader|lead(?!\s+to)|commander|coordinator|manager|director|scribe|intern|contractor"
    r"|vendor|analyst|officer|chief|administrator|admin|dba|architect|attacker|hacker)s?\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,;.]|\b(?:and|but|while|then|before|after|because|so)\b", re.IGNORECASE)
_NO_NAME = re.compile(
    r"(?:system|bot|team|teams|users?|engineers?|responders?|monitoring|unknown|someone|somebody|news|staff|support|pager|comms)?"
    r"|check:.*",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"\b((?:\w+ ){1,4})from (\d[\d,]*(?:\.\d+)?)(?: ?%)? to (\d[\d,]*(?:\.\d+)?)(?![\d:]| ?[A-Za-z]B)"
)
_PLACE = re.compile(r"[a-z]+")
_REMOVALS = frozenset(map(wording.stem, ("remove", "disable", "exclude", "revert")))


def denied(text: str, source: Offered) -> str:
    """Why a denial, or its absence, does not agree with the cited entries ("" when it does)."""
    mine, theirs = wording.segments(text), [s for r in source.cited for s in r.segments]
    plain = frozenset[str]().union(*(s.stems - s.denied for s in theirs if s.plain))
    held = frozenset[str]().union(*(s.stems - s.denied for s in theirs))
    refused = frozenset[str]().union(*(s.denied for s in theirs))
    # "with the rule removed" is without the rule
    gone = frozenset[str]().union(*(s.stems for s in theirs if s.stems & _REMOVALS))
    everything = frozenset[str]().union(*(r.stems for r in source.cited))
    agreed = held.union(*(s.denied for s in mine))
    for segment in mine:
        mostly = 2 * len(segment.denied & refused) > len(segment.denied)
        for word in () if mostly else sorted(segment.denied - refused - (segment.lacking & gone)):
            # what tells of trouble and is denied ("did not fail") needs to be denied there as well
            if word in plain or (wording.troubled(word) and word in held):
                return "denies what a cited entry says"
        if segment.denied and not segment.denied & everything and not _alike(segment, theirs):
            return "denies something of which no cited entry speaks"
        if segment.denied or segment.troubled - refused:
            continue
        if (segment.stems & _refused_of(segment, theirs)) - agreed:
            return "says what a cited entry denies"
    told = any(wording.denies(r.entry.words) for r in source.cited)
    missing = any(s.lacking & gone for s in mine)
    if wording.denies(text) and not (told or refused or missing) and all(s.plain for s in theirs):
        return "denies something that no cited entry denies"
    return ""


def _alike(segment: wording.Segment, theirs: list[wording.Segment]) -> bool:
    """Whether an entry denies something of the same matter: "showed nothing new" for "could not be updated"."""
    matter = segment.stems - segment.denied
    return any(len(matter & s.stems) > 1 for s in theirs if s.denied)


def _refused_of(segment: wording.Segment, theirs: list[wording.Segment]) -> frozenset[str]:
    """What the entries deny and that piece may not say: of "without a staged rollout" a rollout alone it may."""
    whole = (s.denied if s.lacking <= segment.stems else s.denied - s.lacking for s in theirs)
    return frozenset[str]().union(*whole)


def opposed(text: str, source: Offered) -> str:
    """A word of the text whose opposite the cited entries have, while they have nothing of its own kind ("": none)."""
    theirs = frozenset[str]().union(*(wording.stems(wording.directed(r.entry.words)) for r in source.cited))
    text = wording.directed(text)
    mine = wording.stems(text)
    refused = frozenset[str]().union(*(s.denied for s in wording.segments(text)))
    if turned := _turned(text):
        return turned
    for place, word in wording.words(text):
        others = wording.opposites(word)
        if others & theirs and word not in theirs and not others & mine and word not in refused:
            found = _PLACE.match(text.lower(), place)
            return found[0] if found else word
    return ""


def _turned(text: str) -> str:
    """A "lowered from 30 to 50": its word and its numbers go different ways."""
    for match in _FROM_TO.finditer(text):
        before, after = (float(match[n].replace(",", "")) for n in (2, 3))
        ways = wording.stems(match[1])
        if (wording.stem("rise") in ways and after < before) or (wording.stem("fall") in ways and after > before):
            return match[0].strip()
    return ""


def stranger(text: str, source: Offered, known: Collection[str]) -> str:
    """Somebody of those `known` in the text who has no part in any cited entry ("": nobody)."""
    said = text.lower()
    for label in known:
        if label.lower() in said and is_named(label, f" {said} ") and not is_named(label, source.haystack):
            return label
    for role in _ROLE.finditer(text):
        if not is_named(role[1], source.haystack):
            return role[0]
    return ""


def swapped(
    text: str, source: Offered, known: Collection[str], score: Callable[[frozenset[str], Evidence], float]
) -> tuple[str, Evidence] | None:
    """Somebody of whom a clause says what a cited entry has another one do, with that entry."""
    cited = [r.entry for r in source.cited]
    if not 1 < len(cited) <= 12:
        return None
    for label in known:
        own = [e for e in cited if is_named(label, f" {e.actor} {e.words} ".lower())]
        for match in re.finditer(rf"(?<![\w-]){re.escape(label)}(?![\w-])", text, re.IGNORECASE) if own else ():
            end = _CLAUSE_END.search(text, match.end())
            words = wording.stems(text[match.end() : end.start() if end else len(text)])
            others = [e for e in cited if e not in own and not _NO_NAME.fullmatch(e.actor)]
            best = max(others, key=lambda e: score(words, e), default=None)
            if best and score(words, best) > max(score(words, e) for e in own) + 1e-9:
                return label, best
    return None


def people(pack: Pack) -> list[str]:
    """Everybody who has a part in any entry."""
    actors = {name for item in pack.items for name in item.actor.split(", ")}
    return sorted(label for label in actors | set(pack.people) if not _NO_NAME.fullmatch(label))
