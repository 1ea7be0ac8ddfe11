"""Profiles and what surrounds them, read and written through Graph. Decides nothing."""

from intune_scep.tenant.assignments import assign_profile, read_assignments, same_assignments
from intune_scep.tenant.creation import create_profile, delete_profile
from intune_scep.tenant.names import read_assignment_filters, read_groups, read_scope_tags
from intune_scep.tenant.profiles import (
    ProfileChangedError,
    Snapshot,
    is_same_edition,
    patch_profile,
    read_profiles,
    read_profiles_by_id,
)
from intune_scep.tenant.root_links import read_root_id, read_root_links, set_root_link
from intune_scep.tenant.tenant import Tenant

__all__ = [
    "ProfileChangedError",
    "Snapshot",
    "Tenant",
    "assign_profile",
    "create_profile",
    "delete_profile",
    "is_same_edition",
    "patch_profile",
    "read_assignment_filters",
    "read_assignments",
    "read_groups",
    "read_profiles",
    "read_profiles_by_id",
    "read_root_id",
    "read_root_links",
    "read_scope_tags",
    "same_assignments",
    "set_root_link",
]
