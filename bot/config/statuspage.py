"""The section `statuspage` of manage.yml: what everybody may see at /status."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from bot.config.errors import KeyPath, shown
from bot.config.fields import Listed, Name
from bot.config.known_checks import unknown
from bot.config.part import Part
from bot.config.plugins import Plugged


class Component(Part):
    """One thing that people outside know, and the checks that tell of its health."""

    name: Name = Field(description="What the page calls it; each name once.")
    checks: Listed[Name] = Field(
        min_length=1,
        description="Checks by name; the worst of them is the component's status. Their names stay inside.",
    )
    labels: Mapping[str, str] = Field(
        default_factory=dict,
        description="Labels of it beside `check`: a public maintenance window whose matchers match them covers it.",
    )


def _named_apart(components: tuple[Component, ...]) -> tuple[Component, ...]:
    names = [component.name for component in components]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"a name of its own for each component, {shown(min(twice))} is there twice")
    return components


_COLOUR = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class Theme(Part):
    """How the page looks."""

    accent: _COLOUR | None = Field(default=None, description="Colour of links and of the heading's line, like #0b5fff.")
    logo: Annotated[str, Field(pattern=r"^https://[^\s\"'<>;,]+$")] | None = Field(
        default=None, description="Address of a picture beside the heading; the page's only one from elsewhere."
    )
    link: Annotated[str, Field(pattern=r"^https?://[^\s\"'<>]+$")] | None = Field(
        default=None, description="Where the heading leads."
    )


class StatusPage(Part):
    """The public status page."""

    title: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        default="Status", description="Heading of the page."
    )
    components: Annotated[tuple[Component, ...], AfterValidator(_named_apart)] = Field(
        default=(), description="What the page shows, in this order; nothing that is not named here is shown."
    )
    theme: Theme = Field(default_factory=Theme, description="How the page looks.")
    pages: Mapping[Name, Plugged] = Field(
        default_factory=dict, description="Outside status pages that are kept in step, by name."
    )


def mistakes(values: Mapping[str, Any], checks: list[str]) -> Iterator[tuple[KeyPath, str, str]]:
    """Checks that there are not, as (path, found, allowed); asked of plain values, wrong types are passed over."""
    page = values.get("statuspage")
    components = page.get("components") if isinstance(page, Mapping) else None
    for index, component in enumerate(components if isinstance(components, list | tuple) else ()):
        if isinstance(component, Mapping):
            yield from unknown(("statuspage", "components", index, "checks"), component.get("checks"), checks)
