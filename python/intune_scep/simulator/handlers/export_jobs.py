"""Reports as export jobs: asked for, polled, downloaded as a zip."""

import csv
import io
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from intune_scep.simulator.bodies import checked_properties, read_object
from intune_scep.simulator.certificates import DeliveredCertificate, all_certificates
from intune_scep.simulator.clock import format_instant, parse_instant
from intune_scep.simulator.context import Context
from intune_scep.simulator.fleet.shown import (
    INVENTORY_COLUMNS,
    STATUS_COLUMNS,
    device_statuses,
    inventory,
)
from intune_scep.simulator.graph_errors import bad_request, not_found
from intune_scep.simulator.handlers.reports import read_policy_filter
from intune_scep.simulator.messages import Response, json_response
from intune_scep.simulator.reissue import settle_certificates
from intune_scep.simulator.resources import EXPORT_JOBS, add_resource, find_resource
from intune_scep.simulator.schema import require_entity_type

_DEVICE_COLUMNS = (
    "CertificateStatus",
    "DeviceId",
    "DeviceName",
    "EnhancedKeyUsage",
    "IssuerName",
    "KeyUsage",
    "PolicyId",
    "SerialNumber",
    "SubjectName",
    "Thumbprint",
    "UPN",
    "UserId",
    "ValidFrom",
    "ValidTo",
)
_COLUMNS: Mapping[str, Sequence[str]] = {
    "AllDeviceCertificates": _DEVICE_COLUMNS,
    "CertificatesByRAPolicy": ("CaConfiguration", *_DEVICE_COLUMNS),
    "DeviceStatusesByConfigurationProfile": STATUS_COLUMNS,
    "DevicesWithInventory": tuple(INVENTORY_COLUMNS),
}
_HEADINGS: Mapping[str, Mapping[str, str]] = {"DevicesWithInventory": INVENTORY_COLUMNS}
"""Report to column to what it is called in what is written, where that is another name."""

_SECONDS_TO_LIVE = 86_400
_TYPE = "deviceManagementExportJob"
_FRAGMENT = "deviceManagement/reports/exportJobs/$entity"


def create_job(context: Context, _parameters: Mapping[str, str]) -> Response:
    """POST exportJobs: 201 with a job that has not started."""
    kind = require_entity_type(_TYPE)
    given = checked_properties(kind, read_object(context.request))
    report = str(given.get("reportName"))
    if report not in _COLUMNS:
        raise bad_request(f"The report '{report}' is not available.")
    job = {
        "@odata.type": kind.wire_name,
        "id": f"{report}_{context.new_id()}",
        "reportName": report,
        "filter": given.get("filter"),
        "select": given.get("select", []),
        "format": given.get("format", "csv"),
        "snapshotId": None,
        "localizationType": given.get("localizationType", "localizedValuesAsAdditionalColumn"),
        "search": None,
        "status": "notStarted",
        "url": None,
        "requestDateTime": context.timestamp,
        "expirationDateTime": "0001-01-01T00:00:00Z",
    }
    unknown = set(job["select"]) - set(_COLUMNS[report])
    if unknown or job["format"] not in _WRITERS:
        raise bad_request("The report has no such column or format.")
    if report == "DeviceStatusesByConfigurationProfile":
        read_policy_filter(job["filter"])
    # Ids of jobs are not GUIDs and keep their letter case.
    add_resource(context.connection, EXPORT_JOBS, job | {"id": job["id"].lower()})
    return _answer(context, _require_job(context, job["id"]), 201)


def get_job(context: Context, parameters: Mapping[str, str]) -> Response:
    """GET one job: its status follows the tenant's clock."""
    return _answer(context, _require_job(context, parameters["id"]), 200)


def download(context: Context, job_id: str) -> Response:
    """The finished report, a zip with one file in it."""
    job = _require_job(context, job_id)
    if job["status"] != "completed":
        raise not_found(f"report '{job_id}'")
    columns = job["select"] or _COLUMNS[job["reportName"]]
    names = _HEADINGS.get(job["reportName"], {})
    # Two names of one column are one column.
    chosen = {names.get(name, name): name for name in columns}
    headings = tuple(chosen)
    rows = list(_rows(context, job, tuple(chosen.values())))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{job['id']}.{job['format']}", _WRITERS[job["format"]](headings, rows))
    return Response(200, data.getvalue(), {"Content-Type": "application/zip"})


def _rows(context: Context, job: Mapping[str, Any], columns: Sequence[str]) -> Iterator[list[Any]]:
    """The lines of a report: how things were when it was written, less what reports lag by."""
    settle_certificates(context)
    written = min(
        context.now, parse_instant(job["requestDateTime"]) + context.settings.export_seconds
    )
    at = written - context.settings.report_lag_seconds
    if job["reportName"] == "DevicesWithInventory":
        return _chosen(inventory(context.connection, context.settings, at), columns)
    if job["reportName"] == "DeviceStatusesByConfigurationProfile":
        policy = read_policy_filter(job["filter"])
        return _chosen(device_statuses(context.connection, at, policy), columns)
    instant = at if context.settings.check_in_seconds else math.inf
    found = all_certificates(context.connection, at=instant)
    values = [_CERTIFICATE[name] for name in columns]
    return ([value(each) for value in values] for each in found if each.reported)


def _chosen(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[list[Any]]:
    return ([row[name] for name in columns] for row in rows)


def _require_job(context: Context, job_id: str) -> dict[str, Any]:
    resource = find_resource(context.connection, EXPORT_JOBS, job_id)
    if resource is None:
        raise not_found(f"exportJobs '{job_id}'")
    job = resource.entity
    job["id"] = f"{job['reportName']}_{job['id'].partition('_')[2]}"
    started = parse_instant(job["requestDateTime"])
    # Of the same precision as what it is compared with.
    passed = parse_instant(context.timestamp) - started
    if passed >= context.settings.export_seconds:
        root = f"{context.request.scheme}://{context.request.host}"
        job["status"] = "completed"
        job["url"] = f"{root}/_simulator/exports/{job['id']}"
        job["expirationDateTime"] = format_instant(started + _SECONDS_TO_LIVE)
    elif passed > 0:
        job["status"] = "inProgress"
    return job


def _answer(context: Context, job: Mapping[str, Any], status: int) -> Response:
    head = {"@odata.context": f"{context.base_url}/$metadata#{_FRAGMENT}"}
    return json_response(status, head | dict(job))


def _state(name: str) -> Callable[[DeliveredCertificate], Any]:
    return lambda certificate: certificate.state[name]


_CERTIFICATE: Mapping[str, Callable[[DeliveredCertificate], Any]] = {
    "CaConfiguration": _state("certificateIssuer"),
    "CertificateStatus": _state("certificateIssuanceState"),
    "DeviceId": lambda certificate: certificate.managed_device_id,
    "DeviceName": _state("deviceDisplayName"),
    "EnhancedKeyUsage": _state("certificateEnhancedKeyUsage"),
    "IssuerName": _state("certificateIssuer"),
    "KeyUsage": _state("certificateKeyUsage"),
    "PolicyId": lambda certificate: certificate.profile_id,
    "SerialNumber": _state("certificateSerialNumber"),
    "SubjectName": _state("certificateSubjectNameFormatString"),
    "Thumbprint": _state("certificateThumbprint"),
    "UPN": lambda certificate: certificate.user_principal_name,
    "UserId": lambda certificate: certificate.user_id,
    "ValidFrom": _state("certificateIssuanceDateTime"),
    "ValidTo": _state("certificateExpirationDateTime"),
}


def _write_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _write_json(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return json.dumps({"values": [dict(zip(columns, row, strict=True)) for row in rows]})


_WRITERS = {"csv": _write_csv, "json": _write_json}
