"""Who is in groups: the ids of their members, those of nested groups included."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import BATCH_SIZE, read_batch
from intune_scep.graph.session import checked_id
from intune_scep.tenant.entities import PAGE, Failures, Progress, word
from intune_scep.tenant.tenant import Tenant

_USER_TYPE: Final = "#microsoft.graph.user"
_DEVICE_TYPE: Final = "#microsoft.graph.device"


@dataclass
class Members:
    """Ids of the members of a group, in lower case.

    Attributes:
        untold: Those of which Graph does not tell what they are.
    """

    users: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)

    def take(self, entities: Any) -> None:
        """Take in a page; members of other kinds, such as groups, are passed over."""
        kinds = {_USER_TYPE: self.users, _DEVICE_TYPE: self.devices, "": self.untold}
        for entity in entities if isinstance(entities, list) else []:
            if isinstance(entity, dict) and isinstance(entity.get("id"), str):
                found = kinds.get(word(entity, "@odata.type"))
                if found is not None:
                    found.add(entity["id"].lower())


async def read_members(
    tenant: Tenant,
    groups: Iterable[str],
    failures: Failures,
    *,
    headers: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> AsyncIterator[tuple[str, Members]]:
    """Each group that could be read, in lower case, with its members; needs GroupMember.Read.All.

    Groups are asked 20 a request. They come a request at a time: the members of all groups together
    may not fit into memory. A deleted group has no members.

    Args:
        failures: Gets a line for each group that could not be read, with the error.
    """
    fit = [group for group in sorted({item.lower() for item in groups}) if _is_fit(group, failures)]
    for start in range(0, len(fit), BATCH_SIZE):
        chunk = fit[start : start + BATCH_SIZE]
        async for found in _some_groups(tenant, chunk, failures, headers):
            yield found
        if progress is not None:
            progress(start + len(chunk), len(fit), "groups")


def _is_fit(group: str, failures: Failures) -> bool:
    try:
        checked_id(group)
    except IntuneScepError as error:
        failures.append((f"the members of group {group!r}", error))
        return False
    return True


async def _some_groups(
    tenant: Tenant, groups: Sequence[str], failures: Failures, headers: Mapping[str, str] | None
) -> AsyncIterator[tuple[str, Members]]:
    paths = [f"groups/{group}/transitiveMembers?$select=id&$top={PAGE}" for group in groups]
    try:
        answers = await read_batch(tenant.session, paths, headers=headers)
    except IntuneScepError as error:
        failures.append(("the members of groups", error))
        return
    for group, answer in zip(groups, answers, strict=True):
        if answer.error is not None and not answer.not_found:
            failures.append((f"the members of group {group}", answer.error))
            continue
        try:
            members = await _members(tenant, answer.body, headers)
        except IntuneScepError as error:
            failures.append((f"the members of group {group}", error))
            continue
        yield group, members


async def _members(tenant: Tenant, body: Any, headers: Mapping[str, str] | None) -> Members:
    first = body if isinstance(body, dict) else {}
    members = Members()
    members.take(first.get("value"))
    if (link := tenant.session.next_link(first)) is not None:
        async for page in tenant.session.pages(link, headers=headers):
            members.take(page)
    return members
