"""Rules about whom the profile, its root and its dependants are assigned to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from intune_scep.rules.context import Context, NotRead
from intune_scep.rules.model import Complaint, Need, Severity
from intune_scep.rules.registry import BOTH_KINDS, SCEPMAN, TOOL_RULE, page, rule
from intune_scep.rules.targets import Target, TargetKind, describe, excluded_groups, included

_SECTION: Final = "Assign the certificate profile"
_ASSIGNMENTS: Final = "assignments"
_OF_INTUNE: Final = frozenset({TargetKind.GROUP, TargetKind.ALL_USERS, TargetKind.ALL_DEVICES})
"""What All devices includes; a collection of Configuration Manager may hold others."""


@rule(
    "R-180",
    Severity.INFO,
    "Profile assigned to nobody",
    remedy="Assign it, or delete it if nobody needs it.",
    source=page("step 10"),
    property=_ASSIGNMENTS,
    kinds=BOTH_KINDS,
    needs=(Need.ASSIGNMENTS,),
    asks=Need.ASSIGNMENTS,
)
def check_assigned(context: Context) -> Iterator[Complaint]:
    """A profile without an assignment does nothing."""
    if not included(context.targets):
        yield Complaint("The profile is assigned to nobody.")


@rule(
    "R-181",
    Severity.WARNING,
    "Profile reaches devices that its trusted root does not",
    remedy="Assign the trusted root profile to the groups of this profile too, with the same"
    " filters, or to All devices.",
    source=f"{page(f'{_SECTION}, Important')}; {SCEPMAN}",
    property=_ASSIGNMENTS,
    needs=(Need.ASSIGNMENTS, Need.ROOT),
    asks=Need.ROOT,
    reads=("certificateStore",),
)
def check_same_targets(context: Context) -> Iterator[Complaint]:
    """A device that gets the SCEP profile without the root gets no certificate, and nothing shows
    in the logs of the NDES server. Microsoft recommends the same groups for both; filters count
    too. A root that goes to more than the profile does no harm. All devices includes the devices
    of every group and user; All users includes groups of users."""
    if context.linked_root is None:
        return
    roots = included(context.root_targets)
    if not roots:
        return
    missed = {t for t in included(context.targets) if not _is_reached(context, t, roots)}
    if missed:
        yield Complaint(
            f"The profile goes to {describe(missed)}, its root only to {describe(roots)}."
        )


def _is_reached(context: Context, target: Target, roots: Iterable[Target]) -> bool:
    """Whether the root reaches everybody of a target of the profile."""
    return any(
        _includes(context, root, target)
        and (not root.filter_id or _filter(root) == _filter(target))
        for root in roots
    )


def _filter(target: Target) -> tuple[str, str]:
    return target.filter_id, target.filter_type


def _includes(context: Context, root: Target, target: Target) -> bool:
    if root.kind is TargetKind.ALL_DEVICES and target.kind in _OF_INTUNE:
        return True
    if root.kind is TargetKind.ALL_USERS and target.kind is TargetKind.GROUP:
        return _is_of_users(context, target)
    return _unfiltered(root) == _unfiltered(target)


def _unfiltered(target: Target) -> Target:
    return replace(target, filter_id="", filter_type="")


def _is_of_users(context: Context, group: Target) -> bool:
    """Whether a group has users; where its members were not read, what the certificate says."""
    groups = {} if isinstance(context.groups, NotRead) else context.groups
    members = groups.get(group.group_id)
    return context.scep.is_user if members is None else not members.devices


@rule(
    "R-182",
    Severity.WARNING,
    "User groups mixed with device groups",
    remedy="Assign both profiles to groups of the same kind.",
    source="GitHub: MicrosoftDocs/IntuneDocs pull request 1663 (community)",
    property=_ASSIGNMENTS,
    needs=(Need.ASSIGNMENTS, Need.ROOT, Need.DIRECTORY),
    asks=Need.ROOT,
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
    asks=Need.ROOT,
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
    asks=Need.DEPENDANTS,
)
def check_dependant_targets(context: Context) -> Iterator[Complaint]:
    """A device that gets the Wi-Fi profile without the certificate cannot connect."""
    for dependant in context.require_dependants():
        more = included(dependant.targets) - included(context.targets)
        if more:
            yield Complaint(f"“{dependant.name}” also goes to {describe(more)}.")
