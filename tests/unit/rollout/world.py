"""A simulated tenant whose devices check in, a rollout on it, and what must hold all the while."""

from collections import Counter
from dataclasses import dataclass

import yaml

from intune_scep.rollout.journal import journal_path, read_state
from intune_scep.rollout.verbs import run_rollout, start_rollout
from intune_scep.rollout.words import State
from intune_scep.simulator.assignments import assignments_by_profile
from intune_scep.simulator.driver import FleetDriver
from intune_scep.simulator.fleet.audience import reached_devices
from intune_scep.simulator.fleet.plan import dependants_of
from intune_scep.simulator.scenario import build_scenario
from intune_scep.simulator.scenarios.rollout import group_id, profile_id

HOUR = 3600
# What a scheduler might do; everything is looked at once an hour all the same.
TICK_EVERY = 5
TWELVE = (
    ("Windows user Wi-Fi",),
    ("Windows user VPN", "iOS user Wi-Fi"),
    ("Windows user sign-in", "Windows device Wi-Fi", "Windows device wired"),
    ("iOS user VPN", "iOS user mail", "macOS user Wi-Fi", "macOS user single sign-on"),
    ("Android user Wi-Fi", "Android user VPN"),
)
"""The twelve bundles of the scenario in five rings."""
RINGS = ("test", "first", "fast", "broad", "last")
GATES = {
    "reissued": "90%",
    "seen": "80%",
    "max_failed": {"share": "5%"},
    "soak": "24h",
    "connector": "healthy",
}
CONFIGURATIONS = "deviceConfigurations"


def in_place(rings=TWELVE, **more):
    """The content of a file that edits the profiles, ring by ring."""
    return {
        "rollout": "users-2026",
        "strategy": "in_place",
        "rings": [
            {"name": name, "profiles": list(profiles)}
            for name, profiles in zip(RINGS, rings, strict=False)
        ],
        "gates": GATES,
        **more,
    }


def clone(profiles, groups=RINGS[:3], kind="users", bundle=None, **more):
    """The content of a file that moves groups to copies, and whoever is left at the end.

    Args:
        bundle: Of the keys of each bundle, those that are otherwise.
    """
    usual = {"clone_name": "{name} (SID)", "dependants": "none", "finish": "retire_original"}
    bundle = {**usual, **(bundle or {})}
    return {
        "rollout": "users-2026",
        "strategy": "clone",
        "bundles": [{"profile": name, **bundle} for name in profiles],
        "rings": [
            *({"name": name, "groups": [group_id(name, kind)]} for name in groups),
            {"name": "rest", "rest": True},
        ],
        "gates": GATES,
        **more,
    }


@dataclass(frozen=True)
class Write:
    """A request that changes a profile, or makes one.

    Args:
        profile: Its id; None where it is made.
        assigns: Whether it says who has the profile.
        at: The instant by the tenant's clock at which it was looked at.
    """

    profile: str | None
    assigns: bool
    at: float


class World:
    """A tenant, a file, and a clock.

    Args:
        simulated: The fixture.
        content: Of the file.
        devices: How many there are.
        step: Hours from one tick to the next, and from one look to the next.
        settings: Of the simulator.
    """

    def __init__(self, simulated, directory, content, *, devices=200, step=1, **settings):
        self.step = step
        scenario = build_scenario("rollout", {"devices": devices})
        self.tenant = simulated(scenario, name=f"rollout-{devices}")
        self.driver = FleetDriver(self.tenant.path, clock=self.tenant._now)
        # An account without a SID gets its certificate all the same, as Microsoft's news say.
        self.driver.change_settings(**{"missing_sid": "issues", "export_seconds": 0.0, **settings})
        self.file = directory / "strong-mapping.yml"
        self.write(content)
        self.began = self.driver.now
        self._there = set(self.tenant.profiles())
        self._dependants = None
        self.writes = []
        self._looked_at = 0

    def write(self, content):
        """Write the file anew."""
        self.content = content
        self.file.write_text(yaml.safe_dump(content, sort_keys=False))

    def do(self, verb, **options):
        """Let a controller do one thing, and look at everything afterwards."""
        tick = self.tenant.run(lambda tenant: verb(tenant, self.file, **options))
        self.check()
        return tick

    def start(self, **options):
        return self.do(start_rollout, **options)

    def tick(self, **options):
        return self.do(run_rollout, **options)

    def hours(self, count=1):
        """Let time pass without a controller."""
        for _ in range(0, count, self.step):
            self.driver.advance(self.step * HOUR)
            self.check()

    def until(self, reached, *, most=24 * 30, **options):
        """Tick again and again until something is reached; that tick."""
        for _ in range(0, most, TICK_EVERY):
            tick = self.tick(**options)
            if reached(tick):
                return tick
            self.hours(TICK_EVERY)
        raise AssertionError(f"not reached within {most} hours: {tick.wait} {tick.state.to_dict()}")

    def finished(self, **options):
        """Tick once an hour until the rollout goes no further by itself."""
        ends = {State.COMPLETED, State.ERROR, State.CANCELED}
        return self.until(lambda tick: tick.state.state in ends, **options)

    @property
    def state(self):
        return read_state(self.journal)

    @property
    def journal(self):
        return journal_path(self.tenant.door.tenant_id, self.content["rollout"])

    def patched(self):
        """Ids of the profiles that were written to, with how often."""
        self.look()
        return Counter(write.profile for write in self.writes if write.profile is not None)

    def look(self):
        """Take in what was asked of the tenant since the last look."""
        found = self.tenant.control("GET", f"requests?after={self._looked_at}")["value"]
        now = self.driver.now
        for request in found:
            self._looked_at = request["seq"]
            if request["method"] in {"PATCH", "POST"} and CONFIGURATIONS in request["path"]:
                place = request["path"].split(CONFIGURATIONS)[1].strip("/").split("/")
                self.writes.append(Write(place[0] or None, place[-1] == "assign", now))

    # What must hold at any time

    def check(self):
        """No device without a profile, no host overrun, nothing beyond the open ring changed."""
        state = self.state
        self._nobody_is_left_without(state)
        self._nobody_is_without_what_uses_it(state)
        self._nothing_uses_what_its_people_lost(state)
        self._no_host_is_overrun()
        if state is not None:
            self._nothing_beyond_the_open_ring(state)
            self._no_certificate_counts_twice(state)

    def _nobody_is_left_without(self, state):
        clones = state.clones if state is not None else {}
        for profile in self.profiles():
            bundle = [profile, clones[profile]] if profile in clones else [profile]
            assert self.driver.bundle(bundle)["without_profile"] == []

    def _nothing_uses_what_its_people_lost(self, state):
        """A dependant that follows at the end has its certificate at any time."""
        clones = state.clones if state is not None else {}
        for bundle in self.content.get("bundles", ()):
            original = profile_id(bundle["profile"])
            for profile in (original, clones.get(original)):
                if bundle["dependants"] == "repoint_at_end" and self.users_of(profile):
                    assert self.driver.bundle([profile])["without_profile"] == []

    def remember_dependants(self):
        """Take the dependants whose copies are looked at as they are now."""
        self._dependants = {
            user: (profile, self.reach(user), self.filters(user))
            for bundle in self.content.get("bundles", ())
            if bundle["dependants"] == "clone"
            for profile in [profile_id(bundle["profile"])]
            for user in self.users_of(profile)
        }

    def _nobody_is_without_what_uses_it(self, state):
        """A dependant that is copied: everybody has it or its copy, each with its certificate, and
        nobody loses the original before a gate has passed."""
        if self._dependants is None:
            self.remember_dependants()
        clones = state.clones if state is not None else {}
        passed = state is not None and any(ring.passed_at for ring in state.rings)
        for user, (profile, had, filters) in self._dependants.items():
            copy, here = clones.get(user), self.reach(user)
            assert had <= here | self.reach(copy)
            assert passed or had <= here
            assert here <= self.reach(profile)
            assert self.filters(copy) <= filters
            if copy is not None:
                assert copy in self.users_of(clones[profile])
                assert copy not in self.users_of(profile)
                assert self.reach(copy) <= self.reach(clones[profile])

    def reach(self, profile):
        """Numbers of the devices that a profile is assigned to."""
        if profile is None:
            return set()
        with self.driver._store.transaction() as connection:
            return reached_devices(connection, profile)

    def filters(self, profile):
        """Ids of the filters with which a profile is given, and None where without."""
        with self.driver._store.transaction() as connection:
            found = assignments_by_profile(connection, [profile or ""]).get(profile, [])
        targets = [each["target"] for each in found]
        name = "deviceAndAppManagementAssignmentFilterId"
        return {each.get(name) for each in targets if "xclusion" not in each["@odata.type"]}

    def users_of(self, profile):
        """Ids of the profiles that use the certificates of one."""
        if profile is None:
            return []
        with self.driver._store.transaction() as connection:
            return dependants_of(connection, profile)

    def profiles(self):
        """Ids of the originals that the file is about."""
        rings = self.content["rings"]
        names = [name for ring in rings for name in ring.get("profiles", ())]
        names += [bundle["profile"] for bundle in self.content.get("bundles", ())]
        return [profile_id(name) for name in names]

    def _no_host_is_overrun(self):
        limit = self.content.get("load", {}).get("per_scep_host")
        if limit is None:
            return
        most = int(str(limit).removesuffix("/h"))
        hours = self.driver.truth(since=self.began)["enrolments"]
        assert [hour for hour in hours if hour["enrolments"] > most] == []

    def _nothing_beyond_the_open_ring(self, state):
        entered = {profile for ring in state.rings for profile in ring.profiles}
        copied = {*state.clones, *state.clones.values()}
        # What is half made has no name here yet; it is looked at by what it is for.
        assert set(self.patched()) & self._there <= entered | copied

    def _no_certificate_counts_twice(self, state):
        for ring in state.rings:
            for sample in ring.samples:
                counts = sample.counts
                if counts:
                    assert counts["reissued"] <= counts["seen"] <= counts["held"]
                    if ring.before is not None:
                        assert counts["held"] <= sum(map(len, ring.before.held.values()))
        if self.content["strategy"] == "clone":
            self._no_device_is_judged_in_two_rings(state)

    def _no_device_is_judged_in_two_rings(self, state):
        rings = [ring for ring in state.rings if ring.samples and "(back)" not in ring.name]
        held = sum(ring.samples[-1].counts.get("held", 0) for ring in rings)
        befores = [ring.before.held.values() for ring in rings if ring.before is not None]
        devices = {device for before in befores for held in before for device in held}
        assert held <= len(devices)


__all__ = ["GATES", "RINGS", "TWELVE", "World", "Write", "clone", "in_place"]
