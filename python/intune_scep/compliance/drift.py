"""What differs from an approved baseline, property by property. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.compliance.baseline import Baseline
from intune_scep.compliance.naming import all_words
from intune_scep.profiles import Profile, normal_form, parse_profile
from intune_scep.records import Record
from intune_scep.rules.ca_certificates import read_ca_certificate
from intune_scep.rules.targets import read_targets
from intune_scep.tenant import Snapshot, profile_key

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
class _State:
    """Certificate profiles at one time.

    Attributes:
        by_key: The profiles by their keys.
        links: Key of a SCEP profile to the key of its trusted root or None; missing where not read.
    """

    by_key: Mapping[str, Profile]
    links: Mapping[str, str | None]


def root_keys(snapshot: Snapshot) -> dict[str, str | None]:
    """The root links that were read, as a baseline keeps them."""
    return {key: profile_key(root) if root else None for key, root in snapshot.known_roots.items()}


def find_drift(baseline: Baseline, snapshot: Snapshot) -> tuple[ProfileDrift, ...]:
    """Compare in normal form: what means nothing is no drift."""
    parsed = [parse_profile(wire) for wire in baseline.profiles]
    approved = _State({profile_key(item): item for item in parsed}, baseline.root_links)
    now = _State(snapshot.by_key, root_keys(snapshot))
    before, after = approved.by_key, now.by_key
    return (
        *_whole("vanished", (before[key] for key in before if key not in after)),
        *_whole("new", (after[key] for key in after if key not in before)),
        *(
            _entry("changed", after[key], changes)
            for key in after
            if key in before
            and (changes := tuple(_changes(approved, now, before[key], after[key], snapshot.words)))
        ),
    )


def _whole(kind: str, profiles: Iterable[Profile]) -> Iterator[ProfileDrift]:
    for profile in profiles:
        yield _entry(kind, profile, ())


def _entry(kind: str, profile: Profile, changes: tuple[PropertyChange, ...]) -> ProfileDrift:
    return ProfileDrift(kind, profile.id, profile.display_name, profile.odata_type, changes)


def _changes(
    approved: _State, now: _State, before: Profile, after: Profile, words: Mapping[str, str]
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
        yield from _assignment_change(before, after, words)


def _assignment_change(
    before: Profile, after: Profile, names: Mapping[str, str]
) -> Iterator[PropertyChange]:
    old, new = read_targets(before.assignments or ()), read_targets(after.assignments or ())
    if old != new:
        yield PropertyChange(ASSIGNMENTS, list(all_words(old, names)), list(all_words(new, names)))


def _root_name(state: _State, identifier: str | None) -> str | None:
    profile = state.by_key.get(identifier or "")
    return (profile.display_name if profile is not None else None) or identifier


def _shown(name: str, value: Any) -> Any:
    if name != _CERTIFICATE or not isinstance(value, str):
        return value
    facts = read_ca_certificate(value).facts
    if facts is None:
        return "not a certificate"
    return f"{facts.subject or '(no readable name)'}, SHA-256 {facts.sha256_thumbprint}"
