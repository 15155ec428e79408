"""The section `services` of manage.yml: what you run, by the value that alerts carry in their label `service`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from bot.config.fields import Listed, Name
from bot.config.part import Part

Owner = Annotated[
    str,
    Field(
        pattern=r"^([UWS][A-Z0-9]{2,20}|[a-z0-9][a-z0-9_-]{0,39})$",
        description="A Slack user id (U…), a user group id (S…), or the name of a schedule.",
    ),
]
Address = Annotated[str, Field(pattern=r"^https?://[^\s|<>]+$", max_length=2000)]


class Service(Part):
    """One thing that you run."""

    owners: Listed[Owner] = Field(default=(), description="Who is invited to its incidents.")
    dashboard: Address | None = Field(default=None, description="Where to look first; bookmarked in its incidents.")
    runbook: Address | None = Field(default=None, description="What to do; bookmarked in its incidents.")
    components: Listed[Name] = Field(default=(), description="Components of the status page that its incidents affect.")


Services = Mapping[Name, Service]
