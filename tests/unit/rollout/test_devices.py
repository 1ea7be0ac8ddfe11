"""A device of a ring counts once, however many profiles it has."""

from datetime import UTC, datetime

import pytest

from intune_scep.audience.reissued import Reissuance
from intune_scep.rollout.gates import Devices
from intune_scep.rollout.observing import _devices

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


def profile(name, *, reissued="", waiting="", lag="", unseen="", gone=""):
    """Each letter is a device."""
    return Reissuance(
        name,
        AT,
        devices=frozenset(reissued + waiting + lag + unseen + gone),
        reissued=frozenset(reissued),
        not_reissued=frozenset(waiting + lag),
        within_lag=frozenset(lag),
        not_seen=frozenset(unseen + gone),
        unmanaged=frozenset(gone),
    )


CASES = {
    "one profile": ([profile("a", reissued="xy", waiting="z")], Devices(3, 3, 2)),
    "two profiles on the same devices": (
        [profile("a", reissued="xy"), profile("b", reissued="xy")],
        Devices(2, 2, 2),
    ),
    "new for one profile only": (
        [profile("a", reissued="xy"), profile("b", reissued="x", waiting="y")],
        Devices(2, 2, 1),
    ),
    "seen for one profile only": (
        [profile("a", reissued="x"), profile("b", unseen="x")],
        Devices(1, 0, 0),
    ),
    "late for one, within the lag for the other": (
        [profile("a", waiting="x"), profile("b", lag="x")],
        Devices(1, 1, 0, within_lag=1),
    ),
    "devices of their own": (
        [profile("a", reissued="x"), profile("b", waiting="y")],
        Devices(2, 2, 1),
    ),
    "managed no more": ([profile("a", reissued="x", gone="y")], Devices(1, 1, 1)),
    "nobody": ([], Devices(0, 0, 0)),
}


@pytest.mark.parametrize(("found", "counted"), CASES.values(), ids=CASES.keys())
def test_a_device_counts_once_where_all_its_profiles_are_done(found, counted):
    assert _devices(found) == counted
