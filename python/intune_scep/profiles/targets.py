"""Whom a profile is assigned to: the one reading of an assignment's target (GRAPH.md 2). Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from intune_scep.profiles.vocabulary import Platform

Wire = dict[str, Any]
_PREFIX: Final = "#microsoft.graph."
FILTER_ID: Final = "deviceAndAppManagementAssignmentFilterId"
APPLY: Final = "apply"
_REMOVE: Final = "remove"
_FILTER_TYPE: Final = "deviceAndAppManagementAssignmentFilterType"


class TargetKind(StrEnum):
    """The kind of an assignment's target."""

    GROUP = "group"
    EXCLUDED_GROUP = "excluded_group"
    ALL_USERS = "all_users"
    ALL_DEVICES = "all_devices"
    COLLECTION = "collection"
    OTHER = "other"


_TYPES: Final = {
    TargetKind.GROUP: "groupAssignmentTarget",
    TargetKind.EXCLUDED_GROUP: "exclusionGroupAssignmentTarget",
    TargetKind.ALL_USERS: "allLicensedUsersAssignmentTarget",
    TargetKind.ALL_DEVICES: "allDevicesAssignmentTarget",
    TargetKind.COLLECTION: "configurationManagerCollectionAssignmentTarget",
}
_KINDS: Final = {name.lower(): kind for kind, name in _TYPES.items()}


@dataclass(frozen=True, slots=True)
class Target:
    """One target of an assignment.

    Attributes:
        group_id: Of the group that is taken in or out; empty for the other kinds.
        collection_id: Of the Configuration Manager collection.
        filter_id: Of the assignment filter; empty for none. An id beside the type `none` means
            nothing.
        filter_type: `include` or `exclude`; empty without a filter.
        type_name: Graph's name of the type, for a kind that is not known.
    """

    kind: TargetKind
    group_id: str = ""
    collection_id: str = ""
    filter_id: str = ""
    filter_type: str = ""
    type_name: str = ""

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Target:
        """Read a target as Graph sends it; letter case of its type means nothing."""
        sent = str(wire.get("@odata.type") or "")
        kind = _KINDS.get(sent.lower().removeprefix(_PREFIX), TargetKind.OTHER)
        filter_type = str(wire.get(_FILTER_TYPE) or "none")
        filter_id = str(wire.get(FILTER_ID) or "")
        filtered = bool(filter_id) and filter_type.lower() != "none"
        return cls(
            kind,
            group_id=str(wire.get("groupId") or ""),
            collection_id=str(wire.get("collectionId") or ""),
            filter_id=filter_id if filtered else "",
            filter_type=filter_type if filtered else "",
            type_name="" if kind is not TargetKind.OTHER else sent,
        )

    def to_wire(self) -> Wire:
        """The target as Graph takes it."""
        wire: Wire = {"@odata.type": f"{_PREFIX}{_TYPES[self.kind]}"}
        if self.group_id:
            wire["groupId"] = self.group_id
        if self.collection_id:
            wire["collectionId"] = self.collection_id
        wire[FILTER_ID] = self.filter_id or None
        wire[_FILTER_TYPE] = self.filter_type or "none"
        return wire

    @property
    def folded(self) -> Target:
        """The same target in the letter case in which targets are compared."""
        return replace(
            self,
            group_id=self.group_id.lower(),
            collection_id=self.collection_id.lower(),
            filter_id=self.filter_id.lower(),
            filter_type=self.filter_type.lower(),
            type_name=self.type_name.lower(),
        )

    @property
    def is_exclusion(self) -> bool:
        """Whether it takes a group out."""
        return self.kind is TargetKind.EXCLUDED_GROUP


FILTER_PLATFORMS: Final[Mapping[Platform, tuple[str, ...]]] = {
    Platform.WINDOWS: ("windows10AndLater", "windows81AndLater"),
    Platform.IOS: ("iOS",),
    Platform.MACOS: ("macOS",),
    Platform.ANDROID_DEVICE_OWNER: ("androidForWork", "androidWorkProfile"),
    Platform.ANDROID_WORK_PROFILE: ("androidForWork", "androidWorkProfile"),
    Platform.ANDROID_FOR_WORK: ("androidForWork", "androidWorkProfile"),
    Platform.ANDROID_AOSP: ("androidAOSP",),
    Platform.ANDROID_DEVICE_ADMINISTRATOR: ("android",),
}
"""Whose filters (`devicePlatformType`) a profile's assignment may have."""
_FILTERABLE: Final = frozenset(
    name.lower() for names in FILTER_PLATFORMS.values() for name in names
)


def filter_fits(filter_platform: str, platform: Platform) -> bool:
    """Whether a filter of Graph's platform can match devices of ours; one not known here may."""
    sent = filter_platform.lower()
    fitting = FILTER_PLATFORMS.get(platform, ())
    return sent not in _FILTERABLE or sent in {name.lower() for name in fitting}


def targets_of(assignments: Iterable[Mapping[str, Any]]) -> list[Target]:
    """The targets of assignments, wire objects of `deviceConfigurationAssignment`, in order."""
    return [Target.of(assignment.get("target") or {}) for assignment in assignments]


def intent_of(assignment: Mapping[str, Any]) -> str:
    """What an assignment does: `apply`, also where it says nothing or null, `remove`, or another.

    Letter case means nothing in the two that are known.
    """
    sent = str(assignment.get("intent") or APPLY)
    return sent.lower() if sent.lower() in {APPLY, _REMOVE} else sent


def is_removal(assignment: Mapping[str, Any]) -> bool:
    """Whether an assignment takes the profile away."""
    return intent_of(assignment) == _REMOVE


def same_assignments(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two sets of assignments mean the same; order, ids and sources mean nothing."""
    return {_meaning(item) for item in one} == {_meaning(item) for item in other}


def _meaning(assignment: Mapping[str, Any]) -> Hashable:
    target = Target.of(assignment.get("target") or {}).folded
    if target.is_exclusion:
        # Intune knows no filter on an excluded group.
        target = replace(target, filter_id="", filter_type="")
    return target, intent_of(assignment)


def group_ids(assignments: Iterable[Mapping[str, Any]]) -> list[str]:
    """The groups that assignments name, each once, in order."""
    return list(dict.fromkeys(t.group_id for t in targets_of(assignments) if t.group_id))


def uses_filter(assignments: Iterable[Mapping[str, Any]]) -> bool:
    """Whether some assignment has a filter."""
    return any(target.filter_id for target in targets_of(assignments))
