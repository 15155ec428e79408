"""The status page as HTML (pure): no script, nothing from elsewhere, light or dark as the reader has it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from html import escape

from bot.cards.marks import clean
from bot.config.statuspage import Theme
from bot.phrasing import duration, plural
from bot.statuspage.decide import Condition, Page, Planned, Shown, Story, Update
from bot.statuspage.style import style
from bot.statuspage.uptime import DAYS, Day, Uptime, percent

_WORDS = {  # sign, of one component, of them all
    Condition.OPERATIONAL: ("✓", "Operational", "All components are operational"),
    Condition.MAINTENANCE: ("⚒", "Under maintenance", "Maintenance is under way"),
    Condition.UNKNOWN: ("?", "Not known", "Not all is known at the moment"),
    Condition.DEGRADED: ("!", "Degraded", "Some components are degraded"),
    Condition.PARTIAL: ("◐", "Partial outage", "There is a partial outage"),
    Condition.OUTAGE: ("✕", "Major outage", "There is a major outage"),
}
_BARS = "The bars show, for each day of UTC, what our checks measured."
_PHASES = {"investigating": "Investigating", "identified": "Identified", "monitoring": "Monitoring"}
FEED = "status.atom"
AT_A_GLANCE = 10
"""Past incidents that are told at once; the ones before them are folded away."""


def to_html(page: Page, theme: Theme) -> str:
    """The whole document."""
    overall = _WORDS[page.condition][2] if page.components else "No components are listed"
    running = [story for story in page.stories if not story.over]
    past = [story for story in page.stories if story.over]
    body = [
        f'<p class="overall {page.condition}" role="status">{_sign(page.condition)}{overall}</p>',
        _incidents("Incidents now", "now", running),
        _components(page.components),
        _maintenance("Maintenance now", "work", page.current),
        _maintenance("Planned maintenance", "planned", page.planned),
        f'<p class="quiet">{plural(page.unlisted, "more time")} within two weeks.</p>' if page.unlisted else "",
        "" if page.current or page.planned else '<p class="none">No maintenance is planned for the next two weeks.</p>',
        _incidents("Past incidents", "past", past, AT_A_GLANCE),
        "" if page.stories else f'<p class="none">No incidents were published in the last {DAYS} days.</p>',
    ]
    foot = (
        f'<footer class="quiet">As of {_moment(page.at)} · <a href="status.json">as JSON</a> · '
        f'<a href="{FEED}">as a feed</a></footer>'
    )
    return _document(page.title, "".join(body), theme, foot)


def unavailable(title: str, theme: Theme) -> str:
    """The document for when the bot cannot read what it knows."""
    said = "Not known at the moment"
    return _document(
        title,
        f'<p class="overall {Condition.UNKNOWN}" role="status">{_sign(Condition.UNKNOWN)}{said}</p>'
        "<p>The status cannot be read right now. Please try again in a moment.</p>",
        theme,
    )


def _document(title: str, body: str, theme: Theme, foot: str = "") -> str:
    logo = f'<img src="{escape(theme.logo)}" alt="">' if theme.logo else ""
    heading = _words(title)
    linked = f'<a href="{escape(theme.link)}" rel="noreferrer">{heading}</a>' if theme.link else heading
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{heading}</title><link rel="icon" href="data:,">'
        f'<link rel="alternate" type="application/atom+xml" title="{heading}" href="{FEED}">'
        f"<style>{style(theme)}</style></head>"
        f"<body><header>{logo}<h1>{linked}</h1></header><main>{body}</main>{foot}</body></html>"
    )


def _section(heading: str, name: str, inside: str) -> str:
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{heading}</h2>{inside}</section>'


def _components(shown: Sequence[Shown]) -> str:
    if not shown:
        return ""
    rows = [
        f'<li><div class="row"><h3>{_words(one.name)}</h3><span><span class="state {one.condition}">'
        f"{_sign(one.condition)}{_WORDS[one.condition][1]}</span>{_since(one.since)}</span></div>"
        f"{_history(one.uptime) if one.uptime else ''}</li>"
        for one in shown
    ]
    what = f'<p class="quiet">{_BARS}</p>' if any(one.uptime for one in shown) else ""
    return _section("Components", "components", f"{what}{_list(rows)}")


def _since(at: datetime | None) -> str:
    return f' <span class="quiet">since {_moment(at)}</span>' if at else ""


def _history(past: Uptime) -> str:
    """A bar for each day, and in words what the bars show: of the whole, and of each day that was not all well."""
    if past.up is None:
        said = "No results yet"
    else:
        whole = past.known == len(past.days)
        said = f"{percent(past.up)} up" + ("" if whole else f", known for {past.known} of {len(past.days)} days")
    bars = "".join(_bar(day) for day in past.days)
    troubled = [day for day in reversed(past.days) if day.down or day.degraded]
    listed = "".join(f"<li>{_date(day.date)}: {_told(day)}</li>" for day in troubled)
    more = f"<details><summary>{plural(len(troubled), 'day')} with trouble</summary><ul>{listed}</ul></details>"
    ends = f"{len(past.days) - 1} days ago"
    return (
        f'<div class="days" role="img" aria-label="{said}">{bars}</div>'
        f'<div class="row quiet axis"><span>{ends}</span><span>{said}</span><span>Today</span></div>'
        f"{more if troubled else ''}"
    )


def _bar(day: Day) -> str:
    kind = "" if day.known else " class=n"
    if day.down or day.degraded:
        kind = " class=b" if day.down else " class=d"
    return f'<i{kind} title="{_date(day.date)}: {percent(day.up)}"></i>'


def _told(day: Day) -> str:
    spans = [f"{duration(span)} {what}" for span, what in ((day.down, "down"), (day.degraded, "degraded")) if span]
    return f"{percent(day.up)} up, {' and '.join(spans)}"


def _incidents(heading: str, name: str, stories: Sequence[Story], most: int | None = None) -> str:
    """What was published of each; those beyond `most` are folded away."""
    if not stories:
        return ""
    rows = [
        f'<li><h3>{_words(one.heading)}</h3><p class="quiet">{_lasted(one)}</p>'
        f'<ol role="list">{"".join(map(_update, one.updates))}</ol></li>'
        for one in stories
    ]
    before = rows[most:] if most is not None else []
    folded = f"<details><summary>{plural(len(before), 'earlier incident')}</summary>{_list(before)}</details>"
    return _section(heading, name, f"{_list(rows[:most])}{folded if before else ''}")


def _list(rows: Sequence[str]) -> str:
    # role="list": some screen readers take lists without bullets for none
    return f'<ul role="list">{"".join(rows)}</ul>'


def _lasted(story: Story) -> str:
    return _span(story.began, story.ended) if story.ended else f"since {_moment(story.began)}"


def _span(begin: datetime, end: datetime) -> str:
    """From when until when; a day that is the same is told once."""
    first, last = begin.astimezone(UTC), end.astimezone(UTC)
    if first.date() != last.date():
        return f"{_moment(begin)} until {_moment(end)}"
    return f'{_moment(begin)} until <time datetime="{last:%Y-%m-%dT%H:%M:%SZ}">{last:%H:%M} UTC</time>'


def _update(update: Update) -> str:
    phase = _PHASES.get(update.phase, "Resolved" if update.phase == "resolved" else _words(update.phase))
    return (
        f'<li id="notice-{update.number}"><p><span class="state">{phase}</span> '
        f'<span class="quiet">{_moment(update.at)}</span></p><p>{_words(update.text)}</p></li>'
    )


def _maintenance(heading: str, name: str, times: Sequence[Planned]) -> str:
    if not times:
        return ""
    return _section(heading, name, _list([_planned(one) for one in times]))


def _planned(time: Planned) -> str:
    covered = f'<p class="quiet">Covers {_words(", ".join(time.components))}</p>' if time.components else ""
    comment = f"<p>{_words(time.comment)}</p>" if time.comment.strip() else ""
    times = f"<p>{_span(time.starts_at, time.ends_at)}</p>"
    return f"<li><h3>{_words(time.title)}</h3>{times}{comment}{covered}</li>"


def _sign(condition: Condition) -> str:
    return f'<span aria-hidden="true">{_WORDS[condition][0]}</span> '


def _moment(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}">{utc:%-d %b %Y, %H:%M} UTC</time>'


def _date(day: date) -> str:
    return f"{day:%-d %b}"


def _words(said: str) -> str:
    return escape(clean(said)).replace("\n", "<br>")
