"""Profiles and what surrounds them, read and written through Graph. Decides nothing."""

from typing import TYPE_CHECKING

from intune_scep.lazy import lazily

if TYPE_CHECKING:
    from intune_scep.tenant.listing import ReadFailure
    from intune_scep.tenant.names import (
        names_for_profiles,
        read_assignment_filters,
        read_groups,
        read_scope_tags,
    )
    from intune_scep.tenant.profiles import read_profiles_by_id
    from intune_scep.tenant.root_links import RootLink, read_root_id, read_root_links
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

_HOMES = {
    "CREATABLE_TYPES": "snapshot",
    "NamesOf": "snapshot",
    "ReadFailure": "listing",
    "RootLink": "root_links",
    "SCEP_TYPES": "snapshot",
    "Snapshot": "snapshot",
    "Tenant": "tenant",
    "Wanted": "snapshot",
    "add_root_links": "snapshot",
    "names_for_profiles": "names",
    "profile_key": "snapshot",
    "read_assignment_filters": "names",
    "read_groups": "names",
    "read_profiles": "snapshot",
    "read_profiles_by_id": "profiles",
    "read_root_id": "root_links",
    "read_root_links": "root_links",
    "read_scope_tags": "names",
    "read_snapshot": "snapshot",
}

__getattr__ = lazily(__name__, _HOMES)

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
