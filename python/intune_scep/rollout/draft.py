"""A first rollout file, made from what a tenant has. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from intune_scep.declarations.names import NameIndex
from intune_scep.errors import SelectionError, UnresolvedNameError
from intune_scep.profiles import Platform, Profile, ScepProfile
from intune_scep.rollout.file import parse_rollout
from intune_scep.rollout.model import Strategy
from intune_scep.rollout.resolution import Resolved, resolve
from intune_scep.rollout.values import NAME
from intune_scep.rules import judge
from intune_scep.tenant import Snapshot
from intune_scep.wording import option

_RING_NAMES: Final = ("test", "first", "fast", "broad")
_ENDLESS: Final = 10**9
_USUAL_NAME: Final = "strong-mapping"
_USUAL_CLONE: Final = "{name} (SID)"


@dataclass(frozen=True)
class Reached:
    """A SCEP profile and how many users or devices it reaches; None if that is not known."""

    profile: ScepProfile
    count: int | None

    @property
    def platform(self) -> Platform:
        return self.profile.profile_type.platform

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "id": self.profile.id,
            "name": self.profile.display_name,
            "platform": self.platform.value,
            "reaches": self.count,
        }


@dataclass(frozen=True)
class LeftOut:
    """A SCEP profile that a draft does not take.

    Attributes:
        why: Its verdict and the reason.
    """

    profile: ScepProfile
    why: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"id": self.profile.id, "name": self.profile.display_name, "why": self.why}


@dataclass(frozen=True)
class Draft:
    """A first rollout file.

    Attributes:
        text: Of the file, with comments.
        resolved: The same, read again and resolved in the tenant.
        taken: What it moves.
        left: What it does not, and why.
        notes: What could not be read.
    """

    text: str
    resolved: Resolved
    taken: tuple[Reached, ...]
    left: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "taken": [item.to_dict() for item in self.taken],
            "left_out": [item.to_dict() for item in self.left],
            "notes": [*self.resolved.notes, *self.notes],
            "rollout": self.resolved.file.to_dict(),
        }


def take(profiles: Iterable[Profile]) -> tuple[tuple[ScepProfile, ...], tuple[LeftOut, ...]]:
    """The SCEP profiles that a migration changes without further choices, and the others."""
    taken: list[ScepProfile] = []
    left: list[LeftOut] = []
    for profile in profiles:
        if not isinstance(profile, ScepProfile) or not profile.id:
            continue
        judgement = judge(profile)
        if judgement.changeable and not judgement.needs:
            taken.append(profile)
        else:
            left.append(LeftOut(profile, f"{judgement.verdict.value}: {judgement.reason}"))
    return tuple(taken), tuple(left)


def strategy_of(word: str) -> Strategy:
    """The strategy of a word.

    Raises:
        SelectionError: there is none.
    """
    try:
        return Strategy(word)
    except ValueError as error:
        raise SelectionError(
            f"{option('strategy')} {word!r} is no strategy.", hint="Give in_place or clone."
        ) from error


def require_groups(groups: Sequence[str], strategy: Strategy) -> None:
    """Refuse groups that do not fit the strategy.

    Raises:
        SelectionError: there are none for clones, or some in place.
    """
    if strategy is Strategy.CLONE and not groups:
        raise SelectionError(
            f"{option('strategy')} clone needs groups that get the copies first.",
            hint=f"Give each with {option('groups')}, in the order of the rings; everybody else is"
            " the last ring.",
        )
    if strategy is Strategy.IN_PLACE and groups:
        raise SelectionError(
            f"{option('groups')} goes with {option('strategy')} clone alone: in place everybody who"
            " has a profile gets the change at once."
        )


def make_draft(
    snapshot: Snapshot,
    path: Path,
    *,
    strategy: Strategy,
    groups: Sequence[str] = (),
    counts: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
) -> Draft:
    """Write a first rollout file.

    Args:
        snapshot: With the SCEP profiles, and the names of the groups.
        path: Where it will be; for messages and the name of the rollout.
        groups: Names or ids; a ring for each, by clone alone.
        counts: By id of a profile how many it reaches, where that is known.
        notes: What could not be read.

    Raises:
        SelectionError: no profile needs it, or the groups do not fit.
    """
    require_groups(groups, strategy)
    _require_each_group_once(snapshot.names.groups, groups)
    chosen, left = take(snapshot.profiles)
    if not chosen:
        raise SelectionError(
            f"No SCEP profile needs strong mapping, so there is nothing for {path}.",
            hint="strong-mapping assess says why.",
        )
    known = counts or {}
    taken = sorted(
        (Reached(profile, known.get(profile.id or "")) for profile in chosen), key=_by_size
    )
    writer = _Writer(snapshot, path, left)
    lines = writer.in_place(taken) if strategy is Strategy.IN_PLACE else writer.clone(taken, groups)
    text = "".join(f"{line}\n" for line in lines)
    return Draft(
        text, resolve(parse_rollout(text, path), snapshot), tuple(taken), left, tuple(notes)
    )


def _require_each_group_once(known: NameIndex, groups: Sequence[str]) -> None:
    seen: set[str] = set()
    for group in groups:
        try:
            identifier = known.resolve(group)
        except UnresolvedNameError as error:
            raise SelectionError(f"{option('groups')}: {error}") from error
        if identifier in seen:
            raise SelectionError(f"{option('groups')} names the group {group!r} twice.")
        seen.add(identifier)


def _by_size(item: Reached) -> tuple[bool, bool, int, str, str]:
    """Smallest first, but nothing can be seen of who reaches nobody; unknown ones last."""
    known = item.count is not None
    name, identifier = item.profile.display_name or "", item.profile.id or ""
    return not known, item.count == 0, item.count or 0, name, identifier


_HEAD: Final = """\
# A rollout of strong certificate mapping. Every line is explained in docs/rollout.md.
# Before it starts: intune-scep strong-mapping rollout check

# What it is called; its journal has this name.
rollout: {name}
"""
_IN_PLACE: Final = """
# Each profile itself is edited. Everybody who has it gets a new certificate at once, so the rings
# are by profiles. The other way is clone: a copy takes over, group by group.
strategy: in_place
"""
_CLONE: Final = """
# A copy of each profile takes over, group by group. The other way is in_place: each profile itself
# is edited, for everybody who has it at once.
strategy: clone
"""
_BUNDLES: Final = """
# What is copied: each profile with its root and the profiles that use it.
#   clone_name   what the copy is called; {name} is the name of the original
#   dependants   Wi-Fi, VPN, mail and other profiles that use it: clone, repoint_at_end, none
#   finish       the original when the last ring is done: retire_original, keep_both, swing_back
bundles:
"""
_RINGS: Final = """
# Who goes together, in this order. The gates of a ring must pass before the next one opens.
rings:
"""
_TAIL: Final = """
# What must hold after a ring was changed. Each ring may have gates of its own, and say none.
gates:
  # Of the devices that Intune saw since the change, those with a new certificate.
  reissued: 95%
  # Of all devices of the ring, those that Intune saw since the change.
  seen: 80%
  # The stricter one wins.
  max_failed: {share: 3%, count: 10}
  # How long to wait at least. Less than 14h needs a reason: soak_under_14h.
  soak: 24h
  # With Intune Certificate Connectors (NDES); Cloud PKI and others have none.
  # connector: healthy
  # A program that decides: 0 passes, 1 fails, 75 waits.
  # command: ./check-domain-controllers.sh

# How many certificates an hour the host of a SCEP URL may be asked for. Take what yours can do.
# load: {per_scep_host: 300/h}

# What must hold before a ring opens, of those whom its profiles reach.
# readiness: {users_with_sid: 95%, hybrid_devices: 95%}

# When rings may be opened, and days on which none is.
# windows: [{days: mon-thu, from: "08:00", to: "16:00", tz: Europe/Berlin}]
# freeze: ["2026-12-18/2027-01-06"]
"""
_LEFT: Final = "\n# Not taken, with the verdict; strong-mapping assess says why.\n"


class _Writer:
    """Writes the lines of a draft."""

    def __init__(self, snapshot: Snapshot, path: Path, left: Sequence[LeftOut]) -> None:
        stem = path.stem
        self._head = _HEAD.format(name=stem if re.search(NAME, stem) else _USUAL_NAME)
        self._left = left
        self._taken_names = {item.display_name for item in snapshot.profiles}
        scep = [item for item in snapshot.profiles if isinstance(item, ScepProfile)]
        self._names = NameIndex(
            "SCEP profile", tuple((item.id or "", item.display_name or "") for item in scep)
        )

    def in_place(self, taken: Sequence[Reached]) -> Iterator[str]:
        """The smallest profile first and alone, then a ring for each platform, the smallest first.

        A person approves after the first.
        """
        yield from (self._head + _IN_PLACE + _RINGS).splitlines()
        yield from self._ring("first", taken[:1], approved=len(taken) > 1)
        platforms: dict[Platform, list[Reached]] = {}
        for item in taken[1:]:
            platforms.setdefault(item.platform, []).append(item)
        for platform, items in sorted(platforms.items(), key=lambda item: _total(item[1])):
            yield from self._ring(platform.value, items)
        yield from self._end()

    def clone(self, taken: Sequence[Reached], groups: Sequence[str]) -> Iterator[str]:
        """A ring for each group, and the rest; a person approves after the first."""
        yield from (self._head + _CLONE + _BUNDLES).splitlines()
        for item in taken:
            yield f"  - profile: {self._reference(item)}"
            yield f"    clone_name: {_quoted(self._clone_name(item.profile))}"
            yield "    dependants: repoint_at_end"
            yield "    finish: keep_both"
        yield from _RINGS.splitlines()
        for number, group in enumerate(groups):
            name = _RING_NAMES[number] if number < len(_RING_NAMES) else f"ring {number + 1}"
            yield f"  - name: {name}"
            yield f"    groups: [{_quoted(group)}]"
            if number == 0:
                yield "    gates: {approval: required}"
        yield "  # Everybody whom the originals reach and no ring before took."
        yield "  - name: last"
        yield "    rest: true"
        yield from self._end()

    def _ring(
        self, name: str, items: Sequence[Reached], *, approved: bool = False
    ) -> Iterator[str]:
        yield f"  - name: {name}"
        yield "    profiles:"
        yield from (f"      - {self._reference(item)}" for item in items)
        if approved:
            yield "    gates: {approval: required}"

    def _end(self) -> Iterator[str]:
        yield from _TAIL.splitlines()
        if self._left:
            yield from _LEFT.splitlines()
            for item in self._left:
                yield f"#   {self._called(item.profile)}: {item.why.partition(': ')[0]}"

    def _reference(self, item: Reached) -> str:
        """What the file calls a profile, and about it in a comment."""
        called, name = self._called(item.profile), _quoted(item.profile.display_name or "")
        return f"{called}  # {'' if called == name else f'{name}, '}{_about(item)}"

    def _called(self, profile: ScepProfile) -> str:
        """Its name in quotes; its id where another one has the name."""
        return _quoted(self._names.reference_to(profile.id or ""))

    def _clone_name(self, profile: ScepProfile) -> str:
        """A name of the usual form that nothing has yet."""
        number = 1
        pattern = _USUAL_CLONE
        while (name := pattern.replace("{name}", profile.display_name or "")) in self._taken_names:
            number += 1
            pattern = f"{{name}} (SID {number})"
        self._taken_names.add(name)
        return pattern


def _about(item: Reached) -> str:
    reaches = "how many it reaches is not known" if item.count is None else f"reaches {item.count}"
    return f"{item.platform.value}, {reaches}"


def _total(items: Sequence[Reached]) -> tuple[bool, int]:
    counts = [item.count for item in items]
    known = [count for count in counts if count is not None]
    return len(known) < len(counts), sum(known)


def _quoted(text: str) -> str:
    """A text as YAML on one line, whatever characters it has."""
    written: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=_ENDLESS)
    return written.strip()
