"""Rules about whom the profile, its root and its dependants are assigned to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from intune_scep.rules.context import Context
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.registry import BOTH_KINDS, SCEPMAN, TOOL_RULE, page, rule
from intune_scep.rules.targets import Target, TargetKind, describe, excluded_groups, included

_SECTION: Final = "Assign the certificate profile"
_ASSIGNMENTS: Final = "assignments"


@rule(
    "R-180",
    Severity.INFO,
    "Profile assigned to nobody",
    remedy="Assign it, or delete it if nobody needs it.",
    source=page("step 10"),
    property=_ASSIGNMENTS,
    kinds=BOTH_KINDS,
    needs=(Need.ASSIGNMENTS,),
)
def check_assigned(context: Context) -> Iterator[Complaint]:
    """A profile without an assignment does nothing."""
    if not included(context.targets):
        yield Complaint("The profile is assigned to nobody.")


@rule(
    "R-181",
    Severity.WARNING,
    "Profile and trusted root assigned differently",
    remedy="Assign the trusted root profile and the SCEP profile to the same groups, with the same"
    " filters.",
    source=f"{page(f'{_SECTION}, Important')}; {SCEPMAN}",
    property=_ASSIGNMENTS,
    needs=(Need.ASSIGNMENTS, Need.ROOT),
)
def check_same_targets(context: Context) -> Iterator[Complaint]:
    """A device that gets the SCEP profile without the root gets no certificate, and nothing shows
    in the logs of the NDES server. Microsoft recommends the same groups for both; all users, all
    devices and filters count too."""
    if context.linked_root is None:
        return
    mine, roots = included(context.targets), included(context.root_targets)
    if not mine or not roots or mine == roots:
        return
    only_mine, only_root = mine - roots, roots - mine
    parts = []
    if only_mine:
        parts.append(f"only the profile goes to {describe(only_mine)}")
    if only_root:
        parts.append(f"only the root goes to {describe(only_root)}")
    yield Complaint(f"{'; '.join(parts)}.".capitalize())


@rule(
    "R-182",
    Severity.WARNING,
    "User groups mixed with device groups",
    remedy="Assign both profiles to groups of the same kind.",
    source="GitHub: MicrosoftDocs/IntuneDocs pull request 1663 (community)",
    property=_ASSIGNMENTS,
    needs=(Need.ASSIGNMENTS, Need.ROOT, Need.DIRECTORY),
)
def check_samekinds_of_target(context: Context) -> Iterator[Complaint]:
    """With the root assigned to devices and the SCEP profile to users, the SCEP profile was seen to
    stay pending. A group is of the kind of all its members; mixed groups fit both."""
    if context.linked_root is None:
        return
    mine, roots = included(context.targets), included(context.root_targets)
    if not mine or not roots:
        return
    my_kinds, root_kinds = _kinds(context, mine), _kinds(context, roots)
    if my_kinds and root_kinds and my_kinds.isdisjoint(root_kinds):
        yield Complaint(
            f"The profile goes to {' and '.join(sorted(my_kinds))}, its root to"
            f" {' and '.join(sorted(root_kinds))}."
        )


def _kinds(context: Context, targets: Iterable[Target]) -> set[str]:
    """`users`, `devices` or both, over all targets; empty groups are of no kind."""
    kinds: set[str] = set()
    for target in targets:
        kinds |= kinds_of_target(context, target)
    return kinds


def kinds_of_target(context: Context, target: Target) -> set[str]:
    """`users`, `devices` or both; an empty group is of no kind.

    Raises:
        NotReadError: the members of the group were not read.
    """
    if target.kind is TargetKind.ALL_USERS:
        return {"users"}
    if target.kind is TargetKind.ALL_DEVICES:
        return {"devices"}
    if target.kind is not TargetKind.GROUP:
        return set()
    group = context.require_group(target.group_id)
    counts = {"users": group.users, "devices": group.devices}
    return {name for name, count in counts.items() if count}


@rule(
    "R-183",
    Severity.INFO,
    "User certificate assigned to devices",
    remedy="Assign the profile to a user group if certificates are needed soon after enrolment.",
    source=page(_SECTION),
    property=_ASSIGNMENTS,
    needs=(Need.ASSIGNMENTS, Need.DIRECTORY),
    reads=("certificateStore",),
)
def check_quick_issue(context: Context) -> Iterator[Complaint]:
    """After enrolment a user group receives the profile at once; a device group only after the full
    registration of the device. Device certificates belong to devices and are left alone."""
    if not context.scep.is_user:
        return
    waiting = [t for t in included(context.targets) if kinds_of_target(context, t) == {"devices"}]
    if waiting:
        yield Complaint(f"The user certificate is assigned to {describe(waiting)}.")


@rule(
    "R-184",
    Severity.WARNING,
    "Group excluded from the trusted root only",
    remedy="Use the same exclusions for both profiles.",
    source=TOOL_RULE,
    property=_ASSIGNMENTS,
    needs=(Need.ASSIGNMENTS, Need.ROOT),
)
def check_same_exclusions(context: Context) -> Iterator[Complaint]:
    """Members of the group get the SCEP profile without the root, and so no certificate."""
    if context.linked_root is None or not included(context.targets):
        return
    only_root = excluded_groups(context.root_targets) - excluded_groups(context.targets)
    if only_root:
        yield Complaint(f"Only the trusted root excludes {', '.join(sorted(only_root))}.")


@rule(
    "R-186",
    Severity.WARNING,
    "Dependant assigned to more than the profile",
    remedy="Assign the Wi-Fi, VPN, wired or e-mail profile to the groups of the SCEP profile.",
    source="Microsoft: PKCS certificate profiles; Microsoft: Trusted root certificate profiles",
    property=_ASSIGNMENTS,
    needs=(Need.ASSIGNMENTS, Need.DEPENDANTS),
)
def check_dependant_targets(context: Context) -> Iterator[Complaint]:
    """A device that gets the Wi-Fi profile without the certificate cannot connect."""
    for dependant in context.require_dependants():
        more = included(dependant.targets) - included(context.targets)
        if more:
            yield Complaint(f"“{dependant.name}” also goes to {describe(more)}.")
