"""Webhooks of a Nagios command that posts {"host", "service", "state", "output"}."""

from collections.abc import Sequence

from bot.config.manage import Manage
from bot.ports import Inbound, Received, Refusal
from bot.report import Report, severity_of

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def read(received: Received, _manage: Manage) -> Sequence[Report]:
    """Read one notification: known by host and service, over when the state is OK."""
    said = received.payload if isinstance(received.payload, dict) else {}
    texts = {key: said.get(key) for key in ("host", "service", "state", "output")}
    missing = [key for key, text in texts.items() if not isinstance(text, str)]
    if missing or texts["state"] not in STATES:
        wrong = f"{missing[0]} must be text" if missing else f"state must be one of {', '.join(STATES)}"
        raise Refusal(wrong, "Post host, service, state and output as JSON.")
    return [
        Report(
            name=f"{texts['service']} on {texts['host']}",
            labels={"host": str(texts["host"]), "service": str(texts["service"])},
            severity=severity_of(str(texts["state"])),
            source="nagios",
            resolved=texts["state"] == "OK",
            summary=str(texts["output"]),
        )
    ]


NAGIOS = Inbound(name="nagios", read=read)
