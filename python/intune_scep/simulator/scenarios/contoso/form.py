"""The shape in which Contoso's administrators write a SCEP profile."""

from collections.abc import Sequence
from typing import Any

from intune_scep.simulator.scenario import Wire
from intune_scep.simulator.scenarios.contoso.roots import root_id
from intune_scep.simulator.scenarios.wire import Placed, scep_body

NDES = ("https://ndes.contoso.com/certsrv/mscep/mscep.dll",)
TWO_NDES = (*NDES, "https://ndes2.contoso.com/certsrv/mscep/mscep.dll")
INTERNAL_NDES = ("http://ndes01.corp.contoso.com/certsrv/mscep/mscep.dll",)
CLOUD_PKI = (
    "https://{{CloudPKIFQDN}}/TrafficGateway/PassThroughRoutingService/CloudPki/CloudPkiService"
    "/Scep/3f6d2f0e-8a51-4c1b-9b54-0d6f3f3f7a10/9c1f5a7e-52c5-4d3a-8a61-7a0d8e6b2c44",
)

DEVICE_SUBJECT = "CN={{AAD_Device_ID}}"


def scep(
    platform: str,
    name: str,
    *targets: Wire,
    root: str | None = "main",
    urls: Sequence[str] = NDES,
    **form: Any,
) -> Placed:
    """A SCEP profile, its root and its targets.

    Args:
        platform: Key of `wire.SCEP_TYPES`.
        name: `displayName`.
        targets: Assignment targets.
        root: Short name in `roots.ROOTS`. None: bound to no root.
        urls: `scepServerUrls`.
        form: Arguments of `wire.scep_body`.
    """
    body = scep_body(platform, name, urls=urls, **form)
    return Placed(body, root_id(platform, root), targets)


def device_scep(platform: str, name: str, *targets: Wire, **form: Any) -> Placed:
    """A SCEP profile for device certificates."""
    return scep(platform, name, *targets, **{"store": "machine", "subject": DEVICE_SUBJECT} | form)
