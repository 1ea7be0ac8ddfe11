"""Reading back what was written: only what is seen counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import BATCH_SIZE
from intune_scep.profiles import PROFILE_TYPES, Profile, ProfileKind
from intune_scep.strong_mapping.journal import JournalWriter
from intune_scep.strong_mapping.report import Outcome, Status
from intune_scep.tenant import Tenant, read_profiles, read_profiles_by_id

SERVER_OWNED = frozenset({"version", "lastModifiedDateTime"})


@dataclass(frozen=True)
class Expectation:
    """What a profile should look like now.

    Attributes:
        outcome: What is known so far.
        pre_image: The whole profile before the write.
        changes: The properties that were to change.
    """

    outcome: Outcome
    pre_image: Mapping[str, Any]
    changes: Mapping[str, Any]


async def verify_outcomes(
    tenant: Tenant,
    expectations: Sequence[Expectation],
    *,
    pages: int,
    journal: JournalWriter | None = None,
    record: str = "verified",
) -> dict[str, Outcome]:
    """Read the profiles again and say of each what really happened.

    A write that was reported as done but is not there is a failure; one that was reported as
    failed and is there took effect late.

    Args:
        pages: Requests that a listing takes; the cheaper of listing and $batch is used.
        journal: Where each finding is recorded, if anywhere.
        record: Kind of the journal record.
    """
    if not expectations:
        return {}
    now = await _read_all(tenant, [item.outcome.id for item in expectations], pages)
    found: dict[str, Outcome] = {}
    for expectation in expectations:
        profile = now[expectation.outcome.id]
        outcome = compare(expectation, profile)
        found[outcome.id] = outcome
        if journal is not None:
            edition = profile if isinstance(profile, Profile) else None
            journal.write(
                record,
                id=outcome.id,
                status=outcome.status.value,
                message=outcome.message,
                version=edition.version if edition else None,
                last_modified_date_time=edition.last_modified_date_time if edition else None,
            )
    return found


async def _read_all(
    tenant: Tenant, ids: Sequence[str], pages: int
) -> dict[str, Profile | IntuneScepError | None]:
    batches = -(-len(ids) // BATCH_SIZE)
    try:
        if batches <= pages:
            return await read_profiles_by_id(tenant, ids)
        snapshot = await read_profiles(tenant, scep_configuration_types())
    except IntuneScepError as error:
        return dict.fromkeys(ids, error)
    listed: dict[str, Profile] = {profile.id or "": profile for profile in snapshot.profiles}
    missing = [identifier for identifier in ids if identifier not in listed]
    # A profile that a listing lacks may be gone or merely late; ask for it by id.
    rest = await read_profiles_by_id(tenant, missing) if missing else {}
    return {identifier: listed.get(identifier, rest.get(identifier)) for identifier in ids}


def compare(expectation: Expectation, now: Profile | IntuneScepError | None) -> Outcome:
    """Judge one re-read profile against what was intended. Pure."""
    outcome = expectation.outcome
    if isinstance(now, IntuneScepError):
        if outcome.status is not Status.APPLIED:
            return outcome
        return outcome.but(
            Status.UNKNOWN, f"Graph accepted the change, but it could not be read back: {now}"
        )
    if now is None:
        return outcome.but(Status.FAILED, "The profile no longer exists.")
    wire = now.to_wire()
    landed = all(wire.get(name) == value for name, value in expectation.changes.items())
    if outcome.status is Status.CONFLICT:
        return outcome
    if not landed:
        if outcome.status is Status.APPLIED:
            return outcome.but(
                Status.FAILED, "Graph accepted the change, but a re-read does not show it."
            )
        if outcome.status is Status.UNKNOWN and _is_untouched(expectation.pre_image, wire):
            return outcome.but(Status.FAILED, f"A re-read shows no change. {outcome.message}")
        return outcome
    others = differences(expectation.pre_image, wire) - set(expectation.changes)
    if others:
        return outcome.but(
            Status.FAILED,
            f"The change is there, but {', '.join(sorted(others))} differ(s) from before as well.",
        )
    if outcome.status is Status.APPLIED:
        return outcome
    return outcome.but(Status.APPLIED, "Took effect although the answer said otherwise.")


def _is_untouched(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return not differences(before, now) and before.get("version") == now.get("version")


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    """Names of the properties in which two readings differ, without annotations and dates."""
    names = {name for name in {*before, *now} if "@" not in name} - SERVER_OWNED - {"assignments"}
    missing = object()
    return {name for name in names if before.get(name, missing) != now.get(name, missing)}


def scep_configuration_types() -> list[Any]:
    """The SCEP types that live among the device configurations."""
    return [
        row
        for row in PROFILE_TYPES
        if row.kind is ProfileKind.SCEP and row.collection.endswith("deviceConfigurations")
    ]
