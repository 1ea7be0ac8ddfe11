"""Dependants that are copied move ring by ring with what they use."""

import pytest
from tests.length import LONG

from intune_scep.rollout.words import State
from intune_scep.simulator.scenarios.rollout import group_id, profile_id

from .world import GATES, World, clone

COPIED = {"dependants": "clone"}
SOON = {"soak": "14h", "reissued": "80%"}
FEW = {**GATES, "seen": "50%"}
"""Of the few devices of a platform one is silent for good."""


@pytest.fixture
def world(simulated, tmp_path):
    """Return a function that makes a tenant with a rollout."""

    def make(content, *, devices=200 if LONG else 100, step=5, **settings):
        return World(simulated, tmp_path, content, devices=devices, step=step, **settings)

    return make


PLATFORMS = {
    "Windows": (("Windows user Wi-Fi", "Windows user VPN"), "users"),
    "Windows, of devices": (("Windows device Wi-Fi", "Windows device wired"), "devices"),
    "iOS": (("iOS user Wi-Fi", "iOS user VPN", "iOS user mail"), "users"),
    "macOS": (("macOS user Wi-Fi", "macOS user single sign-on"), "users"),
    "Android work profile": (("Android user Wi-Fi", "Android user VPN"), "users"),
    "one that nothing uses": (("Windows user sign-in",), "users"),
}


@pytest.mark.parametrize("finish", ["retire_original", "keep_both"])
@pytest.mark.parametrize(("names", "kind"), PLATFORMS.values(), ids=PLATFORMS.keys())
def test_a_whole_rollout_moves_what_uses_the_certificates(world, names, kind, finish):
    bundle = {**COPIED, "finish": finish}
    content = clone(names, groups=("fast",), kind=kind, bundle=bundle, gates=FEW)
    it = world(content)
    users = {name: it.users_of(profile_id(name)) for name in names}
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    for name in names:
        original, copy = profile_id(name), end.state.clones[profile_id(name)]
        # Nothing is pointed elsewhere.
        assert it.users_of(original) == users[name]
        assert it.users_of(copy) == sorted(end.state.clones[user] for user in users[name])
        for user in users[name]:
            profiles = it.tenant.profiles()
            assert profiles[end.state.clones[user]]["displayName"].endswith(" (SID)")
            assert it.reach(end.state.clones[user])
            if finish == "retire_original":
                assert it.reach(user) == set()
