"""Takes secrets out of text before anything else reads it: ordered patterns, stable placeholders (pure).

The shapes are those that the providers document for their tokens. A pattern errs on the side of taking too much: a
placeholder in a postmortem is read over, a key in one is not.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address


@dataclass(frozen=True)
class Redacted:
    """The texts without secrets, and how many different ones of which kind were taken out."""

    texts: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)


_NAMES = (
    r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?"
    r"|auth[_-]?key|signing[_-]?key)"
)
# What is repeated before a mark is bounded: log lines of any length pass here, in time that grows with the length only.
# In this order: a larger thing is taken before what stands inside it. Where only a part is the secret, it is group `s`.
_PATTERNS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (kind, label, re.compile(pattern))
    for kind, label, pattern in (
        (
            "private key",
            "SECRET",
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z0-9 ]*-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|\Z)",
        ),
        ("Slack webhook", "SECRET", r"https://hooks\.slack(?:-gov)?\.com/[A-Za-z]+/[A-Za-z0-9/_+-]+"),
        ("Slack token", "SECRET", r"\b(?:xoxe\.xox[bp]|xox[a-z]|xapp)-[A-Za-z0-9-]{8,}"),
        ("GitHub token", "SECRET", r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,})"),
        ("GitLab token", "SECRET", r"\bgl(?:pat|dt|ptt|rt|cbt|soat|ft)-[A-Za-z0-9_-]{16,}"),
        ("OpenAI key", "SECRET", r"\bsk-[A-Za-z0-9_-]{16,}"),
        ("Stripe key", "SECRET", r"\b(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}"),
        ("Google key", "SECRET", r"\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{16,}"),
        ("SendGrid key", "SECRET", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
        ("Telegram token", "SECRET", r"\b\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])"),
        ("AWS key", "SECRET", r"\b(?:AKIA|ASIA|AROA|AIDA|AGPA)[A-Z0-9]{16}\b"),
        ("npm or PyPI token", "SECRET", r"\b(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,})"),
        ("JWT", "SECRET", r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){1,3}"),
        ("cookie", "SECRET", r"(?i)\bcookie:[ \t]*(?P<s>[^\r\n\"']+)"),
        (
            "authorization header",
            "SECRET",
            r"(?i)\bauthorization[\"']?:[ \t]*[\"']?(?P<s>(?:[a-z-]+[ \t]+)?[^\s\"',;]+)",
        ),
        ("bearer token", "SECRET", r"(?i)\bbearer[ \t]+(?P<s>[A-Za-z0-9._~+/=-]{8,})"),
        # of an address only what lets somebody in is taken: which server it was is evidence
        ("password in an address", "SECRET", r"://(?P<s>[^\s/@:\"'<>]{0,200}:[^\s/\"'<>]{1,500})@"),
        (
            "key in an address",
            "SECRET",
            rf"(?i)[?&](?:[\w.-]{{0,64}}?{_NAMES}|sig|signature|x-amz-[a-z-]+)=(?P<s>[^\s&#\"'<>]+)",
        ),
        (
            "named secret",
            "SECRET",
            rf"(?i){_NAMES}[\"']?\s*(?::=|=>|[=:])\s*(?:\"(?P<d>[^\"\r\n]+)\"|'(?P<q>[^'\r\n]+)'|(?P<s>[^\s\"',;&\u201c\u201d]+))",
        ),
        (
            "e-mail address",
            "EMAIL",
            r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b",
        ),
    )
)
# What tells of a person: of an address only one that the whole network knows, a server's own is evidence.
_Meant = Callable[[str], bool]
_PERSONAL: tuple[tuple[str, str, re.Pattern[str], _Meant], ...] = (
    (
        "phone number",
        "PHONE",
        re.compile(
            r"(?<![\w.+-])(?P<s>(?:\+|00)[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,4}\)?){2,6})(?![\w-])"
            r"|(?<![\w.-])(?P<d>\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4})(?![\w-])"
            r"|\b(?:tel|phone|mobile|cell|fax|call)\b[.: ]{1,3}(?P<q>\(?\d[\d ()/-]{6,20}\d)(?![\w-])",
            re.IGNORECASE,
        ),
        lambda said: 8 <= sum(c.isdigit() for c in said) <= 15 or not said.startswith(("+", "00")),
    ),
    (
        "IP address",
        "IP",
        re.compile(
            r"(?<![\w.:])(?P<s>\d{1,3}(?:\.\d{1,3}){3})(?![\w]|\.\d)|(?<![\w.:])(?P<d>[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:])"
        ),
        lambda said: _is_public(said),  # noqa: PLW0108 - it stands below
    ),
)
_TAKEN = re.compile(r"\[(?:SECRET|EMAIL|PHONE|IP)_\d+\]")


def redact(
    texts: Iterable[str], *, detectors: Callable[[str], Iterable[tuple[str, str]]] | None = None, personal: bool = False
) -> Redacted:
    """Replace every secret by a placeholder; the same secret gets the same one in all of the texts.

    `detectors` names more of them, as (kind, secret) of a text. `personal` takes phone numbers and public network
    addresses out as well; addresses of mail are always taken.
    """
    given = list(texts)
    places: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    counts: Counter[str] = Counter()

    def placed(match: re.Match[str], kind: str, label: str) -> str:
        group = _group(match)
        secret = match[group]
        if _TAKEN.search(secret):  # an earlier pattern was here
            return match[0]
        if secret not in places:
            numbers[label] += 1
            counts[kind] += 1
            places[secret] = f"[{label}_{numbers[label]}]"
        start, end = (at - match.start() for at in match.span(group))
        return match[0][:start] + places[secret] + match[0][end:]

    for kind, label, pattern in _PATTERNS:
        given = [pattern.sub(partial(placed, kind=kind, label=label), text) for text in given]
    for kind, secret in detectors(" \n ".join(given)) if detectors else ():
        taken = re.compile(re.escape(secret))
        given = [taken.sub(partial(placed, kind=kind, label="SECRET"), text) for text in given]
    for kind, label, pattern, is_meant in _PERSONAL if personal else ():

        def person(match: re.Match[str], kind: str = kind, label: str = label, meant: _Meant = is_meant) -> str:
            return placed(match, kind, label) if meant(_part(match)) else match[0]

        given = [pattern.sub(person, text) for text in given]
    return Redacted(tuple(given), dict(counts))


def _group(match: re.Match[str]) -> str | int:
    """Where in the match the secret is."""
    return next((name for name in ("s", "d", "q") if match.groupdict().get(name)), 0)


def _part(match: re.Match[str]) -> str:
    return match[_group(match)]


def _is_public(said: str) -> bool:
    try:
        return ip_address(said).is_global
    except ValueError:  # a time, a version
        return False
