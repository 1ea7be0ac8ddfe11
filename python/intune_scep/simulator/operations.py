"""What a person or a test does to a tenant beside Graph: clock, devices, connectors, approvals."""

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from intune_scep.simulator.approvals import DECISIONS, decide_approval, list_approvals
from intune_scep.simulator.clock import parse_instant
from intune_scep.simulator.fleet.checkins import end_cycles, settle_fleet
from intune_scep.simulator.fleet.connectors import find_connector, list_connectors, set_connector
from intune_scep.simulator.fleet.truth import bundle_truth, fleet_truth
from intune_scep.simulator.resources import PROFILES, find_resource
from intune_scep.simulator.settings import Settings, change_settings
from intune_scep.simulator.store import read_meta, write_meta

END_OF_TIME = 221_845_392_000
"""The year 9000 in epoch seconds: the ends of certificates made then must still be dates."""

_MOST_CYCLES = 10_000


class Operations:
    """The operations of one transaction; check-ins up to now are carried out first.

    Args:
        connection: The transaction's.
        clock: Epoch seconds by the clock that the tenant is opened with.

    Raises:
        ValueError: From every method: what was asked for makes no sense, said in one line.
    """

    def __init__(self, connection: sqlite3.Connection, clock: float) -> None:
        self._connection = connection
        self._clock = clock
        settle_fleet(connection, read_meta(connection), self.now)

    @property
    def now(self) -> float:
        """Epoch seconds by the tenant's clock."""
        skew: float = read_meta(self._connection)["clock_skew"]
        return self._clock + skew

    def advance(self, seconds: Any) -> float:
        """Set the clock forward and carry out the check-ins of that time; the new instant."""
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not seconds >= 0:
            raise ValueError("'advance' is a number of seconds, at least 0.")
        if self.now + seconds > END_OF_TIME:
            raise ValueError("'advance' would set the tenant's clock beyond the year 9000.")
        meta = read_meta(self._connection)
        cycle = meta["settings"]["check_in_seconds"]
        if cycle and seconds / cycle > _MOST_CYCLES:
            raise ValueError(
                f"'advance' goes over more than {_MOST_CYCLES} check-in cycles: take smaller steps."
            )
        write_meta(self._connection, "clock_skew", meta["clock_skew"] + seconds)
        settle_fleet(self._connection, meta, self.now)
        return self.now

    def change_settings(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change settings; all of them as they are now."""
        present = Settings(**read_meta(self._connection)["settings"])
        changed = change_settings(present, changes)
        write_meta(self._connection, "settings", changed.to_dict())
        if present.check_in_seconds and not changed.check_in_seconds:
            end_cycles(self._connection)
        settle_fleet(self._connection, read_meta(self._connection), self.now)
        return changed.to_dict()

    def connectors(self) -> list[dict[str, Any]]:
        """Id, name, hosts and health of each connector."""
        return list_connectors(self._connection, self.now)

    def set_connector(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Change one connector: `connector` (id or name), `dead`, `since`, `hosts`."""
        refuse_others(given, ("connector", "dead", "since", "hosts"), "A connector")
        named = given.get("connector")
        if not isinstance(named, str):
            raise ValueError("'connector' is the id or the name of a connector.")
        find_connector(self._connection, named)
        changes: dict[str, Any] = {}
        if "dead" in given:
            changes["dead_since"] = self._death(given)
        elif given.get("since") is not None:
            raise ValueError("'since' means nothing without 'dead'.")
        if "hosts" in given:
            changes["hosts"] = _hosts(given["hosts"])
        set_connector(self._connection, named, changes)
        return self.connectors()

    def failures(self) -> list[dict[str, Any]]:
        """Profiles whose enrolments fail on a share of the devices."""
        rows = self._connection.execute(
            "SELECT profile_id, share FROM fleet_failure ORDER BY profile_id"
        )
        return [{"profile": profile, "share": share} for profile, share in rows]

    def set_failure(self, given: Any) -> list[dict[str, Any]]:
        """Let a share of devices fail at every enrolment of a profile; 0 ends it."""
        if not isinstance(given, dict):
            raise ValueError("A failure is a JSON object.")
        refuse_others(given, ("profile", "share"), "A failure")
        profile, share = given.get("profile"), _share(given.get("share"))
        found = (
            find_resource(self._connection, PROFILES, profile) if isinstance(profile, str) else None
        )
        if found is None:
            raise ValueError("'profile' is the id of a profile of the tenant.")
        self._connection.execute(
            "INSERT OR REPLACE INTO fleet_failure VALUES (?, ?)", (found.id, share)
        )
        self._connection.execute("DELETE FROM fleet_failure WHERE share = 0")
        return self.failures()

    def clear_failures(self) -> list[dict[str, Any]]:
        """Let no enrolment fail by itself any more."""
        self._connection.execute("DELETE FROM fleet_failure")
        return []

    def silent(self) -> list[str]:
        """Ids of the managed devices that do not check in."""
        rows = self._connection.execute(
            "SELECT id FROM fleet_device WHERE silent_since IS NOT NULL ORDER BY number"
        )
        return [row[0] for row in rows]

    def set_silent(self, given: Mapping[str, Any]) -> list[str]:
        """Let some devices check in no more and all others again: `devices` or `share`."""
        refuse_others(given, ("devices", "share"), "Silence")
        if len(given) != 1:
            raise ValueError("Silence takes either 'devices' or 'share'.")
        known = [row[0] for row in self._connection.execute("SELECT id FROM fleet_device")]
        if not known:
            raise ValueError("Devices check in only with the setting check_in_seconds.")
        if "share" in given:
            share = _share(given["share"])
            chosen = {each for each in known if _chance(each) < share}
        else:
            chosen = _devices(given["devices"], known)
        now = self.now
        self._connection.executemany(
            "UPDATE fleet_device SET silent_since ="
            " CASE WHEN ? THEN coalesce(silent_since, ?) END WHERE id = ?",
            ((each in chosen, now, each) for each in known),
        )
        return self.silent()

    def approvals(self) -> list[dict[str, Any]]:
        """Every approval request with what it asks for."""
        return list_approvals(self._connection, self.now)

    def decide_approval(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Approve or reject one: `code`, `decision`, `justification`."""
        refuse_others(given, ("code", "decision", "justification"), "An approval")
        code, decision = given.get("code"), given.get("decision")
        if not isinstance(code, str):
            raise ValueError("'code' is the id of an approval request.")
        if not isinstance(decision, str) or decision not in DECISIONS:
            raise ValueError(f"'decision' is one of {', '.join(DECISIONS)}.")
        reason = given.get("justification")
        if reason is not None and not isinstance(reason, str):
            raise ValueError("'justification' is a text.")
        decide_approval(self._connection, self.now, code, decision, reason)
        return self.approvals()

    def truth(self, since: float = 0.0) -> dict[str, Any]:
        """What is so on the devices."""
        return fleet_truth(self._connection, self.now, since)

    def bundle(self, profiles: Sequence[str]) -> dict[str, Any]:
        """How devices stand to profiles that replace one another."""
        return bundle_truth(self._connection, self.now, profiles)

    def _death(self, given: Mapping[str, Any]) -> float | None:
        if not isinstance(given["dead"], bool):
            raise ValueError("'dead' is true or false.")
        if not given["dead"]:
            return None
        since = given.get("since")
        if since is None:
            return self.now
        if not isinstance(since, str):
            raise ValueError("'since' is an instant, as 2026-03-01T08:00:00Z.")
        try:
            moment = parse_instant(since)
        except ValueError:
            raise ValueError("'since' is an instant, as 2026-03-01T08:00:00Z.") from None
        if moment < self.now:
            raise ValueError("'since' lies in the past, which is over.")
        return moment


def refuse_others(given: Iterable[str], known: Collection[str], what: str) -> None:
    """Refuse names that mean nothing here.

    Raises:
        ValueError: naming the first, and those that are known.
    """
    others = [name for name in given if name not in known]
    if others:
        raise ValueError(f"{what} takes {', '.join(known)}; there is no {others[0][:80]!r}.")


def _hosts(given: Any) -> list[str] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise ValueError("'hosts' is a list of names of hosts, or null for every one.")
    return [each.lower() for each in given]


def _share(given: Any) -> float:
    if not isinstance(given, int | float) or isinstance(given, bool) or not 0 <= given <= 1:
        raise ValueError("'share' is a number from 0 to 1.")
    return float(given)


def _devices(given: Any, known: Collection[str]) -> set[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise ValueError("'devices' is a list of ids of managed devices.")
    chosen = {each.lower() for each in given}
    if strange := sorted(chosen - {*known}):
        raise ValueError(f"There is no managed device {strange[0][:80]!r}.")
    return chosen


def _chance(device: str) -> float:
    digest = hashlib.sha256(f"silent|{device}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32
