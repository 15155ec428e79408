"""What the bot says of heartbeats (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.cards.card import Button, Card, Code, Level, Moment, Table, Text
from bot.config.durations import spell
from bot.config.inbound import HeartbeatConfig
from bot.decision import Decision
from bot.phrasing import plural
from storage.records.heartbeats import Heartbeat, Pulse

_WORDS: Mapping[Pulse, str] = {
    Pulse.NEW: "not heard yet",
    Pulse.UP: "heard",
    Pulse.SILENT: "silent",
    Pulse.PAUSED: "paused",
}


def listing(configs: Sequence[HeartbeatConfig], kept: Mapping[str, Heartbeat]) -> Card:
    """Every configured heartbeat, how it stands, and until when it must come again."""
    if not configs:
        return Card(
            title="No heartbeats",
            body=("Nothing that must come regularly is waited for.",),
            hint=("Name some under ", Code("heartbeats"), " in manage.yml."),
            data={"heartbeats": []},
        )
    silent = [config.name for config in configs if _pulse(kept.get(config.name)) is Pulse.SILENT]
    return Card(
        title=f"{plural(len(silent), 'heartbeat')} silent" if silent else plural(len(configs), "heartbeat"),
        level=Level.BAD if silent else Level.OK,
        table=Table(
            columns=("Name", "State", "Since", "Last", "Every", "Due"),
            rows=tuple(_row(config, kept.get(config.name)) for config in configs),
        ),
        buttons=tuple(Button(label=f"Pause {name}", argv=("heartbeat", "pause", name)) for name in silent[:3]),
        data={"heartbeats": [_data(config, kept.get(config.name)) for config in configs]},
    )


def changed(decision: Decision[Heartbeat], what: str) -> Card:
    """One heartbeat was paused or resumed, or stays as it was."""
    name = decision.state.name
    if not decision.events:
        return Card(title=f"Heartbeat {name} stays as it is", body=(decision.reason.capitalize() + ".",))
    return Card(title=f"Heartbeat {name} {what}", level=Level.OK, data={"heartbeat": name, "changed": True})


def _pulse(kept: Heartbeat | None) -> Pulse:
    return kept.pulse if kept else Pulse.NEW


def _row(config: HeartbeatConfig, kept: Heartbeat | None) -> tuple[Text, ...]:
    every = spell(config.every) + (f" +{spell(config.grace)}" if config.grace else "")
    return (config.name, _WORDS[_pulse(kept)], *(_when(at) for at in _times(kept)[:2]), every, _when(_times(kept)[2]))


def _times(kept: Heartbeat | None) -> tuple[datetime | None, datetime | None, datetime | None]:
    return (kept.since, kept.beaten_at, kept.due_at) if kept else (None, None, None)


def _when(at: datetime | None) -> Text:
    return Moment(at, "date") if at else ""


def _data(config: HeartbeatConfig, kept: Heartbeat | None) -> dict[str, object]:
    since, beaten, due = (at.isoformat() if at else None for at in _times(kept))
    return {
        "name": config.name,
        "state": _pulse(kept).value,
        "since": since,
        "beaten_at": beaten,
        "due_at": due,
        "every": spell(config.every),
        "grace": spell(config.grace),
    }
