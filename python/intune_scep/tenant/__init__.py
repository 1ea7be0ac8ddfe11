"""Profiles and what surrounds them, read and written through Graph. Decides nothing."""

from intune_scep.tenant.listing import ReadFailure
from intune_scep.tenant.names import (
    names_for_profiles,
    read_assignment_filters,
    read_groups,
    read_scope_tags,
)
from intune_scep.tenant.profiles import (
    read_profiles_by_id,
)
from intune_scep.tenant.root_links import (
    RootLink,
    read_root_id,
    read_root_links,
)
from intune_scep.tenant.snapshot import (
    CREATABLE_TYPES,
    SCEP_TYPES,
    NamesOf,
    Snapshot,
    Wanted,
    add_root_links,
    profile_key,
    read_profiles,
    read_snapshot,
)
from intune_scep.tenant.tenant import Tenant

__all__ = [
    "CREATABLE_TYPES",
    "SCEP_TYPES",
    "NamesOf",
    "ReadFailure",
    "RootLink",
    "Snapshot",
    "Tenant",
    "Wanted",
    "add_root_links",
    "names_for_profiles",
    "profile_key",
    "read_assignment_filters",
    "read_groups",
    "read_profiles",
    "read_profiles_by_id",
    "read_root_id",
    "read_root_links",
    "read_scope_tags",
    "read_snapshot",
]
