"""What must hold after each thing that is done to a rollout, written from docs/rollout.md alone.

The model knows what was done to the tenant and what the file says; of the controller it reads the
journal, the requests it sent, and what its ticks told.
"""

import json
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest

from intune_scep.changes.record_log import RecordWriter, holds_nothing, read_records
from intune_scep.errors import IntuneScepError, PlanError, RolloutFileError
from intune_scep.rollout import observing, verbs
from intune_scep.rollout.gates import CommandEnd
from intune_scep.rollout.tick import Exit
from intune_scep.rollout.words import Answer, Need, State
from intune_scep.simulator.scenarios.rollout import profile_id

from .world import HOUR, World

DEVICES = 25
CHECK_IN, LAG = 8 * HOUR, 6 * HOUR
BACK = " (back)"
"""What the ring is called in which the originals come back, after the name of the last."""
SLACK = 5.0
"""Seconds that a verb may take on the tenant's clock where nothing is repeated."""
VERBS = {
    "start": "start_rollout",
    "run": "run_rollout",
    "pause": "pause_rollout",
    "resume": "resume_rollout",
    "promote": "promote_rollout",
    "cancel": "cancel_rollout",
    "rollback": "roll_back_rollout",
}
STANDS = {State.NOT_ACTIVATED, State.PAUSED, State.CANCELED, State.ERROR, State.COMPLETED}
"""In these a tick writes nothing."""
EXITS = {
    Need.TIME: Exit.AS_ALLOWED,
    Need.PERSON: Exit.PERSON,
    Need.EVIDENCE: Exit.UNKNOWN,
    Need.REPAIR: Exit.FAILED,
}
GATE_EXITS = {
    Answer.FAIL: {Exit.FAILED},
    Answer.UNKNOWN: {Exit.UNKNOWN},
    Answer.WAIT: {Exit.AS_ALLOWED, Exit.PERSON},
}
WITHOUT_REPORT = (
    "DeviceManagementConfiguration.ReadWrite.All",
    "DeviceManagementServiceConfig.Read.All",
    "Directory.Read.All",
)
"""Permissions without the one that certificates and devices are read with."""
BROKEN_REPORT = {"match": {"method": "POST", "path": "exportJobs"}, "effect": 503}


class KilledError(BaseException):
    """The process is gone."""


@contextmanager
def killed_at(where, *, after):
    """End the process at the n-th record that is written, or at the first of a name; before or
    after it is on the disk."""
    written, gone = 0, False
    append = RecordWriter._append

    def counting(writer, data):
        nonlocal written, gone
        written += 1
        here = where in {written, json.loads(data)["record"]}
        # What is gone does not write another word.
        if gone or (here and not after):
            gone = True
            raise KilledError
        append(writer, data)
        if here:
            gone = True
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecordWriter, "_append", counting)
        yield


class Judged(World):
    """A rollout of which everything that is done is judged.

    Attributes:
        copied: Profile id to the ids of what uses it and is copied with it.
        now_failing: Profile id to since when every device fails at it.
        dead: Name of a connector to since when it is dead; `ever_dead` whether one was.
        silent_since: Since when no device checks in; None where they do.
        unread: Whether the report of certificates cannot be read.
        shut: Whether no ring may be opened today.
        command: What the command of a gate ends with.
    """

    def __init__(self, simulated, directory, content, *, devices=DEVICES, **settings):
        super().__init__(simulated, directory, content, devices=devices, **settings)
        self.now_failing, self.ever_failed = {}, set()
        self.dead, self.ever_dead = {}, False
        self.silent_since = None
        self.unread = self.shut = self.wrong = self.foreign = False
        self.command = 0
        self.faults = []
        self.threshold = 20
        self.kills = 0
        self.back = False
        self.approved, self.promoted = set(), set()
        self.reissued = []
        self.token = self.tenant.door.access_token
        self.at_first = {
            item["id"]: item["certificates"] for item in self.driver.truth()["profiles"]
        }
        bundles = [item for item in content.get("bundles", ()) if item["dependants"] == "clone"]
        going = {profile_id(item["profile"]) for item in bundles}
        self.copied = {
            profile: self.users_of(profile) if profile in going else []
            for profile in self.profiles()
        }
        self.hosts = {
            identifier: item.get("scepServerUrls", [])
            for identifier, item in self.tenant.profiles().items()
        }

    # What is done to the tenant

    def fails(self, profile, share=1.0):
        """Let every device fail at a profile, or none any more."""
        self.driver.fail(profile, share)
        self.now_failing.pop(profile, None)
        if share:
            self.now_failing[profile] = self.driver.now
            self.ever_failed.add(profile)

    def kill_connector(self, name):
        self.driver.kill_connector(name)
        self.dead.setdefault(name, self.driver.now)
        self.ever_dead = True

    def revive_connector(self, name):
        self.driver.revive_connector(name)
        self.dead.pop(name, None)

    def silence(self, on):
        self.driver.silence_share(1.0 if on else 0.0)
        self.silent_since = (self.silent_since or self.driver.now) if on else None

    def lose_report(self, how):
        """`403`: the permission is gone. `503`: the service does not answer. None: all is well."""
        self.unread = how is not None
        roles = WITHOUT_REPORT if how == "403" else None
        self.tenant.door.access_token = lambda *_, **__: self.token(roles, expires_in=100_000_000)
        self.faults = [BROKEN_REPORT] if how == "503" else []
        self.tenant.control("PUT", "faults", self.faults)

    def somebody_edits(self, profile, **values):
        """Another administrator edits a profile, which re-issues its certificates."""
        self.look()
        known = len(self.writes)
        kind = self.tenant.profiles()[profile]["@odata.type"]
        body = {"@odata.type": kind, **(values or {"renewalThresholdPercentage": self.threshold})}
        self.threshold = 41 - self.threshold
        path = f"deviceManagement/deviceConfigurations/{profile}"
        door = self.tenant.door
        mine, door.access_token = door.access_token, self.token
        self.tenant.control("PUT", "faults", [])
        self.tenant.run(lambda tenant: tenant.session.write("PATCH", path, body))
        self.tenant.control("PUT", "faults", self.faults)
        door.access_token = mine
        self.look()
        del self.writes[known:]
        self.foreign = True

    def freeze_days(self, on):
        """Write into the file that today and the days after it are frozen, or nothing."""
        content = {key: value for key, value in self.content.items() if key != "freeze"}
        if on:
            today = self.moment().date()
            content["freeze"] = [f"{today - timedelta(days=2)}/{today + timedelta(days=60)}"]
        self.shut = on
        self.write(content)

    def pass_hours(self, count):
        """Let time pass, an hour at a time."""
        for _ in range(count):
            self.driver.advance(HOUR)
            self.check()
            self.remember()

    def moment(self):
        from datetime import UTC, datetime

        return datetime.fromtimestamp(self.driver.now, UTC)

    def remember(self):
        """How many devices hold a new certificate of each profile, as long as the report may tell
        of it: what an edit makes old is on the device until it checks in."""
        truth = {item["id"]: item for item in self.driver.truth()["profiles"]}
        now = self.driver.now
        kept = [(at, then) for at, then in self.reissued if at > now - CHECK_IN - LAG - HOUR]
        self.reissued = [*kept, (now, truth)]

    # What is done to the rollout

    def verb(self, name, *, kill=None, after=False, **options):
        """Do one thing, and judge it.

        Returns:
            The tick; None where it was refused or killed.
        """
        before, count, since = self.state, len(self.records()), self.seen_writes()
        self.remember()
        if name == "promote":
            self._note_promotion(before)
        tick = error = None
        verb = getattr(verbs, VERBS[name])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(observing, "run_command", self._command)
            try:
                with killed_at(kill, after=after):
                    tick = self.tenant.run(lambda tenant: verb(tenant, self.file, **options))
            except KilledError:
                self.kills += 1
            except IntuneScepError as refused:
                assert not isinstance(refused, RolloutFileError), refused
                error = refused
        self.back |= name == "rollback"
        self.look()
        self.remember()
        self._judge(name, before, tick, error, self.records()[count:], self.writes[since:])
        return tick

    async def _command(self, *_):
        return CommandEnd(self.command, "said something")

    def _note_promotion(self, state):
        ring = state.current if state is not None else None
        if ring is not None and ring.is_entered and not self.wrong:
            standing = self._asks(ring.name).get("approval") == "required"
            if standing and ring.name not in self.approved:
                self.approved.add(ring.name)
            else:
                self.promoted.add(ring.name)

    def records(self):
        return [] if holds_nothing(self.journal) else list(read_records(self.journal).records)

    def seen_writes(self):
        self.look()
        return len(self.writes)

    # What must hold

    def check(self):
        state = self.state
        self._nobody_is_left_without(state)
        if state is not None:
            self._only_entered_rings_are_changed(state)
            self._no_certificate_counts_twice(state)
            self._rings_open_in_turn(state)
            self._each_is_written_once(state)
            self._load_is_kept(state)
            self._copies_are_whole(state)

    def _judge(self, name, before, tick, error, new, writes):
        state = self.state
        stood = before.state if before is not None else State.NOT_ACTIVATED
        if name in {"pause", "cancel"} or (name == "run" and stood in STANDS):
            assert not writes, f"{name} writes although it is {stood}"
        if stood is State.CANCELED and name != "rollback":
            assert not writes
        if stood is State.COMPLETED and name != "rollback":
            assert not writes
        if self.wrong and name != "rollback":
            assert not writes, "a file that touches an opened ring is followed"
            assert not any(item["record"] == "edited" for item in new)
            if name == "run":
                assert isinstance(error, PlanError)
        if tick is not None:
            assert tick.state == state, "the journal does not say what the tick said"
            self._exit_fits(name, tick)
        if self.shut:
            assert not any(item["record"] == "entered" for item in new)
        for number, item in enumerate(new):
            if item["record"] == "gate":
                self._gate_is_honest(state, item)
            if item["record"] == "passed":
                gates = [one for one in new[:number] if one["record"] == "gate"]
                assert gates, f"{item['ring']} passed without being judged"
                self._passed_rightly(state, item["ring"], gates[-1])
            if item["record"] == "entered":
                self._entered_rightly(state, item["ring"])
        # A failed gate freezes, at once.
        if any(item["record"] == "gate" and item["answer"] == "fail" for item in new):
            assert name == "promote" or state.frozen is not None or tick is None
        self.check()

    def _exit_fits(self, name, tick):
        state, code = tick.state.state, tick.exit
        if state is State.ERROR:
            assert code is Exit.FAILED
        elif tick.wait is not None:
            assert code is EXITS[tick.wait.need]
            if tick.wait.gate is not None:
                assert code in GATE_EXITS[tick.wait.gate.answer]
        else:
            assert code is Exit.AS_ALLOWED
        if name == "run":
            ends = {State.PAUSED, State.CANCELED, State.NOT_ACTIVATED}
            assert (state not in ends) or code is Exit.PERSON
            assert (tick.wait is None) == (state is State.COMPLETED)

    def _asks(self, ring):
        """The gates of a ring as its file says."""
        asked = ring.removesuffix(BACK)
        own = next(item for item in self.content["rings"] if item["name"] == asked)
        merged = {**self.content["gates"], **own.get("gates", {})}
        return {key: value for key, value in merged.items() if value != "none"}

    def _gate_is_honest(self, state, sample):
        checks = {check["name"]: check for check in sample["checks"]}
        ring = state.ring(sample["ring"])
        promoted = ring.name in self.promoted
        well = not (self.ever_dead or self.ever_failed - set(ring.profiles))
        if well:
            assert not any(check["excuses"] for check in sample["checks"])
        if self.unread and not promoted:
            asked = {"seen", "reissued"} & self._asks(ring.name).keys()
            assert all(checks[name]["answer"] == "unknown" for name in asked)
        counts = sample["counts"]
        if counts and ring.changed:
            assert counts["reissued"] <= self._most_reissued(state, ring)
            if self._all_silent_since_before(ring):
                assert counts["seen"] == 0

    def _most_reissued(self, state, ring):
        """Devices with a new certificate within the lag of the report, at the most."""
        by_clone = bool(state.clones) and not ring.name.endswith(BACK)
        kind = "valid" if by_clone else "current"
        ids = [state.clones[profile] if by_clone else profile for profile in ring.profiles]
        return sum(max(then.get(i, {}).get(kind, 0) for _, then in self.reissued) for i in ids)

    def _all_silent_since_before(self, ring):
        opened = min(at.timestamp() for at in ring.changed.values())
        return self.silent_since is not None and self.silent_since < opened

    def _passed_rightly(self, state, name, gate):
        ring, asks = state.ring(name), self._asks(name)
        promoted = name in self.promoted
        answers = {check["name"]: check["answer"] for check in gate["checks"]}
        assert gate["answer"] == "pass"
        assert set(answers.values()) <= {"pass"}
        now = self.driver.now
        for profile in ring.profiles:
            failing = self.now_failing.get(state.clones.get(profile, profile))
            opened = ring.changed[profile].timestamp()
            if failing is not None and "max_failed" in asks and len(ring.profiles) == 1:
                long = now - max(failing, opened) > 2 * CHECK_IN + LAG
                told = self.silent_since is None and not self.dead and opened >= failing
                assert not (long and told), "passed although its devices fail"
        if self.command == 1 and "command" in asks:
            raise AssertionError("passed although its command fails")
        if "approval" in asks:
            assert name in self.approved
        if promoted:
            return
        soak = float(str(asks.get("soak", "24h")).removesuffix("h")) * HOUR
        last = self._opened_at(state, ring)
        if last is not None:
            assert now - last >= soak - SLACK, f"{name} soaked {(now - last) / HOUR:.1f} h"
        if "command" in asks:
            assert self.command == 0
        if asks.get("connector") == "healthy":
            assert all(now - since < 25 * HOUR for since in self.dead.values())
        asked = {"seen", "reissued"} & asks.keys()
        assert not (asked and self.unread)
        if "seen" in asks:
            assert not self._all_silent_since_before(ring)

    def _opened_at(self, state, ring):
        """When the last profile of a ring was written to; None where none needed it."""
        if state.clones:
            # The same copy is given to the next ring, maybe in the same tick.
            return max(at.timestamp() for at in ring.changed.values())
        entered = ring.entered_at.timestamp() - SLACK
        written = (w.at for w in self.writes if w.profile in ring.profiles and w.at >= entered)
        return max(written, default=None)

    def _entered_rightly(self, state, name):
        """What is judged by the certificates of before is known before anything is changed."""
        ring = state.ring(name)
        if {"seen", "reissued"} & self._asks(name).keys():
            assert ring.before is not None, "no evidence was kept before the change"
            assert set(ring.before.held) >= {profile.lower() for profile in ring.profiles}
            early = {
                when
                for write in self.writes
                for when in [write.at]
                if write.profile in ring.profiles and not state.clones
            }
            assert not early or min(early) >= ring.entered_at.timestamp() - SLACK

    def _only_entered_rings_are_changed(self, state):
        """Whatever was written to belongs to a ring that is entered, and to a run it announced."""
        originals = set(self.profiles())
        announced = {profile for ring in state.rings if ring.runs for profile in ring.profiles}
        written = {write.profile for write in self.writes} & originals
        assert written <= announced, "written to before it was noted"
        using = {user for profile in announced for user in self.copied.get(profile, ())}
        assert set(state.clones) <= announced | using
        made = [write for write in self.writes if write.profile is None]
        most = sum(1 + len(self.copied.get(profile, ())) for profile in announced)
        assert len(made) <= most, "a copy was made twice, or for a later ring"

    def _rings_open_in_turn(self, state):
        for earlier, later in zip(state.rings, state.rings[1:], strict=False):
            if later.is_entered:
                assert earlier.passed_at is not None
                assert earlier.closed_at is not None

    def _each_is_written_once(self, state):
        """Once for each profile and stage: going on after a kill finds what is done already."""
        if self.back or self.foreign:
            return
        rings = max(1, sum(ring.is_entered for ring in state.rings))
        edits = Counter(w.profile for w in self.writes if w.profile and not w.assigns)
        assigns = Counter(w.profile for w in self.writes if w.profile and w.assigns)
        assert max(edits.values(), default=0) <= 1 + self.kills
        assert max(assigns.values(), default=0) <= rings + self.kills

    def _load_is_kept(self, state):
        """What the changes of the last check-in cycle ask of a host in an hour, together."""
        limit = self.content.get("load", {}).get("per_scep_host")
        if limit is None or state.clones or self.back:
            return
        most, now = int(limit.removesuffix("/h")), self.driver.now
        asked = Counter()
        for profile, at in {w.profile: w.at for w in self.writes if w.profile}.items():
            if now - at < CHECK_IN - SLACK:
                for host in self.hosts[profile]:
                    asked[host] += self.at_first[profile] / (CHECK_IN / HOUR)
        assert max(asked.values(), default=0) <= most

    def _copies_are_whole(self, state):
        """Nobody has a copy before it was seen that the originals are untouched, and nobody is
        taken out of an original before the gate of the ring passed."""
        if not state.clones or self.back:
            return
        for original in state.clones.keys() & set(self.profiles()):
            copy = state.clones[original]
            made = state.rings[0].done.get("create", {}).get(original)
            given = [w.at for w in self.writes if w.profile == copy and w.assigns]
            taken = [w.at for w in self.writes if w.profile == original and w.assigns]
            if given:
                assert made is not None
                assert min(given) >= made.timestamp() + LAG - SLACK
            if taken:
                first = state.rings[0]
                assert first.passed_at is not None
                early = first.passed_at.timestamp() - min(taken)
                assert early <= SLACK, f"taken out {early:g} s before the gate passed"
                # Coming back is one more, before the gate that follows it.
                most = sum(r.passed_at is not None for r in state.rings)
                most += any(r.is_entered and r.name.endswith(BACK) for r in state.rings)
                assert len(taken) <= most + self.kills

    def healed(self):
        """Everything is well again."""
        for name in list(self.dead):
            self.revive_connector(name)
        for profile in list(self.now_failing):
            self.fails(profile, 0.0)
        self.silence(False)
        self.lose_report(None)
        self.command = 0


__all__ = ["Judged", "KilledError", "killed_at"]
