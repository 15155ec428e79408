"""What an incident's channel is called, who is asked into it and what stands on top of it (pure)."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from bot.cards.card import Button, Card, Field, Link, Moment, Person, Room, Text
from bot.config.manage import Manage
from bot.decision import Decision
from bot.events import ChannelReopened
from storage.records.alerts import Alert
from storage.records.incidents import Incident

LONGEST_NAME = 80
NO_CHANNEL = "No channel could be opened"
NO_TOPIC = "The channel's topic could not be set"
COMMANDER = "commander"
OPEN_CHANNEL = "incidents.open_channel"
REOPEN_CHANNEL = "incidents.reopen_channel"
SUMMARY, INVITE, TOPIC, BOOKMARK, PANEL, CARDS, ALIKE = (
    f"incidents.furnish.{piece}" for piece in ("summary", "invite", "topic", "bookmarks", "roles", "cards", "alike")
)
PIECES = (SUMMARY, INVITE, TOPIC, BOOKMARK, PANEL, CARDS, ALIKE)
"""The kinds of jobs that furnish a channel, in this order."""


def channel_name(incident: Incident, prefix: str, *, slug: bool) -> str:
    """The name of the incident's channel: prefix and number, and with `slug` words of the title."""
    name = f"{prefix}{incident.id}"
    if not slug or incident.private:  # names of private channels are seen by admins, and in invitations
        return name
    plain = unicodedata.normalize("NFKD", incident.title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    # room for the number that a taken name gets
    return f"{name}-{words}"[: LONGEST_NAME - 3].rstrip("-") if words else name


def topic(incident: Incident, lead: str) -> str:
    """How bad it is, where it stands and who leads."""
    test = "TEST | " if incident.test else ""
    return f"{test}{incident.severity.value} | {incident.status.value} | {f'lead {lead}' if lead else 'no lead yet'}"


def reachable(incident: Incident) -> bool:
    """Whether something can be said in its own channel."""
    return bool(incident.channel) and incident.archived_at is None


def is_user(actor: str) -> bool:
    """Whether an actor is a person in Slack."""
    return re.fullmatch(r"[UW][A-Z0-9]{2,20}", actor) is not None


def is_group(actor: str) -> bool:
    """Whether it is a user group of Slack."""
    return re.fullmatch(r"S[A-Z0-9]{2,20}", actor) is not None


def belonging(incident: Incident) -> tuple[str, ...]:
    """Who belongs to it: whoever has a role in it, and whoever declared it."""
    people = (*incident.roles.values(), incident.declared_by)
    return tuple(dict.fromkeys(user for user in people if is_user(user)))


def services(incident: Incident, alerts: Iterable[Alert]) -> tuple[str, ...]:
    """The services that it is about, by the label `service` of its alerts."""
    labels = [incident.labels.get("service", ""), *(alert.labels.get("service", "") for alert in alerts)]
    return tuple(dict.fromkeys(name for name in labels if name))


def owners(manage: Manage, names: Iterable[str]) -> tuple[str, ...]:
    """The owners of these services, as they are configured: users, user groups, schedules."""
    found = [manage.services[name].owners for name in names if name in manage.services]
    return tuple(dict.fromkeys(owner for listed in found for owner in listed))


def bookmarks(manage: Manage, names: Sequence[str], public_url: str) -> tuple[Link, ...]:
    """What stands on top of the channel: the status page, and dashboards and runbooks of the services."""
    links = [Link(f"{public_url.rstrip('/')}/status", "Status page")] if public_url else []
    known = [(name, manage.services[name]) for name in names if name in manage.services]
    for name, service in known:
        of = f" of {name}" if len(known) > 1 else ""
        links += [Link(service.dashboard, f"Dashboard{of}")] if service.dashboard else []
        links += [Link(service.runbook, f"Runbook{of}")] if service.runbook else []
    return tuple(links)


def complains(incident: Incident, what: str) -> bool:
    """Whether the card says that this could not be done."""
    return any(line.startswith(f"{what}: ") for line in incident.trouble.splitlines())


def mended(incident: Incident, what: str) -> Decision[Incident]:
    """What could not be done before was done now; the card says so no longer."""
    left = [line for line in incident.trouble.splitlines() if not line.startswith(f"{what}: ")]
    return Decision(state=replace(incident, trouble="\n".join(left)), silent=True, reason="mended")


def unarchived(incident: Incident) -> Decision[Incident]:
    """The channel takes messages again."""
    if incident.archived_at is None or not incident.channel:
        return Decision(state=incident, reason="the channel is open as it is")
    return Decision(
        state=replace(incident, archived_at=None),
        events=(ChannelReopened(incident=incident.id, channel=incident.channel),),
        reason="open again",
    )


def panel(incident: Incident, offered: Sequence[str]) -> Card:
    """Who has which role, with buttons to take one or to give it back."""
    names = tuple(dict.fromkeys((*offered, *incident.roles)))
    fields = tuple(Field(label=name.capitalize(), value=_holder(incident, name)) for name in names)
    buttons = tuple(_button(incident, name) for name in names) if incident.open else ()
    return Card(
        title="Roles",
        fields=fields,
        buttons=buttons,
        footer="Whoever takes one is told privately what it means." if incident.open else "",
    )


def duties(incident: Incident, role: str, told: str) -> Card:
    """What whoever has taken a role is told, privately."""
    number = str(incident.id)
    return Card(
        title=f"You are {role} of incident #{incident.id}: {incident.title}",
        body=(
            *((told,) if told else ()),
            *((("It is talked over in ", _room(incident), "."),) if incident.channel else ()),
        ),
        buttons=(Button(label="Give the role back", argv=("incident", "role", number, f"--role={role}", "--release")),),
    )


def welcome(incident: Incident, latest: Sequence[Text], links: Sequence[Link], inside: bool = True) -> Card:
    """What somebody is told who comes later: who leads, what is known, what was tried."""
    lead = incident.roles.get(COMMANDER)
    others = [Field(label=r.capitalize(), value=Person(u)) for r, u in incident.roles.items() if r != COMMANDER]
    known = tuple(text for text in (incident.description, incident.latest_update) if text)
    return Card(
        title=f"Incident #{incident.id} so far: {incident.title}",
        body=known or ("Nobody has written down yet what is known.",),
        fields=(
            Field(label="Severity", value=incident.severity.value),
            Field(label="Status", value=incident.status.value),
            Field(label="Since", value=Moment(incident.started_at, "date")),
            Field(label="Lead", value=Person(lead) if lead else "nobody yet"),
            *others,
            *((Field(label="Channel", value=_room(incident)),) if incident.channel and not inside else ()),
            *((Field(label="Links", value=_joined(links)),) if links else ()),
        ),
        steps=tuple(latest),
        buttons=(Button(label="Whole timeline", argv=("incident", "timeline", str(incident.id))),),
        more=("incident", "timeline", str(incident.id)),
    )


def leading_on(card: Card, into: Incident) -> Card:
    """What is said in the channel of a duplicate, with the way to the one that goes on."""
    return replace(card, body=(*card.body, ("Go on in ", _room(into), "."))) if into.channel else card


def missing(wanted: Iterable[str], there: Collection[str]) -> tuple[str, ...]:
    """Those of the people who are to come, each once, that have not been asked yet."""
    return tuple(dict.fromkeys(user for user in wanted if is_user(user) and user not in there))


def _holder(incident: Incident, role: str) -> Text:
    return Person(incident.roles[role]) if role in incident.roles else "open"


def _button(incident: Incident, role: str) -> Button:
    number = str(incident.id)
    if role in incident.roles:
        return Button(label=f"Give {role} back", argv=("incident", "role", number, f"--role={role}", "--release"))
    argv = ("incident", "role", number, f"--role={role}")
    return Button(label=f"Take {role}", argv=argv, style="primary" if role == COMMANDER else "")


def _room(incident: Incident) -> Room:
    return Room(incident.channel, incident.channel_name)


def _joined(links: Sequence[Link]) -> Text:
    parts = [part for link in links for part in (" · ", link)]
    return tuple(parts[1:])
