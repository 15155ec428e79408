"""Where a page goes: a target of an escalation step as the number or the address that a channel needs."""

import re
from urllib.parse import urlsplit

import httpx

from bot.oncall import people
from bot.ports import Ports, Undeliverable

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")  # ITU-T E.164
_SEPARATORS = re.compile(r"[\s()./-]")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_NAME = r"[^<>@,;:\"\\\x00-\x1f\x7f]{1,80}"
_MAILBOX = re.compile(rf"(?:(?P<name>{_NAME}) <(?P<inner>{_MAIL.pattern})>|(?P<bare>{_MAIL.pattern}))")
_PERSON = re.compile(r"@?([UW][A-Z0-9]{2,20})")


def person_of(target: str) -> str:
    """The Slack user id that the target names, "" when it names none."""
    named = _PERSON.fullmatch(target)
    return named[1] if named else ""


async def number_of(ports: Ports, target: str) -> str:
    """The phone number of "@U…" or "+49…"; raises `Undeliverable` with the mend."""
    given = _SEPARATORS.sub("", await _own(ports, target, "phone"))
    if _NUMBER.fullmatch(given):
        return given
    raise Undeliverable(_missing(target, given, "phone number", "+4930123456", "phone"), retry=False)


async def mail_of(ports: Ports, target: str) -> str:
    """The mail address of "@U…" or "name@example.com"; raises `Undeliverable` with the mend."""
    given = await _own(ports, target, "email")
    if len(given) <= 254 and _MAIL.fullmatch(given):  # RFC 5321, 4.5.3.1
        return given
    raise Undeliverable(_missing(target, given, "mail address", "name@example.com", "email"), retry=False)


def mailbox(given: str) -> tuple[str, str]:
    """Name ("" without one) and address of "Alerts <alerts@example.com>"; raises `ValueError` in words."""
    read = _MAILBOX.fullmatch(given)
    if read is None:
        raise ValueError("one mail address, like alerts@example.com or Alerts <alerts@example.com>")
    return (read["name"] or "").strip(), read["inner"] or read["bare"]


def atlassian_site(url: str) -> str:
    """The address of a site of Jira or Confluence, without a slash at its end; raises `ValueError` in words.

    Tokens go there, so that it is protected, but for tests on this machine.
    """
    split = urlsplit(url)
    local = split.hostname in {"localhost", "127.0.0.1", "::1"}
    if not split.hostname or split.username or not (split.scheme == "https" or (local and split.scheme == "http")):
        raise ValueError("an https address like https://example.atlassian.net")
    return url.rstrip("/")


async def _own(ports: Ports, target: str, via: str) -> str:
    user = person_of(target)
    if not user:
        return target
    return people.reach(await people.person(ports, user, wanted=("email",) if via == "email" else ()), via)


def _missing(target: str, given: str, what: str, like: str, key: str) -> str:
    user = person_of(target)
    if user and not given:
        return f"no {what} of {user} is known: set people.{user}.{key} in manage.yml, or in App Home"
    shown = " ".join(target.split())[:80] if not user else f"what is set for {user}"
    return f"{shown} is no {what}, which looks like {like}"


def http_address(url: str) -> str:
    """The address when it is one of http or https with a host; raises `ValueError` in words."""
    try:
        split = httpx.URL(url)
    except httpx.InvalidURL:
        split = httpx.URL()
    if split.scheme not in {"http", "https"} or not split.host:
        raise ValueError("an http(s) address, like https://example.com")
    return url
