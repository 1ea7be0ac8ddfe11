"""Ids of a backup in the words of the tenant it is restored to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.backup.backup import Backup
from intune_scep.declarations.names import NameIndex, Names
from intune_scep.errors import UnresolvedNameError
from intune_scep.profiles.targets import (
    FILTER_ID,
    Target,
    TargetKind,
    group_ids,
    intent_of,
    uses_filter,
)
from intune_scep.tenant import Tenant
from intune_scep.tenant.names import NamesWanted, read_names

_DEFAULT_SCOPE_TAG: Final = "0"
_PORTABLE: Final = frozenset(
    {
        TargetKind.GROUP,
        TargetKind.EXCLUDED_GROUP,
        TargetKind.ALL_USERS,
        TargetKind.ALL_DEVICES,
    }
)


@dataclass(frozen=True)
class Remap:
    """From the ids in a backup to those in a tenant.

    In the tenant of the backup an id stays what it is while it exists there, and also where it
    led to nothing already then. Otherwise the name decides, exactly.

    Attributes:
        here: Names in the backup.
        there: Names in the tenant.
    """

    same_tenant: bool
    here: Names
    there: Names

    def scope_tags(self, ids: Iterable[str]) -> list[str]:
        """Raises UnresolvedNameError where one has no counterpart."""
        return [self._scope_tag(identifier) for identifier in ids]

    def _scope_tag(self, identifier: str) -> str:
        # The built-in tag "Default" has this id in every tenant (GRAPH.md 2).
        if identifier == _DEFAULT_SCOPE_TAG:
            return identifier
        return self._find(self.here.scope_tags, self.there.scope_tags, identifier)

    def assignment(self, assignment: dict[str, Any]) -> dict[str, Any]:
        """An assignment with target and intent only.

        Raises:
            UnresolvedNameError: its group or filter has no counterpart, or its target is of a
                type that only means something in its own tenant.
        """
        wire = dict(assignment.get("target") or {})
        target = Target.of(wire)
        if not self.same_tenant and target.kind not in _PORTABLE:
            raise UnresolvedNameError(
                f"An assignment to {wire.get('@odata.type')} cannot be moved to another tenant."
            )
        if target.group_id:
            wire["groupId"] = self._find(self.here.groups, self.there.groups, target.group_id)
        if target.filter_id:
            wire[FILTER_ID] = self._find(self.here.filters, self.there.filters, target.filter_id)
        elif not self.same_tenant and wire.get(FILTER_ID):
            # It means nothing here, and leads to nothing there.
            wire[FILTER_ID] = None
        return {"target": wire, "intent": intent_of(assignment)}

    def _find(self, here: NameIndex, there: NameIndex, identifier: str) -> str:
        name = here.name_of(identifier)
        if self.same_tenant and (name is None or there.name_of(identifier) is not None):
            return identifier
        if name is None:
            raise UnresolvedNameError(
                f"The backup has no name for the {here.what} {identifier}, so that it cannot be"
                " found in another tenant."
            )
        return there.resolve(name)


async def read_remap(tenant: Tenant, backup: Backup) -> Remap:
    """Read the names in a tenant that a backup needs.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    same_tenant = (backup.tenant, backup.cloud) == (tenant.tenant_id, tenant.cloud)
    profiles = [item.profile for item in backup.items]
    assigned = [item for profile in profiles for item in profile.assignments or ()]
    ids = group_ids(assigned)
    names = [name for i in ids if (name := backup.names.groups.name_of(i))]
    tags = {tag for profile in profiles for tag in profile.role_scope_tag_ids or ()}
    wanted = NamesWanted(
        groups=names,
        group_ids=ids if same_tenant else (),
        filters=uses_filter(assigned),
        scope_tags=bool(tags - {_DEFAULT_SCOPE_TAG}),
    )
    there = await read_names(tenant, wanted)
    return Remap(same_tenant, backup.names, there)
