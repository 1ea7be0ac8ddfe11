"""What is left of Windows Phone and Windows 10X."""

from collections.abc import Mapping
from typing import Any

from intune_scep.simulator.scenario import Wire
from intune_scep.simulator.scenarios.contoso.form import NDES, scep
from intune_scep.simulator.scenarios.contoso.targets import all_devices, include
from intune_scep.simulator.scenarios.wire import (
    Placed,
    history,
    root_body,
    scep_body,
    upn,
)

WINDOWS_PHONE = (
    scep("windows_phone", "Windows Phone 8.1 - SCEP - Wi-Fi", include("Sales Field Force")),
    scep("windows_phone", "Windows Phone 8.1 - SCEP - VPN"),
)


def _in_resource_access(body: Mapping[str, Any]) -> dict[str, Any]:
    # This collection calls the date of creation otherwise (GRAPH.md 1.1).
    dates = history(body["id"])
    kept = {name: value for name, value in body.items() if name != "createdDateTime"}
    return kept | {"creationDateTime": dates["createdDateTime"]}


_ROOT = _in_resource_access(
    root_body("windows_10x", "Windows 10X - Root - Contoso Root CA 2021", "contoso-root-ca-2021")
)


def _scep(name: str, *targets: Wire, **form: Any) -> Placed:
    body = _in_resource_access(scep_body("windows_10x", name, urls=NDES, **form))
    body["subjectAlternativeNameFormats"] = body.pop("customSubjectAlternativeNames")
    body["hashAlgorithm"] = ["sha2"]
    body["rootCertificateId"] = _ROOT["id"]
    del body["subjectNameFormat"]
    return Placed(body, targets=targets)


WINDOWS_10X = (
    Placed(_ROOT, targets=(all_devices(),)),
    _scep("Windows 10X - SCEP - User - Surface Neo pilot", include("PKI Pilot"), sans=[upn()]),
    _scep(
        "Windows 10X - SCEP - Device - Surface Neo pilot",
        all_devices(),
        store="machine",
        subject="CN={{AAD_Device_ID}}",
    ),
)
"""They live in `deviceManagement/resourceAccessProfiles` (GRAPH.md 1.1)."""
