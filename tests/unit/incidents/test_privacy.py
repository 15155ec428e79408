from dataclasses import replace

import pytest

from bot.incidents.privacy import may_see
from bot.permissions import Caller, Role
from storage.records.alerts import Severity
from storage.records.incidents import Incident
from tests.fakes.ports import T0

SECRET = Incident(
    id=3,
    title="x",
    severity=Severity.HIGH,
    declared_by="U0000ONE",
    started_at=T0,
    declared_at=T0,
    private=True,
    roles={"scribe": "U0000TWO"},
    channel="C0SECRET",
)


def seen(user, *, role=Role.OPERATOR, channel="", incident=SECRET):
    return may_see(incident, Caller(id=user, via="slack", channel=channel), role, {"U00THREE"})


@pytest.mark.parametrize("user", ["U0000ONE", "U0000TWO", "U00THREE"])
def test_who_declared_it_holds_a_role_or_was_invited_sees_it(user):
    assert seen(user)


def test_others_do_not_whatever_else_they_may():
    assert not seen("U000ELSE")


def test_admins_do():
    assert seen("U000ELSE", role=Role.ADMIN)


def test_who_is_in_its_channel_does():
    assert seen("U000ELSE", channel="C0SECRET")


def test_nobody_is_in_the_channel_of_one_that_has_none():
    assert not seen("U000ELSE", incident=replace(SECRET, channel=""))


def test_everybody_sees_one_that_is_not_private():
    assert seen("U000ELSE", incident=replace(SECRET, private=False), role=Role.VIEWER)


def test_through_the_assistant_nobody_sees_one() -> None:
    asked = Caller(id="U0000ONE", via="slack", channel="C0SECRET", through="assistant")
    assert not may_see(SECRET, asked, Role.ADMIN, {"U0000ONE"})
    assert may_see(replace(SECRET, private=False), asked, Role.VIEWER, ())
