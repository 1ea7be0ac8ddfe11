"""Every device that Intune manages, out of one report: what costs a large tenant fewest requests.

Microsoft documents the columns of the report, what each is called in what is written, and not the
words in them (ROLLOUT.md 2). So a word is used only where it is known, and where one is not the
report is no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from intune_scep.errors import GraphTransportError
from intune_scep.tenant.entities import UNMANAGED, guid, word
from intune_scep.tenant.exports import read_export
from intune_scep.tenant.tenant import Tenant

REPORT: Final = "DevicesWithInventory"
_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "DeviceId": ("Device ID",),
    "ReferenceId": ("Microsoft Entra Device ID", "Azure AD Device ID"),
    "UserId": (),
    "DeviceType": ("OS",),
    "ManagementAgent": ("Managed by",),
}
"""Column that is asked for to what it may be called in what comes."""

# Graph's names of operating systems begin so, and the admin center's do.
_SYSTEMS: Final = ("windows", "ios", "ipad", "iphone", "ipod", "mac", "android", "aosp", "linux")
# Members of Graph's managementAgentType that Intune has a part in; then words of the admin center.
_MANAGED: Final = frozenset(
    {
        "mdm",
        "easmdm",
        "configurationmanagerclientmdm",
        "configurationmanagerclientmdmeas",
        "googleclouddevicepolicycontroller",
        "microsoft365managedmdm",
        "intuneaosp",
        "google",
        "unknown",
        "intune",
        "mdm/configmgr agent",
        "co-managed",
    }
)
_ELSEWHERE: Final = UNMANAGED | {"configmgr", "mde"}
_LONGEST_WORD: Final = 60


class Row(NamedTuple):
    """A device that Intune manages. Texts are in lower case, empty where there is none.

    Attributes:
        device_id: `deviceId` of its object in the directory.
        user_id: Of its primary user.
        system: Name of its operating system; empty where the report's word for it is not known.
        id: As Intune names it.
    """

    device_id: str
    user_id: str
    system: str
    id: str


async def read_inventory(tenant: Tenant) -> Iterator[Row]:
    """Every device that Intune itself manages, by one export job.

    Returns:
        The devices, one by one as the report is unpacked; what is wrong with it is told when it is
        reached.

    Raises:
        GraphError: Graph refused; needs DeviceManagementManagedDevices.Read.All.
        GraphTransportError: there is no report, or it cannot be read or understood.
        UnsafeLinkError: the report lies at a link that may not be followed.
    """
    return _rows(await read_export(tenant, REPORT, tuple(_HEADINGS), headings=_HEADINGS))


def _rows(lines: Iterator[Mapping[str, str]]) -> Iterator[Row]:
    for line in lines:
        agent = word(line, "ManagementAgent")
        if agent in _ELSEWHERE:
            continue
        if agent not in _MANAGED:
            raise not_understood("managed by", agent)
        system = word(line, "DeviceType")
        yield Row(
            guid(line, "ReferenceId"),
            guid(line, "UserId"),
            system if system.startswith(_SYSTEMS) else "",
            guid(line, "DeviceId"),
        )


def not_understood(column: str, text: str) -> GraphTransportError:
    """The report is no answer, since a word in it is not known."""
    return GraphTransportError(
        f"The report {REPORT} could not be understood: it says {column} {text[:_LONGEST_WORD]!r}.",
        hides_commit=False,
        may_repeat=False,
    )
