"""A report of Intune is had by one job, for a bounded time, or is told as unread."""

import io
import json
import logging
import zipfile

import httpx
import pytest

from intune_scep.errors import GraphError, GraphTransportError, IntuneScepError, UnsafeLinkError
from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.session import GraphSession
from intune_scep.tenant import Tenant
from intune_scep.tenant.exports import EXPORT_SECONDS, read_export

REPORT = "AllDeviceCertificates"
COLUMNS = ("DeviceId", "PolicyId", "ValidTo")
LINK = "https://exports.blob.core.windows.net/report.zip?sig=the-key-itself"


def zipped(*members, name="report.csv"):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number, member in enumerate(members):
            archive.writestr(f"{number}{name}", member)
    return data.getvalue()


SOUND = zipped("DeviceId,PolicyId,ValidTo\r\nd1,p1,2027-01-01 00:00:00\r\n")


class Intune(httpx.AsyncBaseTransport):
    """A Graph that has one job, and a storage that has its report.

    Args:
        jobs: What is answered for the job, the last one for ever.
        report: What lies at the link.
        statuses: Of the storage's answers, the last one for ever.
    """

    def __init__(self, *jobs, report=SOUND, statuses=(200,)):
        self.jobs = [{"id": "Report_1", "status": "notStarted"}, *jobs]
        self.report = report
        self.statuses = list(statuses)
        self.asked = []

    def count(self, method):
        return sum(request.method == method for request in self.asked)

    async def handle_async_request(self, request):
        self.asked.append(request)
        if "exportJobs" not in request.url.path:
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            headers = {"location": "https://elsewhere.example/x"} if status == 302 else {}
            return httpx.Response(status, content=self.report, headers=headers, request=request)
        job = self.jobs.pop(0) if len(self.jobs) > 1 else self.jobs[0]
        status = 201 if request.method == "POST" else 200
        return httpx.Response(status, json=job, request=request)


def done(**more):
    return {"id": "Report_1", "status": "completed", "url": LINK, **more}


@pytest.fixture
def read(virtual_time):
    def run(intune, columns=COLUMNS):
        async def work():
            engine = GraphEngine(
                CLOUDS["public"], StaticCredential("token-of-the-run"), transport=intune
            )
            tenant = Tenant(GraphSession(engine), "t", "public")
            return list(await read_export(tenant, REPORT, columns))

        return virtual_time(work())

    return run


@pytest.mark.parametrize(
    "csv",
    [
        "DeviceId,PolicyId,ValidTo\r\nd1,p1,2027",
        "\ufeffDeviceId,PolicyId,ValidTo\nd1,p1,2027\n",
        "PolicyId,ValidTo,ValidTo_loc,DeviceId\np1,2027,in 2027,d1\n",
        '"DeviceId","PolicyId","ValidTo"\n\n"d1","p1","2027"\n\n',
        "UPN,DeviceId,PolicyId,ValidTo\n\"Doe, 'Ann'\",d1,p1,2027\n",
    ],
    ids=["plain", "byte order mark", "translated columns", "quotes and blank lines", "commas"],
)
def test_a_row_has_the_columns_that_were_asked_for_whatever_else_is_there(read, csv):
    [row] = read(Intune(done(), report=zipped(csv)))
    assert row == {"DeviceId": "d1", "PolicyId": "p1", "ValidTo": "2027"}


def test_a_short_line_is_not_the_end_of_the_report(read):
    report = zipped("DeviceId,PolicyId,ValidTo\nd1\nd2,p2,2027\n")
    assert [row["ValidTo"] for row in read(Intune(done(), report=report))] == ["", "2027"]


def test_the_columns_are_asked_for_by_name_and_the_report_of_nobody_is_empty(read):
    intune = Intune(done(), report=zipped("DeviceId,PolicyId,ValidTo\n"))
    assert read(intune) == []
    asked = json.loads(intune.asked[0].content)
    assert asked == {"reportName": REPORT, "format": "csv", "select": list(COLUMNS)}


def test_no_token_goes_to_the_storage(read):
    intune = Intune({"id": "Report_1", "status": "inProgress"}, done())
    read(intune)
    tokens = ["authorization" in request.headers for request in intune.asked]
    assert tokens == [True, True, True, False]


def test_a_job_is_asked_after_slowly_and_not_for_ever(read):
    intune = Intune({"id": "Report_1", "status": "inProgress"})
    with pytest.raises(GraphTransportError) as caught:
        read(intune)
    assert f"{EXPORT_SECONDS:g} s" in caught.value.message
    # Eight requests of a user are allowed in a minute; ten minutes are waited.
    assert intune.count("GET") <= EXPORT_SECONDS / 60 * 8
    assert len(intune.asked) < 40


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"id": "Report_1", "status": "failed"}, "ended its job as 'failed'"),
        ({"id": "Report_1", "status": "Error"}, "ended its job as 'error'"),
        ({"id": "Report_1", "status": "cancelled"}, "ended its job as 'cancelled'"),
        ({"id": "Report_1", "status": "unknownFutureValue"}, "was not there after 600 s"),
        ({"id": "Report_1"}, "was not there after 600 s"),
        ({"status": None}, "was not there after 600 s"),
        (["odd"], "was not there after 600 s"),
    ],
)
def test_a_job_without_a_good_end_is_told(read, job, said):
    with pytest.raises(GraphTransportError) as caught:
        read(Intune(job))
    assert REPORT in caught.value.message
    assert said in caught.value.message


@pytest.mark.parametrize("identifier", ["", None, "a b", "../x", "x'/y", 7])
def test_a_job_without_an_id_that_is_fit_for_a_url_is_not_asked_after(read, identifier):
    intune = Intune()
    intune.jobs = [{"id": identifier, "status": "notStarted"}]
    with pytest.raises(IntuneScepError):
        read(intune)
    assert intune.count("GET") == 0


@pytest.mark.parametrize(
    "link",
    [
        "",
        None,
        "http://exports.blob.core.windows.net/report.zip",
        "http://127.0.0.1:8080/x",
        "ftp://exports.example/x",
        "file:///etc/passwd",
        "https://",
        "https://user:word@exports.example/x",
        "//exports.example/x",
        "https://[::1/x",
    ],
)
def test_a_link_that_is_not_https_is_not_followed(read, link):
    intune = Intune(done(url=link))
    with pytest.raises(UnsafeLinkError):
        read(intune)
    assert all("exportJobs" in request.url.path for request in intune.asked)


@pytest.mark.parametrize("status", [302, 400, 403, 404, 500, 503])
def test_a_storage_that_refuses_is_told_by_its_host_and_without_its_key(read, status):
    intune = Intune(done(), statuses=[status])
    with pytest.raises(GraphTransportError) as caught:
        read(intune)
    assert f"exports.blob.core.windows.net was answered {status}" in caught.value.message
    assert "the-key-itself" not in str(caught.value)
    assert not any(request.url.host == "elsewhere.example" for request in intune.asked)


@pytest.mark.parametrize("report", [SOUND, b"no zip"])
def test_the_key_of_the_storage_is_in_no_log(read, caplog, report):
    caplog.set_level(logging.DEBUG)
    try:
        read(Intune(done(), statuses=[503, 200], report=report))
    except IntuneScepError as error:
        assert "the-key-itself" not in str(error)
    assert "exportJobs" in caplog.text
    assert REPORT in caplog.text
    assert "the-key-itself" not in caplog.text


def test_a_storage_that_is_busy_is_asked_again(read):
    assert len(read(Intune(done(), statuses=[503, 429, 200]))) == 1


def test_a_broken_connection_tells_no_key_and_names_no_cause_that_would(read):
    class Broken(Intune):
        async def handle_async_request(self, request):
            if "exportJobs" not in request.url.path:
                raise httpx.ReadError(f"broken while reading {request.url}", request=request)
            return await super().handle_async_request(request)

    with pytest.raises(GraphTransportError) as caught:
        read(Broken(done()))
    assert "exports.blob.core.windows.net" in caught.value.message
    assert "the-key-itself" not in str(caught.value)
    assert caught.value.__cause__ is None


def packed(data=b"x" * 5000, **changes):
    """A compressed report whose bytes were damaged after it was written."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.csv", data)
    damaged = bytearray(made.getvalue())
    for place, value in changes.items():
        damaged[int(place.removeprefix("at"))] = value
    return bytes(damaged)


ENCRYPTED = bytearray(SOUND)
for marker, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    ENCRYPTED[SOUND.index(marker) + offset] |= 1


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (b"", "not a zip with one text"),
        (b"<html>Sign in</html>", "not a zip with one text"),
        (SOUND[:40], "not a zip with one text"),
        (bytes(ENCRYPTED), "not a zip with one text"),
        (packed(at40=0xFF, at41=0xFF), "not a zip with one text"),
        (packed(at42=0x00), "not a zip with one text"),
        (zipped(), "not a zip with one text"),
        (zipped("a", "b"), "not a zip with one text"),
        (zipped(b"\xff\xfe\x00\xd8"), "not a zip with one text"),
        (zipped(""), "no column DeviceId and no column PolicyId and no column ValidTo"),
        (zipped("DeviceId,ValidTo\n1,2\n"), "no column PolicyId"),
        (zipped('DeviceId,PolicyId,ValidTo\n"' + "x" * 200_000 + '",p,v\n'), "it is no CSV"),
    ],
    ids=[
        "nothing", "a page", "cut off", "encrypted", "no deflate", "a wrong sum",
        "empty zip", "two files", "no text", "empty file", "a column is missing", "a huge field",
    ],
)  # fmt: skip
def test_what_is_no_report_is_said_in_a_sentence(read, report, said):
    with pytest.raises(GraphTransportError) as caught:
        read(Intune(done(), report=report))
    assert caught.value.message.startswith(f"The report {REPORT} could not be read: ")
    assert said in caught.value.message


def test_a_report_that_unpacks_to_too_much_is_not_unpacked(read, monkeypatch):
    monkeypatch.setattr("intune_scep.tenant.exports._LARGEST", 10)
    with pytest.raises(GraphTransportError, match="more than 10 bytes"):
        read(Intune(done()))


@pytest.mark.parametrize(
    "role",
    [
        "DeviceManagementManagedDevices.Read.All",
        "DeviceManagementManagedDevices.ReadWrite.All",
        "DeviceManagementConfiguration.Read.All",
    ],
)
def test_each_of_the_permissions_opens_the_report(simulated, role):
    assert _read_as(simulated("contoso"), role)


def test_a_permission_that_is_missing_is_named_as_one_to_read(simulated):
    with pytest.raises(GraphError) as caught:
        _read_as(simulated("contoso"), "User.Read.All")
    assert caught.value.status == 403
    assert "DeviceManagementManagedDevices.Read.All" in str(caught.value)


def _read_as(tenant, role):
    token = tenant.door.access_token([role], expires_in=100_000_000)
    tenant.door.access_token = lambda *_, **__: token
    return list(tenant.run(lambda graph: read_export(graph, REPORT, COLUMNS)))
