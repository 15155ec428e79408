"""What the Alertmanager v2 API says of the bot itself: status, configuration, receivers."""

import platform
from datetime import datetime
from typing import Any

import yaml

from bot.config.durations import spell
from bot.config.manage import Manage


def status(manage: Manage, version: str, since: datetime) -> dict[str, Any]:
    """The answer to `GET /api/v2/status`. `cluster` is disabled: replicas share the database, not gossip."""
    return {
        "cluster": {"status": "disabled", "peers": []},
        "config": {"original": configuration(manage)},
        "uptime": since,
        "versionInfo": {
            "branch": "do-manage",
            "buildDate": "",
            "buildUser": "",
            "goVersion": f"python{platform.python_version()}",
            "revision": "",
            "version": version,
        },
    }


def configuration(manage: Manage) -> str:
    """What manage.yml says of grouping, inhibition and policies, in the words of an Alertmanager configuration."""
    alerts = manage.alerts
    said: dict[str, Any] = {
        "global": {"resolve_timeout": spell(alerts.resolve_timeout)},
        "route": {"receiver": "default", "group_by": list(alerts.group_by)},
        "receivers": receivers(manage),
    }
    if alerts.inhibit:
        said["inhibit_rules"] = [
            {"source_matchers": list(i.source), "target_matchers": list(i.target), "equal": list(i.equal)}
            for i in alerts.inhibit
        ]
    return str(yaml.safe_dump(said, sort_keys=False, allow_unicode=True))


def receivers(manage: Manage) -> list[dict[str, str]]:
    """The escalation policies: to Alertmanager's clients they are receivers."""
    return [{"name": name} for name in manage.escalation]
