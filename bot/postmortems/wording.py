"""Words by what they mean rather than how they are bent: stems, synonyms, opposites, denials (pure).

A small thesaurus of the trade stands in for a language model: it only has to tell whether two sentences can be about
the same thing, never what they mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


def _each(words: str) -> list[str]:
    return words.split()


_WORD = re.compile(r"[A-Za-z0-9][\w'-]*(?:\.[A-Za-z0-9][\w-]*)*")
_SEGMENT = re.compile(
    r"[;:,.!?()\u2013\u2014]+(?=\s|$)|[()]|\b(?:and|but|so|while|which|until|although|though|after|before|because|then|when|since|for)\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_BACK = re.compile(r"\b(?:fall|falls|falling|fell|fallen) back\b", re.IGNORECASE)
_UP = re.compile(r"\b(?:go|goes|going|went|gone) up\b", re.IGNORECASE)
_DOWN = re.compile(r"\b(?:go|goes|going|went|gone) down\b", re.IGNORECASE)
# verbs of two words, as the one word that means the same
_PHRASES = re.compile(
    r"\b(?:(?P<login>(?:log|logs|logged|logging|sign|signs|signed|signing) in)"
    r"|(?P<enable>(?:turn|switch)(?:s|es|ed|ing)? (?:back )?on)"
    r"|(?P<disable>(?:turn|switch)(?:s|es|ed|ing)? off)"
    r"|(?P<stop>shut(?:s|ting)? down))\b",
    re.IGNORECASE,
)
_NAMELIKE = re.compile(r"[\d_.]")
_ENDINGS = _each(
    "ations ation ments ment ings ing ions ion ures ure ities ity iers ier ers er ors or ies ied ed es ly ance"
    " ence al ful s e y"
)
_SHORTEST, _LONGEST = 3, 6

_EMPTY = frozenset(
    _each(
        """a about above after again against ago all almost along already also although always am among an and
        another any anything are around as at away back be became because become been before began being
        below between both but by came can come could did do does doing done down during each early either
        else even ever every few first for from further get give given go goes going gone got had happen
        happened has have having he her here hers him his hour hours how however if in incident into is it
        its itself just later least less like made make many may me might minute minutes more most much must
        my near nearly never next no nobody none nor not nothing now of off often on once one only onto or
        other others our out over own per put quite rather really roughly said same second seconds seen
        several she should since so some someone soon still such take taken than that the their them then
        there these they thing things this those through thus till time times to together too took toward
        under until up upon us use used using utc very via was way we well went were what when where whether
        which while who whole whom whose why will with within without would yet you your two three four five
        six seven eight nine ten day days week weeks thousand million billion percent half"""
    )
)
_IRREGULAR = dict(
    pair.split("=", 1)
    for pair in _each(
        "begun=begin began=begin lost=lose fell=fall fallen=fall rose=rise risen=rise grew=grow grown=grow"
        " shrank=shrink shrunk=shrink ran=run sent=send found=find thought=think told=tell saw=see kept=keep"
        " broke=break broken=break wrote=write written=write hung=hang dying=die held=hold brought=bring"
        " chose=choose sank=sink sought=seek shown=show led=lead built=build data=data went=go"
    )
)
_GROUPS = """start begin commence initiate launch open onset
stop halt cease pause suspend
end finish complete conclude close
rise increase grow climb raise escalate surge jump higher spike expand double
fall decrease lower reduce decline shrink sink lessen diminish plunge plummet
deploy release ship rollout roll push
fail error failure outage downtime disruption degrade unavailable offline
page alert alarm pager notify
inform tell
find discover detect notice see identify spot observe show reveal recognise point
link connection connectivity connect
lose cut sever
remove delete wipe erase
restore recover recovery
suspect think believe assume hypothesis suspicion suspicious
send move shift route redirect
create creation generate
user customer people client
lag behind delay
look search check
decide decision choose
identical alike equal
succeed success
old earlier previous former
calculate compute calculation computation
mail e-mail email inbox
mitigate mitigation
block ban
remain remaining rest leftover
manual hand
automatic automated automation
confirm verify
try attempt test
trigger cause
attack ddos
spam spammer
work useful serve served
mount mounted
hang stuck
commander lead
instance capacity
login sign
investigate triage troubleshoot analyse
tooling tool tools
replica secondary standby
present exist existing""".splitlines()
_OPPOSED = (("rise", "fall"), ("rise", "drop"), ("manual", "automatic"), ("old", "new"), ("lock", "unlock"),
            ("enable", "disable"), ("succeed", "fail"), ("add", "remove"), ("stop", "resume"), ("internal", "external"),
            ("online", "offline"), ("maximum", "minimum"), ("fast", "slow"))  # fmt: skip
_TROUBLE = _each(
    "fail refuse lose stop block lock drop miss missing unable hang deny denied reject wrong bad unexpected"
    " exhaust leak behind limited limit overload unstable break avoid prevent protect outlive impossible lack"
    " absent empty degraded gone crash restrict bypass refusal exclude only few hardly die"
)
_NEGATORS = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot|zero|instead of|rather than|free of|unable to"
    r"|fail(?:s|ed|ing)? to|refus(?:es?|ed|ing) (?:to\b|(?=[a-z]+ing\b))|[a-z]+n['\u2019]t)\b",
    re.IGNORECASE,
)
_EXPLICIT = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot|[a-z]+n['\u2019]t)\b(?! only\b)", re.IGNORECASE
)
_BACKWARD = re.compile(r"\b(?:nothing|nobody|none)\b", re.IGNORECASE)
# behind these the verb says nothing: what is denied stands in front of it, as in "a restart was not done"
_EMPTY_VERB = re.compile(r"\s*(?:been |be |yet )*(?:done|possible|necessary|needed)\b", re.IGNORECASE)
_WITHOUT = re.compile(r"\bwithout\b", re.IGNORECASE)
_REACH = 5
"""A denial reaches over so many words of its clause."""


@dataclass(frozen=True)
class Segment:
    """A piece of a sentence between its joints: the stems in it, and those of them that are denied.

    `lacking` are those that stand behind a "without": of these only all together are denied.
    """

    stems: frozenset[str]
    denied: frozenset[str]
    troubled: frozenset[str]
    lacking: frozenset[str] = frozenset()

    @property
    def plain(self) -> bool:
        """True when nothing in it denies or tells of trouble."""
        return not self.denied and not self.troubled


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """What stays of a word in all its forms; words of one meaning share it."""
    low = word.lower().replace("\u2019", "'").removesuffix("'s").rstrip("'-")
    bare = _bare(_IRREGULAR.get(low, low))
    return _CANONICAL.get(bare, bare)


def words(text: str) -> Iterator[tuple[int, str]]:
    """Each word that carries meaning, as its place and its stem."""
    for match in _WORD.finditer(_as_one_word(text)):
        low = match[0].lower()
        if low not in _EMPTY and not low.isdigit():
            yield match.start(), stem(low)


def stems(text: str) -> frozenset[str]:
    """The stems of all words that carry meaning."""
    return frozenset(found for _, found in words(text) if len(found) > 1)


@lru_cache(maxsize=8_192)
def marks(text: str) -> frozenset[str]:
    """The stems with the numbers in digits: what tells two sentences of the same words apart."""
    return stems(text) | frozenset(_DIGITS.findall(text))


def directed(text: str) -> str:
    """The text with "went up" as "rose" and the like, and without "fell back", which is no direction."""
    return _DOWN.sub("fell", _UP.sub("rose", _BACK.sub(" ", text)))


def segments(text: str) -> tuple[Segment, ...]:
    """The text in pieces, each with what it denies."""
    pieces = [piece for piece in _SEGMENT.split(text) if piece and piece.strip()]
    return tuple(_segment(piece) for piece in pieces)


def opposites(found: str) -> frozenset[str]:
    """The stems of what is the opposite of that stem."""
    return _OPPOSITES.get(found, frozenset())


def denies(text: str) -> bool:
    """True when it says that something was not so."""
    return bool(_EXPLICIT.search(text))


def troubled(found: str) -> bool:
    """True for the stem of a word that by itself tells of something not done or not there."""
    return found in _TROUBLED


def _segment(piece: str) -> Segment:
    found = [(at, word) for at, word in words(piece) if len(word) > 1]
    denied: set[str] = set()
    lacking: set[str] = set()
    for match in _NEGATORS.finditer(piece):
        before = [word for at, word in found if at < match.start()]
        reached = [word for at, word in found if at >= match.end()][:_REACH]
        if before and _EMPTY_VERB.match(piece, match.end()):
            reached = before[-2:]
        denied.update(reached)
        if _WITHOUT.fullmatch(match[0]):
            lacking.update(reached)
        elif _BACKWARD.fullmatch(match[0]):  # "paid nothing" denies that they paid
            denied.update(before[-1:])
    inside = frozenset(word for _, word in found)
    troubled_ = frozenset(word for word in inside if word in _TROUBLED)
    return Segment(inside, frozenset(denied), troubled_, frozenset(lacking))


def _as_one_word(text: str) -> str:
    """The text with verbs of two words as one, every other word at its place."""
    return _PHRASES.sub(lambda m: str(m.lastgroup).ljust(len(m[0])), text)


def _bare(low: str) -> str:
    if _NAMELIKE.search(low):
        return low
    kept, before = low, ""
    while kept != before:
        before = kept
        for ending in _ENDINGS:
            if kept.endswith(ending) and len(kept) - len(ending) >= _SHORTEST:
                kept = kept[: -len(ending)]
                break
    if len(kept) > _SHORTEST and kept[-1] == kept[-2]:
        kept = kept[:-1]
    return kept[:_LONGEST]


_CANONICAL = {_bare(word): _bare(group.split()[0]) for group in _GROUPS for word in group.split()}
_BOTH_WAYS = [
    tuple(_CANONICAL.get(_bare(word), _bare(word)) for word in way) for pair in _OPPOSED for way in (pair, pair[::-1])
]
_OPPOSITES = {word: frozenset(other for one, other in _BOTH_WAYS if one == word) for word, _ in _BOTH_WAYS}
_TROUBLED = frozenset(_CANONICAL.get(_bare(word), _bare(word)) for word in _TROUBLE)
