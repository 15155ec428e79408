"""Who may do what."""

import pytest

from bot.permissions import Caller, Role, may, role_of

ROLES = {"viewer": ["*"], "responder": ["S0ONCALL"], "operator": ["U2"], "admin": ["U3"]}


def role(id_: str = "U1", via: str = "slack", groups: frozenset[str] = frozenset(), default: str = "viewer") -> Role:
    return role_of(Caller(id=id_, via=via, groups=groups), ROLES, default)


@pytest.mark.parametrize(("user", "given"), [("U1", Role.VIEWER), ("U2", Role.OPERATOR), ("U3", Role.ADMIN)])
def test_a_user_has_the_role_under_which_they_are_listed(user: str, given: Role) -> None:
    assert role(user) is given


def test_a_user_has_the_role_of_their_group() -> None:
    assert role(groups=frozenset({"S0ONCALL"})) is Role.RESPONDER


def test_the_highest_of_several_roles_counts() -> None:
    assert role("U3", groups=frozenset({"S0ONCALL"})) is Role.ADMIN


def test_the_default_role_is_that_of_people_who_are_not_listed() -> None:
    assert role_of(Caller(id="U9", via="slack"), {}, "responder") is Role.RESPONDER


def test_everybody_listed_wins_over_a_lower_default() -> None:
    assert role_of(Caller(id="U9", via="slack"), {"operator": ["*"]}, "viewer") is Role.OPERATOR


@pytest.mark.parametrize("via", ["shell", "bot", "http"])
def test_doors_that_hold_the_database_or_the_token_are_admins(via: str) -> None:
    assert role(via=via) is Role.ADMIN


def test_an_id_that_looks_like_the_shell_is_no_shell() -> None:
    assert role("shell:root", default="viewer") is Role.VIEWER


@pytest.mark.parametrize("have", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_a_higher_role_includes_the_lower_ones(have: Role, needed: Role) -> None:
    assert may(have, needed, "ack").allowed is (have.value >= needed.value)


def test_a_refusal_names_command_needed_role_and_own_role() -> None:
    assert may(Role.VIEWER, Role.OPERATOR, "audit").reason == "`audit` needs the role operator, you are viewer"


def test_a_role_is_found_by_its_name_in_any_case() -> None:
    assert Role.named("Operator") is Role.OPERATOR
