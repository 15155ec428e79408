"""The Alertmanager v2 API, as Prometheus sends to it and amtool asks it."""

from handlers.http.alertmanager.paths import OPEN_PATHS, routes
from handlers.http.alertmanager.taking import Taking

__all__ = ["OPEN_PATHS", "Taking", "routes"]
