"""What fires, read page by page in the order of the fingerprints: a hundred thousand instances fit into no answer."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Row, Select, Text, and_, literal, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.alerts import AlertState
from storage.records.silences import Matcher
from storage.tables.alerts import ALERTS
from storage.tables.instances import INSTANCES

PAGE = 1000
"""Instances in one page: some milliseconds of work."""
_NAME = "alertname"
# A literal, not a parameter: only then does the planner see that the partial index holds the answer.
_OPEN = INSTANCES.c.state != literal(AlertState.RESOLVED.value, literal_execute=True)

Firing = Row[tuple[str, int, str, str, str]]
"""`fingerprint`, `alert_id`, `name`, `labels` (the text of a JSON object) and `muted_by` of an open instance."""


async def pages(conn: AsyncConnection, matchers: Iterable[Matcher] = ()) -> AsyncIterator[Sequence[Firing]]:
    """The open instances, page by page.

    The database leaves out what cannot match `matchers`; what it gives still has to be asked.
    """
    labels = type_coerce(INSTANCES.c.labels, Text).label("labels")
    i = INSTANCES.c
    query = select(i.fingerprint, i.alert_id, i.name, labels, i.muted_by).where(*narrowed(matchers))
    after = ""
    while found := (await conn.execute(following(query, after))).all():
        yield found
        after = found[-1].fingerprint
        if len(found) < PAGE:
            return


def following(query: Select[Any], after: str, limit: int = PAGE) -> Select[Any]:
    """The query over instances, limited to the page behind the fingerprint `after`."""
    behind = [INSTANCES.c.fingerprint > after] if after else []
    return query.where(*behind).order_by(INSTANCES.c.fingerprint).limit(limit)


def narrowed(matchers: Iterable[Matcher]) -> list[ColumnElement[bool]]:
    """Conditions that hold for every open instance that the matchers match, and for few others."""
    found: list[ColumnElement[bool]] = [_OPEN]
    for matcher in matchers:
        if matcher.is_regex or not matcher.is_equal or not matcher.value:
            continue
        if matcher.name == _NAME:
            found.append(INSTANCES.c.name == matcher.value)
        elif (pair := f"{matcher.name}{matcher.value}").isascii() and pair.isprintable() and not set('"\\') & set(pair):
            # such text is written in one way only, whoever writes the JSON
            text = f"{json.dumps(matcher.name)}:{json.dumps(matcher.value)}"
            found.append(type_coerce(INSTANCES.c.labels, Text).contains(text, autoescape=True))
    return found


Shown = Row[Any]
"""An open instance with all that is shown of it, and of its alert `rule`, `policy` and `group_labels`.

Its moments are UTC, and naive on SQLite: they are many, and only written down.
"""


def _everything(matchers: Iterable[Matcher]) -> Select[Any]:
    i = INSTANCES.c
    return (
        select(
            i.fingerprint,
            i.alert_id,
            i.name,
            type_coerce(i.labels, Text).label("labels"),
            type_coerce(i.annotations, Text).label("annotations"),
            i.summary,
            *(
                type_coerce(at, DateTime(timezone=True)).label(at.name)
                for at in (i.started_at, i.ends_at, i.last_seen_at)
            ),
            i.link,
            i.muted_by,
            ALERTS.c.rule,
            ALERTS.c.policy,
            type_coerce(ALERTS.c.labels, Text).label("group_labels"),
        )
        .join_from(INSTANCES, ALERTS, ALERTS.c.id == i.alert_id)
        .where(*narrowed(matchers))
    )


async def shown(
    conn: AsyncConnection, *, after: str = "", matchers: Iterable[Matcher] = (), limit: int = PAGE
) -> Sequence[Shown]:
    """The page of open instances behind the fingerprint `after`, in the order of their fingerprints."""
    found: Sequence[Shown] = (await conn.execute(following(_everything(matchers), after, limit))).all()
    return found


async def grouped(
    conn: AsyncConnection, *, number: int = 0, after: str = "", matchers: Iterable[Matcher] = (), limit: int = PAGE
) -> Sequence[Shown]:
    """The page of open instances behind instance `after` of alert `number`, in the order of alerts."""
    i = INSTANCES.c
    behind = or_(i.alert_id > number, and_(i.alert_id == number, i.fingerprint > after))
    query = _everything(matchers).where(i.alert_id >= number, behind)
    found: Sequence[Shown] = (await conn.execute(query.order_by(i.alert_id, i.fingerprint).limit(limit))).all()
    return found


async def fingerprints_of(conn: AsyncConnection, alerts: Iterable[int]) -> dict[int, list[str]]:
    """The fingerprints of the open instances of these alerts, at most a page of each."""
    i = INSTANCES.c
    found: dict[int, list[str]] = {}
    for number in sorted(set(alerts)):
        query = select(i.fingerprint).where(i.alert_id == number, _OPEN).order_by(i.fingerprint).limit(PAGE)
        found[number] = list((await conn.execute(query)).scalars())
    return found
