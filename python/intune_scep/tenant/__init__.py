"""Profiles and what surrounds them, read and written through Graph. Decides nothing."""

from intune_scep.tenant.profiles import (
    ProfileChangedError,
    Snapshot,
    patch_profile,
    read_profiles,
    read_profiles_by_id,
)
from intune_scep.tenant.root_links import read_root_links
from intune_scep.tenant.tenant import Tenant

__all__ = [
    "ProfileChangedError",
    "Snapshot",
    "Tenant",
    "patch_profile",
    "read_profiles",
    "read_profiles_by_id",
    "read_root_links",
]
