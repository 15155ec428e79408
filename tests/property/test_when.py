"""Whatever is typed is a moment or refused in words; what people write of a moment is read back."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.oncall.when import parse
from tests.property.test_rota import ZONES

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
WORDS = st.lists(st.sampled_from(["fri", "today", "+", "8h", "09:00", "2026-12-24", "t", " ", "z", "-", "24:00"])).map(
    "".join
)


@given(st.text(max_size=40) | WORDS, st.sampled_from(ZONES))
def test_anything_typed_is_a_moment_or_refused(said, zone):
    try:
        found = parse(said, NOW, zone)
    except ValueError:
        return
    assert found.tzinfo is UTC
    assert abs((found - NOW).days) <= 3661


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_moment_written_out_is_read_back_to_the_minute(at):
    assert parse(f"{at:%Y-%m-%d %H:%M}", NOW, "UTC") == at.replace(second=0, microsecond=0)
