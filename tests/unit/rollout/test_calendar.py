"""When rings may be opened."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.rollout.calendar import why_closed
from intune_scep.rollout.model import Freeze, RolloutFile, Strategy, Window

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Window(frozenset({0, 1, 2, 3}), time(8), time(16), BERLIN)
NIGHT = Window(frozenset({4}), time(22), time(4), BERLIN)
CHRISTMAS = Freeze(date(2026, 12, 18), date(2027, 1, 6))


def file(windows=(), freeze=()):
    return RolloutFile(
        "users", Strategy.IN_PLACE, (), (), windows=tuple(windows), freeze=tuple(freeze)
    )


def berlin(day, hour, minute=0, month=11, year=2026):
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


CASES = [
    ([], [], berlin(7, 3), None),
    ([OFFICE], [], berlin(2, 8), None),
    ([OFFICE], [], berlin(2, 7, 59), berlin(2, 8)),
    ([OFFICE], [], berlin(2, 16), berlin(3, 8)),
    ([OFFICE], [], berlin(5, 15, 59), None),
    # From Thursday afternoon to Monday.
    ([OFFICE], [], berlin(5, 16), berlin(9, 8)),
    # Past midnight the morning belongs to the day before.
    ([NIGHT], [], berlin(7, 3, 59), None),
    ([NIGHT], [], berlin(7, 4), berlin(13, 22)),
    ([NIGHT], [], berlin(6, 3), berlin(6, 22)),
    ([OFFICE, NIGHT], [], berlin(6, 23), None),
    ([OFFICE], [CHRISTMAS], berlin(17, 16, month=12), berlin(7, 8, month=1, year=2027)),
    ([], [CHRISTMAS], datetime(2026, 12, 18, tzinfo=UTC), datetime(2027, 1, 7, tzinfo=UTC)),
    ([], [CHRISTMAS], datetime(2027, 1, 7, tzinfo=UTC), None),
]


@pytest.mark.parametrize(("windows", "freeze", "now", "opens"), CASES)
def test_rings_open_in_windows_and_never_in_a_freeze(windows, freeze, now, opens):
    closed = why_closed(file(windows, freeze), now.astimezone(UTC))
    assert (closed.until if closed is not None else None) == opens


def test_a_freeze_without_an_end_in_sight_names_none():
    closed = why_closed(file(freeze=[Freeze(date(2026, 1, 1), date(2030, 1, 1))]), berlin(2, 8))
    assert closed.until is None
    assert "freeze" in closed.why


windows = st.builds(
    Window,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times(),
    st.times(),
    st.sampled_from([BERLIN, ZoneInfo("UTC"), ZoneInfo("America/New_York")]),
).filter(lambda window: window.start != window.end)


@given(st.lists(windows, max_size=3), st.integers(0, 500))
def test_what_is_told_as_the_opening_is_open_and_nothing_before_it_is(listed, hours):
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours, minutes=17)
    closed = why_closed(file(listed, [CHRISTMAS]), now)
    if closed is None or closed.until is None:
        return
    assert closed.until > now
    assert why_closed(file(listed, [CHRISTMAS]), closed.until) is None
    before = closed.until - timedelta(minutes=1)
    assert before <= now or why_closed(file(listed, [CHRISTMAS]), before) is not None
