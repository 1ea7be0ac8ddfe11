"""Reports that Intune writes on request: asked for, waited for, fetched as a zip, read as CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import logging
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from intune_scep.errors import GraphTransportError
from intune_scep.graph.session import checked_id
from intune_scep.tenant.tenant import Tenant

_LOG = logging.getLogger("intune_scep.tenant")
JOBS: Final = "deviceManagement/reports/exportJobs"
EXPORT_SECONDS: Final = 600.0
"""How long a report is waited for; Microsoft names no time."""

# 8 requests of a user in a minute are allowed (GRAPH.md 2); so few are sent, and fewer than 40
# for a job that is waited for to the end.
_FIRST_WAIT: Final = 3.0
_LONGEST_WAIT: Final = 20.0
_GROWTH: Final = 1.5
_DONE: Final = "completed"
_OVER: Final = frozenset({"failed", "error", "cancelled", "canceled"})
_LARGEST: Final = 500_000_000
_LONGEST_WORD: Final = 60
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What unpacking raises over bytes that are no zip, or one that cannot be read."""


async def read_export(
    tenant: Tenant,
    report: str,
    columns: Sequence[str],
    *,
    headings: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[dict[str, str]]:
    """One report over the whole tenant, by one export job.

    Asking for it changes nothing in the tenant, so it is done in check mode as well.

    Args:
        report: `reportName`.
        columns: Those to be written; the defaults of a report may change.
        headings: Column to what else it may be called in what is written, in any letter case.

    Returns:
        A row for each line of the report, with exactly these columns, as they were asked for. They
        are unpacked and read one by one, and a line that is no CSV is told when it is reached.

    Raises:
        GraphError: Graph refused; needs DeviceManagementManagedDevices.Read.All.
        GraphTransportError: the job failed or did not end within `EXPORT_SECONDS`, or what it left
            is no report with these columns.
        UnsafeLinkError: the report lies at a link that may not be followed.
    """
    body = {"reportName": report, "format": "csv", "select": list(columns)}
    job = await tenant.session.repeat_read("POST", JOBS, body=body)
    _LOG.info("Intune writes the report %s; it is waited for %g s at most", report, EXPORT_SECONDS)
    link = await _finished(tenant, report, job)
    return _rows(report, await tenant.session.download(link), columns, headings or {})


async def _finished(tenant: Tenant, report: str, job: Any) -> str:
    """Where the report lies, once it is written."""
    clock = asyncio.get_running_loop().time
    end = clock() + EXPORT_SECONDS
    wait = _FIRST_WAIT
    path = f"{JOBS}('{checked_id(str(_text(job, 'id')))}')"
    while True:
        status = _text(job, "status").casefold()[:_LONGEST_WORD]
        if status == _DONE:
            return _text(job, "url")
        if status in _OVER:
            raise _odd(report, f"Intune ended its job as {status!r}")
        if clock() + wait > end:
            raise _odd(report, f"it was not there after {EXPORT_SECONDS:g} s ({status!r})")
        await asyncio.sleep(wait)
        wait = min(wait * _GROWTH, _LONGEST_WAIT)
        job = await tenant.session.read(path)


def _text(job: Any, name: str) -> str:
    value = job.get(name) if isinstance(job, dict) else None
    return value if isinstance(value, str) else ""


def _rows(
    report: str, data: bytes, columns: Sequence[str], headings: Mapping[str, Sequence[str]]
) -> Iterator[dict[str, str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            [member] = archive.infolist()
            # What is unpacked ends at the size that is told here, and must be as long.
            if member.file_size > _LARGEST:
                raise _odd(report, f"it has more than {_LARGEST} bytes")
            with io.TextIOWrapper(archive.open(member), "utf-8-sig", newline="") as text:
                yield from _read(report, csv.reader(text), columns, headings)
    except csv.Error as error:
        raise _odd(report, "it is no CSV") from error
    except _UNREADABLE as error:
        raise _odd(report, "what it left is not a zip with one text in it") from error


def _read(
    report: str,
    lines: Iterator[list[str]],
    columns: Sequence[str],
    headings: Mapping[str, Sequence[str]],
) -> Iterator[dict[str, str]]:
    head = {name.strip().casefold(): at for at, name in reversed([*enumerate(next(lines, []))])}
    places = {
        name: head[called.casefold()]
        for name in columns
        for called in reversed((name, *headings.get(name, ())))
        if called.casefold() in head
    }
    if missing := [name for name in columns if name not in places]:
        raise _odd(report, f"it has no column {' and no column '.join(missing)}")
    for line in lines:
        if line:
            yield {name: line[at] if at < len(line) else "" for name, at in places.items()}


def _odd(report: str, why: str) -> GraphTransportError:
    return GraphTransportError(
        f"The report {report} could not be read: {why}.", hides_commit=False, may_repeat=False
    )
