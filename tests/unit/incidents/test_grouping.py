from dataclasses import replace

import pytest

from bot.config.manage import Manage
from bot.incidents import grouping
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident
from tests.fakes.ports import T0

ALERT = Alert(
    id=7,
    fingerprint="f7",
    rule="r",
    severity=Severity.HIGH,
    summary="checkout is slow",
    started_at=T0,
    opened_at=T0,
    last_seen_at=T0,
    labels={"service": "checkout", "region": "eu"},
)
INCIDENT = Incident(
    id=1,
    title="x",
    severity=Severity.HIGH,
    declared_by="bot",
    started_at=T0,
    declared_at=T0,
    fingerprint="f1",
    labels={"service": "checkout"},
)


@pytest.mark.parametrize(
    ("join_by", "labels"),
    [
        (("service",), {"service": "checkout"}),
        (("service", "region"), {"service": "checkout", "region": "eu"}),
        (("service", "team"), {}),
        ((), {}),
    ],
)
def test_an_alert_joins_by_all_of_the_labels_or_by_none(join_by, labels):
    assert grouping.labels(ALERT, join_by) == labels


def host(*running, absorbed=(), alert=ALERT, join_by=("service",)):
    found = grouping.host(alert, running, absorbed, join_by)
    return found.id if found else None


def test_an_alert_of_the_same_service_belongs_to_the_incident_that_is_open():
    assert host(INCIDENT) == 1


def test_an_alert_of_another_service_does_not():
    assert host(replace(INCIDENT, labels={"service": "search"})) is None


def test_an_alert_without_the_label_joins_only_what_it_opened_itself():
    bare = replace(ALERT, labels={})

    assert host(replace(INCIDENT, labels={}), alert=bare) is None
    assert host(replace(INCIDENT, labels={}, fingerprint="f7"), alert=bare) == 1


def test_what_the_alert_opened_itself_goes_before_what_is_like_it():
    assert host(INCIDENT, replace(INCIDENT, id=2, fingerprint="f7", labels={})) == 2


def test_of_several_that_are_like_it_the_oldest_is_meant():
    assert host(INCIDENT, replace(INCIDENT, id=2, fingerprint="f2")) == 1


@pytest.mark.parametrize("kind", ["private", "test"])
def test_no_alert_joins_what_is_private_or_a_test(kind):
    assert host(replace(INCIDENT, fingerprint="f7", **{kind: True})) is None


def test_what_would_have_joined_a_duplicate_joins_the_one_that_goes_on_for_it():
    survivor = replace(INCIDENT, id=2, fingerprint="f2", labels={})
    by_label = replace(INCIDENT, merged_into=2)
    by_itself = replace(INCIDENT, merged_into=2, fingerprint="f7", labels={})

    assert host(survivor, absorbed=[by_label]) == 2
    assert host(survivor, absorbed=[by_itself]) == 2
    assert host(survivor, absorbed=[replace(by_label, merged_into=9)]) is None


class TestComponents:
    MANAGE = Manage.model_validate(
        {
            "services": {"checkout": {"components": ["Shop", "Gone"]}},
            "statuspage": {
                "components": [{"name": "API", "checks": ["http"]}, {"name": "Shop", "checks": ["redis", "dns"]}]
            },
        }
    )

    @pytest.mark.parametrize(
        ("service", "checks", "affected"),
        [
            ("checkout", [], ("Shop",)),
            ("", ["http"], ("API",)),
            ("other", ["dns"], ("Shop",)),
            ("checkout", ["http"], ("API", "Shop")),
            ("", ["dns", "http"], ("API", "Shop")),
            ("", [], ()),
        ],
    )
    def test_are_those_of_the_service_and_of_the_checks_as_the_page_orders_them(self, service, checks, affected):
        alert = replace(ALERT, labels={"service": service})
        assert grouping.components(alert, checks, self.MANAGE) == affected
