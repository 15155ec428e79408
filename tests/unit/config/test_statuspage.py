"""Mistakes in the section of the status page, each in one line with the mend."""

from pathlib import Path

import pytest

from bot.config.errors import ConfigError
from bot.config.manage import Manage, load
from tests.unit.config.plugins import CHANNELS, CHECKS

HEALTH = "health: {checks: [{name: shop-api, type: http, options: {url: http://x}}, {name: http, type: http, options: {url: http://x}}]}\n"


def read(path: Path, text: str) -> Manage:
    file = path / "manage.yml"
    file.write_text(HEALTH + text)
    return load(file, checks=CHECKS, channels=CHANNELS, variables={})


@pytest.mark.parametrize("checks", ["shop-api", "[shop-api, store]"])
def test_checks_may_be_configured_ones_and_those_that_watch_by_themselves(tmp_path: Path, checks: str) -> None:
    manage = read(tmp_path, f"statuspage: {{title: S, components: [{{name: Shop, checks: {checks}}}]}}")
    assert manage.statuspage.components[0].checks[0] == "shop-api"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("components: [{name: S, checks: [shop-apy]}]", 'components[0].checks[0]: found "shop-apy", allowed: shop-api'),
        ("components: [{name: S, checks: [shop-apy]}]", '(did you mean "shop-api"?)'),
        ("components: [{name: S, checks: stroe}]", 'components[0].checks: found "stroe"'),
        ("components: [{name: S, checks: []}]", "components[0].checks: found a list of 0"),
        ("components: [{name: S}]", "components[0].checks: found nothing"),
        ("components: [{checks: store}]", "components[0].name: found nothing"),
        ("components: [{name: S, checks: store}, {name: S, checks: store}]", '"S" is there twice'),
        ("components: [{name: S, chekcs: store}]", 'did you mean "checks"?'),
        ("components: [{name: S, checks: store, labels: [a]}]", "components[0].labels: found a list of 1"),
        ("tilte: x", 'did you mean "title"?'),
        ("components: {name: S}", "statuspage.components: found a mapping"),
    ],
)
def test_a_mistake_names_the_place_and_what_is_allowed(tmp_path: Path, section: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"statuspage: {{{section}}}")
    assert said in str(caught.value)
    assert "manage.yml:2: statuspage" in str(caught.value)


def test_each_mistake_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "statuspage: {components: [{name: S, checks: [shop-apy]}]}")
    assert len(str(caught.value).splitlines()) == 1
