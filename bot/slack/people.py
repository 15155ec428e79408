"""Who people are in Slack, and who belongs to a user group."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.ports import ChatError, Profile
from bot.slack.calls import Answer, Calls

KNOWN_FOR = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


class People:
    """Profiles, remembered for some minutes, and user groups. `now` tells the time."""

    def __init__(self, calls: Calls, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._now = now
        self._profiles: dict[str, tuple[datetime, Profile]] = {}

    async def profile(self, user: str) -> Profile:
        """The profile of a user; while Slack cannot be asked, the one known last. Raises `ChatError`."""
        known = self._profiles.get(user)
        if known and self._now() < known[0]:
            return known[1]
        try:
            answer = await self._calls.call("users.info", user=user)
        except ChatError as error:
            if known is None or not error.retry:
                raise
            _log.warning("slack_profile_stale", user=user, error=str(error))
            return known[1]
        return self._keep(answer.get("user") or {})

    async def by_email(self, address: str) -> str:
        """The id of the user with that address, "" when there is none. Raises `ChatError` for all else."""
        try:
            answer = await self._calls.call("users.lookupByEmail", email=address)
        except ChatError as error:
            if error.code != "users_not_found":
                raise
            return ""
        return self._keep(answer.get("user") or {}).user

    async def group_of(self, handle: str) -> str:
        """The id of the user group with that handle, "" when there is none."""
        answer = await self._calls.call("usergroups.list")
        found = (g for g in answer.get("usergroups") or () if str(g.get("handle")) == handle)
        return next((str(group["id"]) for group in found), "")

    async def set_members(self, group: str, users: Sequence[str]) -> None:
        """Make these users, at least one, the members of a user group. Raises `ChatError`."""
        if not users:
            raise ValueError("a user group cannot be emptied")
        await self._calls.call("usergroups.users.update", usergroup=group, users=",".join(users))

    def _keep(self, user: Answer) -> Profile:
        told = user.get("profile") or {}
        profile = Profile(
            user=str(user.get("id") or ""),
            email=str(told.get("email") or ""),
            timezone=str(user.get("tz") or ""),
            name=str(user.get("real_name") or told.get("real_name") or user.get("name") or ""),
            gone=bool(user.get("deleted")),
            bot=bool(user.get("is_bot")),
        )
        self._profiles[profile.user] = (self._now() + KNOWN_FOR, profile)
        return profile
