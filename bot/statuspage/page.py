"""The status page as HTML and as JSON (pure): no script, nothing from elsewhere, light or dark as the reader has it."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from bot.cards.marks import clean
from bot.phrasing import plural
from bot.statuspage.decide import Condition, Notice, Page, Shown

_WORDS = {  # sign, of one component, of them all
    Condition.OPERATIONAL: ("✓", "Operational", "All components are operational"),
    Condition.MAINTENANCE: ("⚒", "Under maintenance", "Maintenance is under way"),
    Condition.UNKNOWN: ("?", "Not known", "Not all is known at the moment"),
    Condition.DEGRADED: ("!", "Degraded", "Some components are degraded"),
    Condition.OUTAGE: ("✕", "Major outage", "There is a major outage"),
}
_STYLE = """
:root{color-scheme:light dark;--page:#fff;--text:#1f2328;--quiet:#57606a;--line:#d1d9e0;--link:#0b57d0;
--operational:#1a7f37;--under_maintenance:#0b57d0;--unknown:#57606a;--degraded:#8a5a00;--major_outage:#b3261e}
@media (prefers-color-scheme:dark){:root{--page:#0f1419;--text:#e6edf3;--quiet:#9da7b3;--line:#343d47;--link:#8ab4f8;
--operational:#56d364;--under_maintenance:#8ab4f8;--unknown:#9da7b3;--degraded:#e3b341;--major_outage:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;padding:32px 16px;background:var(--page);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
main{max-width:720px;margin:0 auto}
h1{font-size:26px;margin:0 0 16px}h2{font-size:18px;margin:32px 0 8px}h3{font-size:16px;margin:0}
p{margin:4px 0}ul{list-style:none;margin:0;padding:0}
a{color:var(--link)}
li{border-bottom:1px solid var(--line);padding:12px 0}
.components li{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 16px}
.overall{border:1px solid;border-left-width:6px;border-radius:6px;padding:12px 16px;font-size:18px;font-weight:600}
.state{font-weight:600}.quiet{color:var(--quiet);font-size:14px;font-weight:400}
footer{margin-top:32px}
""" + "".join(f".{condition}{{color:var(--{condition})}}" for condition in Condition)
POLICY = (
    "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)
"""The Content-Security-Policy of the page: its own style, and nothing else."""


def to_html(page: Page) -> str:
    """The whole document."""
    overall = _WORDS[page.condition][2] if page.components else "No components are listed"
    body = [
        f'<p class="overall {page.condition}" role="status">{_sign(page.condition)}{overall}</p>',
        _components(page.components),
        _maintenance("Maintenance now", page.current),
        _maintenance("Planned maintenance", page.planned),
        f'<p class="quiet">{plural(page.unlisted, "more time")} within two weeks.</p>' if page.unlisted else "",
        "" if page.current or page.planned else "<p>No maintenance is planned for the next two weeks.</p>",
        f'<footer class="quiet">As of {_moment(page.at)} · <a href="status.json">as JSON</a></footer>',
    ]
    return _document(page.title, "".join(body))


def unavailable(title: str) -> str:
    """The document for when the bot cannot read what it knows."""
    said = "Not known at the moment"
    return _document(
        title,
        f'<p class="overall {Condition.UNKNOWN}" role="status">{_sign(Condition.UNKNOWN)}{said}</p>'
        "<p>The status cannot be read right now. Please try again in a moment.</p>",
    )


def to_json(page: Page) -> dict[str, Any]:
    """The same for programs; times in UTC."""
    return {
        "title": page.title,
        "status": page.condition.value,
        "at": _iso(page.at),
        "components": [
            {"name": one.name, "status": one.condition.value, "since": _iso(one.since) if one.since else None}
            for one in page.components
        ],
        "maintenance": {
            "now": [_notice_json(notice) for notice in page.current],
            "planned": [_notice_json(notice) for notice in page.planned],
            "unlisted": page.unlisted,
        },
    }


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{_words(title)}</title><link rel="icon" href="data:,"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{_words(title)}</h1>{body}</main></body></html>"
    )


# role="list": some screen readers take lists without bullets for none
def _components(shown: Sequence[Shown]) -> str:
    if not shown:
        return ""
    rows = "".join(
        f'<li><span>{_words(one.name)}</span><span><span class="state {one.condition}">{_sign(one.condition)}'
        f"{_WORDS[one.condition][1]}</span>{_since(one.since)}</span></li>"
        for one in shown
    )
    return f'<h2>Components</h2><ul class="components" role="list">{rows}</ul>'


def _since(at: datetime | None) -> str:
    return f' <span class="quiet">since {_moment(at)}</span>' if at else ""


def _maintenance(heading: str, notices: Sequence[Notice]) -> str:
    if not notices:
        return ""
    rows = "".join(map(_notice, notices))
    return f'<h2>{heading}</h2><ul role="list">{rows}</ul>'


def _notice(notice: Notice) -> str:
    covered = f'<p class="quiet">Covers {_words(", ".join(notice.components))}</p>' if notice.components else ""
    comment = f"<p>{_words(notice.comment)}</p>" if notice.comment.strip() else ""
    times = f"<p>{_moment(notice.starts_at)} until {_moment(notice.ends_at)}</p>"
    return f"<li><h3>{_words(notice.title)}</h3>{times}{comment}{covered}</li>"


def _notice_json(notice: Notice) -> dict[str, Any]:
    return {
        "title": notice.title,
        "comment": notice.comment,
        "starts_at": _iso(notice.starts_at),
        "ends_at": _iso(notice.ends_at),
        "components": list(notice.components),
    }


def _sign(condition: Condition) -> str:
    return f'<span aria-hidden="true">{_WORDS[condition][0]}</span> '


def _moment(at: datetime) -> str:
    return f'<time datetime="{_iso(at)}">{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC</time>'


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _words(said: str) -> str:
    return escape(clean(said)).replace("\n", "<br>")
