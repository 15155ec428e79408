"""Slack answers, and takes the token."""

from bot.ports import ChatError, Check, Observation, Options, Ports


class SlackOptions(Options):
    """Nothing to say: it is the workspace of SLACK_BOT_TOKEN. It is watched by itself while the bot is connected."""


async def probe(_options: SlackOptions, ports: Ports) -> Observation:
    """Make the cheapest authenticated call."""
    if ports.chat is None:
        return Observation(ok=False, detail="no Slack workspace: set SLACK_BOT_TOKEN")
    try:
        latency = await ports.chat.probe()
    except ChatError as refused:
        return Observation(ok=False, detail=str(refused))
    return Observation(ok=True, detail="Slack takes the token", latency_ms=latency)


def _automatic(ports: Ports) -> SlackOptions | None:
    return SlackOptions() if ports.chat else None


SLACK = Check(type="slack", options=SlackOptions, probe=probe, automatic=_automatic)
