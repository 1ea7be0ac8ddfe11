"""What differs from an approved baseline, property by property. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from intune_scep.compliance.baseline import Baseline
from intune_scep.compliance.naming import all_words
from intune_scep.profiles import Profile, normal_form, parse_profile
from intune_scep.records import Record
from intune_scep.rules.ca_certificates import read_ca_certificate
from intune_scep.rules.targets import read_targets
from intune_scep.tenant.surroundings import profile_key

ROOT: Final = "rootCertificate"
ASSIGNMENTS: Final = "assignments"
_CERTIFICATE: Final = "trustedRootCertificate"


@dataclass(frozen=True)
class PropertyChange(Record):
    """One property that is not as it was approved.

    Attributes:
        property: Wire name; `rootCertificate` for the link and `assignments` for the targets.
        before, after: JSON values as on the wire; the link by name, targets in words, a
            certificate by its thumbprint. None also stands for a property that is not there.
    """

    property: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ProfileDrift(Record):
    """One profile that is not as it was approved.

    Attributes:
        kind: `new`, `vanished` or `changed`.
    """

    kind: str
    id: str | None
    name: str | None
    odata_type: str
    changes: tuple[PropertyChange, ...] = ()


@dataclass(frozen=True)
class State:
    """Certificate profiles at one time.

    Attributes:
        links: Key of a SCEP profile to the key of its trusted root or None; missing where not read.
        names: Group and filter names by id.
    """

    profiles: tuple[Profile, ...]
    links: Mapping[str, str | None]
    names: Mapping[str, str]

    @cached_property
    def by_key(self) -> Mapping[str, Profile]:
        """The profiles by their keys."""
        return {profile_key(profile): profile for profile in self.profiles}


def find_drift(baseline: Baseline, now: State) -> tuple[ProfileDrift, ...]:
    """Compare in normal form: what means nothing is no drift."""
    approved = State(
        tuple(parse_profile(wire) for wire in baseline.profiles), baseline.root_links, now.names
    )
    before, after = approved.by_key, now.by_key
    return (
        *_whole("vanished", (before[key] for key in before if key not in after)),
        *_whole("new", (after[key] for key in after if key not in before)),
        *(
            _entry("changed", after[key], changes)
            for key in after
            if key in before
            and (changes := tuple(_changes(approved, now, before[key], after[key])))
        ),
    )


def _whole(kind: str, profiles: Iterable[Profile]) -> Iterator[ProfileDrift]:
    for profile in profiles:
        yield _entry(kind, profile, ())


def _entry(kind: str, profile: Profile, changes: tuple[PropertyChange, ...]) -> ProfileDrift:
    return ProfileDrift(kind, profile.id, profile.display_name, profile.odata_type, changes)


def _changes(
    approved: State, now: State, before: Profile, after: Profile
) -> Iterator[PropertyChange]:
    old, new = normal_form(before), normal_form(after)
    missing = object()
    old_wire, new_wire = before.to_wire(), after.to_wire()
    for name in dict.fromkeys((*old, *new)):
        if old.get(name, missing) != new.get(name, missing):
            yield PropertyChange(
                name, _shown(name, old_wire.get(name)), _shown(name, new_wire.get(name))
            )
    key = profile_key(after)
    if key in approved.links and key in now.links and approved.links[key] != now.links[key]:
        yield PropertyChange(
            ROOT, _root_name(approved, approved.links[key]), _root_name(now, now.links[key])
        )
    if before.assignments is not None and after.assignments is not None:
        yield from _assignment_change(before, after, now.names)


def _assignment_change(
    before: Profile, after: Profile, names: Mapping[str, str]
) -> Iterator[PropertyChange]:
    old, new = read_targets(before.assignments or ()), read_targets(after.assignments or ())
    if old != new:
        yield PropertyChange(ASSIGNMENTS, list(all_words(old, names)), list(all_words(new, names)))


def _root_name(state: State, identifier: str | None) -> str | None:
    found = (
        profile.display_name for profile in state.profiles if profile_key(profile) == identifier
    )
    return identifier and (next(found, None) or identifier)


def _shown(name: str, value: Any) -> Any:
    if name != _CERTIFICATE or not isinstance(value, str):
        return value
    facts = read_ca_certificate(value).facts
    return f"{facts.subject}, SHA-256 {facts.sha256_thumbprint}" if facts else "not a certificate"
