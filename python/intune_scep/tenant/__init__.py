"""Profiles and what surrounds them, read and written through Graph. Decides nothing."""

from intune_scep.tenant.assignments import read_assignments, same_assignments
from intune_scep.tenant.names import read_assignment_filters, read_groups, read_scope_tags
from intune_scep.tenant.profiles import (
    Snapshot,
    read_profiles,
    read_profiles_by_id,
)
from intune_scep.tenant.root_links import read_root_id, read_root_links
from intune_scep.tenant.tenant import Tenant

__all__ = [
    "Snapshot",
    "Tenant",
    "read_assignment_filters",
    "read_assignments",
    "read_groups",
    "read_profiles",
    "read_profiles_by_id",
    "read_root_id",
    "read_root_links",
    "read_scope_tags",
    "same_assignments",
]
