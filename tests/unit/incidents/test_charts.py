import struct
import sys
from datetime import timedelta

import pytest

from bot.incidents import charts
from bot.incidents.statistics import Outcome, summed
from tests.fakes.ports import T0

SINCE = T0 - timedelta(days=90)


def outcome(number: int, **changes) -> Outcome:
    spans = {"detect": 60.0, "resolve": 600.0 * number}
    fields = {"number": number, "severity": "high", "declared_at": T0 - timedelta(days=number), "spans": spans}
    return Outcome(**{**fields, **changes})


def size_of(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", picture[16:24])


@pytest.mark.parametrize(
    "outcomes",
    [
        [outcome(n, services=("shop",), cause="deploy") for n in range(1, 30)],
        [outcome(1, spans={})],
        [outcome(1, services=("$x$ _^{",), cause="\\frac")],
    ],
    ids=["many", "one that is open", "names that look like formulas"],
)
def test_draws_a_picture_for(outcomes: list[Outcome]) -> None:
    pytest.importorskip("matplotlib")

    width, height = size_of(charts.draw(summed(outcomes, since=SINCE, until=T0)))

    assert (width, height) == (1200, 864)


def test_says_what_to_install_where_nothing_can_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(charts.NoCharts, match=r"do-manage\[charts\]"):
        charts.draw(summed([outcome(1)], since=SINCE, until=T0))
