"""Reading back what was written: what is there is the pre-image plus what was asked, and nothing
else. Only what is seen counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from intune_scep.changes.content import differences
from intune_scep.changes.expectation import PATIENCE, Expectation, Found, Reading
from intune_scep.changes.status import Status
from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import BATCH_SIZE
from intune_scep.graph.settle import settle
from intune_scep.profiles import Profile, ProfileType, changed_properties, find_profile_type
from intune_scep.tenant import (
    Snapshot,
    Tenant,
    read_profiles,
    read_profiles_by_id,
    read_root_links,
)
from intune_scep.tenant.dependants import LedTo, read_links

_OF_A_CREATE: Final = frozenset({"createdDateTime", "supportsScopeTags"})


@dataclass(frozen=True)
class _Read:
    profile: Profile | IntuneScepError | None
    root: Profile | IntuneScepError | None = None
    links: Mapping[str, LedTo] = field(default_factory=dict)


class Readback:
    """Reads profiles back in few requests.

    Args:
        pages: Requests that a listing takes; the cheaper of a listing and `$batch` is used.
        types: What a listing is of, besides the types of what is read back.

    Attributes:
        listed: The last listing that was made; None where none was.
        counts_by_one: Whether a change adds one to `version` here; nobody has documented it
            (GRAPH.md 7), so the changes of a run show it.
    """

    def __init__(self, tenant: Tenant, pages: int, types: Iterable[ProfileType] = ()) -> None:
        self.counts_by_one = True
        self.listed: Snapshot | None = None
        self._learned = False
        self._odd: str | None = None
        self._steps: dict[str, int] = {}
        self._tenant = tenant
        self._pages = max(1, pages)
        self._types = {row.odata_type: row for row in types}

    def learn(self, expected: Expectation, reading: Reading) -> None:
        """Learn from the first change how versions count here."""
        before = (expected.before or {}).get("version")
        patched = expected.asked is not None and not expected.made
        if not patched or reading.status is not Status.APPLIED or reading.version is None:
            return
        self._learned = True
        if not isinstance(before, int) or reading.version == before + 1:
            return
        self.counts_by_one = False
        self._odd = f"The first change took version {before} to {reading.version}."

    @property
    def note(self) -> str | None:
        """What is to be told of how versions count here; None where they count by one."""
        if self.counts_by_one:
            return None
        return (
            f"{self._odd} Either somebody wrote in between, or this tenant does not count changes"
            " by one: editions are told apart by content and time of modification in this run."
        )

    def _weigh(self, expected: Sequence[Expectation], found: Sequence[_Read]) -> None:
        """Let the other changes say what an odd first one meant.

        One change that counted by one shows that this tenant does. Where there is no other to
        compare with, an edit in between cannot be ruled out, so it counts as one.
        """
        if self._odd is None:
            return
        for item, now in zip(expected, found, strict=True):
            before = (item.before or {}).get("version")
            version = now.profile.version if isinstance(now.profile, Profile) else None
            patched = item.asked is not None and not item.made
            if patched and isinstance(before, int) and version is not None:
                self._steps[item.id] = version - before
        if self._steps and (1 in self._steps.values() or len(self._steps) == 1):
            self.counts_by_one = True

    async def settle(self, expected: Sequence[Expectation], patience: float) -> list[Reading]:
        """Read profiles until each is as expected, or the patience has run out.

        Returns:
            One reading for each expectation; none of them is pending.
        """
        readings: dict[int, Reading] = {}
        first = True

        async def read() -> list[int]:
            nonlocal first
            left = [n for n in range(len(expected)) if n not in readings or readings[n].pending]
            found = await self._read([expected[n] for n in left], listing=first)
            first = False
            self._weigh([expected[n] for n in left], found)
            for number, item in zip(left, found, strict=True):
                readings[number] = self._judge(expected[number], item)
            return [n for n in left if readings[n].pending]

        if expected:
            await settle(read, lambda left: not left, patience=patience)
        return [self._given_up(readings.get(number), patience) for number in range(len(expected))]

    def _given_up(self, reading: Reading | None, patience: float) -> Reading:
        if reading is None:
            return Reading(Status.UNKNOWN, "It could not be read back.")
        if not reading.pending:
            return reading
        message = (reading.message or "").replace(PATIENCE, f"{patience:g} s of reading")
        return replace(reading, message=message, pending=False)

    async def _read(self, expected: Sequence[Expectation], *, listing: bool) -> list[_Read]:
        ids = list(dict.fromkeys(item.id for item in expected))
        assigned = any(item.needs_assignments for item in expected)
        profiles = await self._profiles(expected, ids, assigned=assigned, listing=listing)
        linked = [
            profile
            for item in expected
            if item.needs_root and isinstance(profile := profiles.get(item.id), Profile)
        ]
        roots = await self._roots(linked)
        there = [item for item in expected if isinstance(profiles.get(item.id), Profile)]
        links = await self._links(there)
        return [
            _Read(
                profiles.get(item.id),
                roots.get(item.id),
                {name: links.get((item.id, name)) for name in item.links},
            )
            for item in expected
        ]

    async def _profiles(
        self, expected: Sequence[Expectation], ids: Sequence[str], *, assigned: bool, listing: bool
    ) -> Mapping[str, Profile | IntuneScepError | None]:
        by_type = {item.id: item.odata_type for item in expected}
        try:
            if not listing or -(-len(ids) // BATCH_SIZE) <= self._pages:
                return await read_profiles_by_id(
                    self._tenant, ids, with_assignments=assigned, types=by_type
                )
            # Profiles of other types are asked for by id.
            rows = {
                item.odata_type: row
                for item in expected
                if (row := find_profile_type(item.odata_type)) is not None
            }
            types = {**self._types, **rows}
            snapshot = await read_profiles(self._tenant, types.values(), with_assignments=assigned)
            self.listed = snapshot
            listed: dict[str, Profile | IntuneScepError | None] = {
                profile.id or "": profile for profile in snapshot.profiles
            }
            # A profile that a listing lacks may be gone or merely late: ask for it by id.
            missing = [identifier for identifier in ids if identifier not in listed]
            rest = await read_profiles_by_id(
                self._tenant, missing, with_assignments=assigned, types=by_type
            )
        except IntuneScepError as error:
            return dict.fromkeys(ids, error)
        return {**listed, **rest}

    async def _roots(
        self, profiles: Sequence[Profile]
    ) -> Mapping[str, Profile | IntuneScepError | None]:
        try:
            return await read_root_links(self._tenant, profiles) if profiles else {}
        except IntuneScepError as error:
            return {profile.id or "": error for profile in profiles}

    async def _links(self, expected: Sequence[Expectation]) -> Mapping[tuple[str, str], LedTo]:
        links = ((item.id, item.odata_type, name) for item in expected for name in item.links)
        wanted = list(dict.fromkeys(links))
        try:
            return await read_links(self._tenant, wanted) if wanted else {}
        except IntuneScepError as error:
            return {(identifier, name): error for identifier, _, name in wanted}

    def _judge(self, expected: Expectation, found: _Read) -> Reading:
        now = found.profile
        if isinstance(now, IntuneScepError):
            return Reading(Status.UNKNOWN, f"It could not be read back: {now}", pending=True)
        if expected.gone:
            return _judge_gone(now)
        if now is None:
            status = Status.UNKNOWN if expected.made else Status.CONFLICT
            what = "made, but" if expected.made else "changed, but now"
            return Reading(status, f"It was {what} {PATIENCE} does not show it.", pending=True)
        reading = self._judge_content(expected, now)
        if reading.status is not Status.APPLIED:
            return reading
        return _judge_beside(expected, Found(now, found.root, found.links)) or reading

    def _judge_content(self, expected: Expectation, now: Profile) -> Reading:
        wire, version = now.to_wire(), now.version
        if lost := _not_as_asked(expected, wire):
            return self._judge_lost(expected, now, lost)
        before = expected.before
        if before is None:
            return Reading(Status.APPLIED, version=version)
        others = _not_asked_for(expected, before, wire)
        # Whether this tenant counts by one is not known of the first change.
        if self._edited_between(expected, version) and (others or self._learned):
            more = f" {', '.join(others)} changed as well." if others else ""
            alone = self._odd is not None and len(self._steps) == 1 and not others
            doubt = ", or this tenant does not count changes by one" if alone else ""
            return Reading(
                Status.CONFLICT,
                f"The change is there, but somebody wrote in between{doubt}: version"
                f" {before.get('version')} was read before it, and version {version} after it."
                f"{more}",
                version=version,
            )
        if others and expected.made and (version or 1) > (before.get("version") or 1):
            return Reading(
                Status.CONFLICT,
                f"It was made, but somebody changed {', '.join(others)} since.",
                version=version,
            )
        if others:
            return Reading(
                Status.FAILED,
                f"The change is there, but {', '.join(others)} changed as well, which nobody asked"
                " for.",
                version=version,
            )
        return Reading(Status.APPLIED, version=version)

    def _edited_between(self, expected: Expectation, version: int | None) -> bool:
        read = (expected.before or {}).get("version")
        # Links and assignments are not judged by version (GRAPH.md 7).
        return (
            self.counts_by_one
            and expected.asked is not None
            and not expected.made
            and isinstance(read, int)
            and version is not None
            and version > read + 1
        )

    def _judge_lost(self, expected: Expectation, now: Profile, lost: Sequence[str]) -> Reading:
        listed = ", ".join(lost)
        version = now.version
        if self._edited_between(expected, version) or (expected.made and (version or 1) > 1):
            return Reading(
                Status.CONFLICT,
                f"Somebody changed {listed} after the change: version {version} is there now.",
                pending=True,
                version=version,
            )
        if expected.made:
            return Reading(
                Status.FAILED,
                f"It was made, but {listed} is not what was sent.",
                pending=True,
                version=version,
            )
        return Reading(
            Status.UNKNOWN,
            f"Graph accepted the change, but {PATIENCE} does not show it: {listed}.",
            pending=True,
            version=version,
        )


def _judge_gone(now: Profile | None) -> Reading:
    if now is None:
        return Reading(Status.APPLIED)
    return Reading(
        Status.UNKNOWN,
        f"Graph accepted the deletion, but after {PATIENCE} the profile is still there.",
        pending=True,
        version=now.version,
    )


def _judge_beside(expected: Expectation, found: Found) -> Reading | None:
    """What is wrong beside the properties; None where all is as expected."""
    for thing in expected.beside.values():
        if (lack := thing.lack(found)) is not None:
            return Reading(Status.UNKNOWN, lack, pending=True, version=found.profile.version)
    return None


def _not_as_asked(expected: Expectation, wire: Mapping[str, Any]) -> tuple[str, ...]:
    asked = expected.asked
    if asked is None:
        return ()
    typed = {"@odata.type": wire.get("@odata.type"), **asked}
    names = (name for name in changed_properties(wire, typed) if name != "@odata.type")
    if not expected.made:
        return tuple(names)
    # What a create leaves out and what it sends empty come back alike.
    return tuple(name for name in names if (wire.get(name) or None) != (asked.get(name) or None))


def _not_asked_for(
    expected: Expectation, before: Mapping[str, Any], wire: Mapping[str, Any]
) -> list[str]:
    names = differences(before, wire) - set(expected.asked or {}) - expected.also
    if expected.made:
        # The answer to a create may say less than a reading, and null where that says empty.
        names = {
            name
            for name in names - _OF_A_CREATE
            if name in before and name in wire and (before[name] or wire[name])
        }
    return sorted(names)
