"""What fires, read page by page in the order of the fingerprints: a hundred thousand instances fit into no answer."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, literal, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.alerts import AlertState
from storage.records.silences import Matcher
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
