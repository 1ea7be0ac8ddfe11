"""A whole directory: how many requests, how much memory, and what happens to a page that fails."""

import io
import json
import math
import tracemalloc
import zipfile

import httpx
import pytest
from tests.length import LONG

from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.pacing import Pacer
from intune_scep.graph.session import GraphSession
from intune_scep.tenant import Tenant
from intune_scep.tenant.population import LISTED, Managed, read_population

USERS = 200_000 if LONG else 10_000
DEVICES = 60_000 if LONG else 41_000
GROUPS = 500 if LONG else 30
MEMBERS = 2_000 if LONG else 1_200
MIB = 1 << 20
ROOT = "https://graph.microsoft.com/beta"
MANAGED = "/deviceManagement/managedDevices"
JOBS = "/deviceManagement/reports/exportJobs"
STORAGE = "exports.blob.core.windows.net"
RECEIVED = ("Device ID", "Microsoft Entra Device ID", "UserId", "OS", "Managed by")
"""What the columns that are asked for are called in what comes (ROLLOUT.md 2)."""


class Unpaced(Pacer):
    """Waits for nobody."""

    async def admit(self, *_, **__):
        return


class Directory:
    """Graph's answers for a directory of any size, made when they are asked for.

    Args:
        polls: How often a report is asked after before it is there.
    """

    def __init__(self, users, groups, members, devices=None, polls=1):
        self.users, self.groups, self.members = users, groups, members
        self.devices = users // 10 if devices is None else devices
        self.polls = polls
        self.asked = []

    def transport(self):
        return httpx.MockTransport(self.answer)

    def paths(self, end):
        return [
            request for request in self.asked if request.url.path.partition("(")[0].endswith(end)
        ]

    def answer(self, request):
        self.asked.append(request)
        if request.url.host == STORAGE:
            return httpx.Response(200, content=zipped(self.report()))
        if JOBS in request.url.path:
            return self.job(request)
        if request.url.path.endswith("$batch"):
            items = json.loads(request.content)["requests"]
            answers = [
                {"id": item["id"], "status": 200, "body": self.listing(ROOT + item["url"])}
                for item in items
            ]
            return httpx.Response(200, json={"responses": answers})
        return httpx.Response(200, json=self.listing(str(request.url)))

    def job(self, request):
        if request.method == "POST":
            return httpx.Response(201, json={"id": "Report_1", "status": "notStarted"})
        done = len(self.paths(JOBS)) > self.polls
        status = {"status": "completed", "url": f"https://{STORAGE}/r.zip?sig=x"} if done else {}
        return httpx.Response(200, json={"id": "Report_1", "status": "inProgress", **status})

    def report(self):
        yield ",".join(RECEIVED)
        for number in range(self.devices):
            owner = user_id(number % self.users)
            yield f"{device_id(number)},{entra_id(number)},{owner},Windows,Intune"

    def listing(self, link):
        url = httpx.URL(link)
        start = int(url.params.get("$skiptoken", 0))
        size = int(url.params["$top"])
        count, make = self.of(url.path)
        numbers = range(start, min(start + size, count))
        page = {"value": [make(number) for number in numbers]}
        if start + size < count:
            page["@odata.nextLink"] = str(url.copy_merge_params({"$skiptoken": start + size}))
        return page

    def of(self, path):
        if path.endswith("/users"):
            return self.users, self.user
        if "/groups/" in path:
            group = int(path.split("/groups/")[1].split("/")[0].rpartition("-")[2])
            return self.members, lambda n: {"id": user_id((group * 397 + n) % self.users)}
        return self.devices, self.device

    def user(self, number):
        return {
            "id": user_id(number),
            "userPrincipalName": f"user{number:06d}@contoso.com",
            "accountEnabled": number % 50 != 0,
            "userType": "Member",
            "onPremisesSyncEnabled": True if number % 10 else None,
            "onPremisesSecurityIdentifier": f"S-1-5-21-1-2-3-{number}" if number % 10 else None,
        }

    def device(self, number):
        return {
            "id": device_id(number),
            "deviceId": entra_id(number),
            "azureADDeviceId": entra_id(number),
            "userId": user_id(number % self.users),
            "displayName": f"PC-{number:06d}",
            "operatingSystem": "Windows",
            "trustType": "ServerAd",
        }


def user_id(number):
    return f"a0000000-0000-0000-0000-{number:012d}"


def device_id(number):
    return f"d0000000-0000-0000-0000-{number:012d}"


def entra_id(number):
    return f"e0000000-0000-0000-0000-{number:012d}"


def zipped(lines):
    data = io.BytesIO()
    with (
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("report.csv", "w") as file,
    ):
        file.write(b"\xef\xbb\xbf")
        file.writelines(f"{line}\r\n".encode() for line in lines)
    return data.getvalue()


def group_id(number):
    return f"b0000000-0000-0000-0000-{number:012d}"


async def population(directory, groups=0, told=None):
    engine = GraphEngine(
        CLOUDS["public"], StaticCredential("token"), transport=directory.transport()
    )
    tenant = Tenant(GraphSession(engine, Unpaced()), "tenant", "public")
    tell = None if told is None else lambda count, total, what: told.append((what, count, total))
    found = await read_population(
        tenant, [group_id(number) for number in range(groups)], progress=tell
    )
    await tenant.close()
    return found


class Whole(Directory):
    """Keeps of each request its address alone, so that it weighs nothing."""

    def answer(self, request):
        answer = super().answer(request)
        self.asked[-1] = httpx.Request(request.method, request.url)
        return answer


def bound(directory):
    """As many requests as a reading of the directory may take; the profiles are not read here."""
    pages = sum(math.ceil(count / 999) for count in (directory.users, directory.devices))
    members = directory.groups * math.ceil(directory.members / 999)
    return pages + math.ceil(directory.groups / 20) + members + 40


def test_requests_and_memory_stay_small(virtual_time):
    """With more devices than 40 pages have, and a report that is there at the last moment."""
    directory = Whole(USERS, GROUPS, MEMBERS, DEVICES, polls=33)
    told = []

    async def work():
        found = await population(directory, GROUPS, told)
        return found, tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        found, peak = virtual_time(work())
    finally:
        tracemalloc.stop()
    assert DEVICES > 40 * 999
    assert len(directory.asked) == found.requests <= bound(directory)
    assert not directory.paths(MANAGED)
    assert [request.method for request in directory.paths(JOBS)].count("POST") == 1
    assert len(found.users) == USERS
    assert len(found.devices) == len(found.managed) == DEVICES
    assert {members.bit_count() for members in found.group_users.values()} == {MEMBERS}
    assert found.failures == ()
    assert [note for note in found.notes if "DevicesWithInventory" in note]
    assert peak <= (150 if LONG else 40) * MIB
    assert ("users", USERS, None) in told
    assert ("managed devices", DEVICES, None) in told
    assert ("groups", GROUPS, GROUPS) in told


@pytest.mark.parametrize(
    ("devices", "asks"),
    [(0, False), (1, False), (999, False), (LISTED, False), (LISTED + 1, True)],
)
def test_a_report_is_waited_for_only_where_the_pages_would_be_many(virtual_time, devices, asks):
    directory = Directory(40, 0, 0, devices)
    found = virtual_time(population(directory))
    assert bool(directory.paths(JOBS)) is asks
    assert len(directory.paths(MANAGED)) == (0 if asks else max(1, math.ceil(devices / 999)))
    assert len(found.managed) == devices
    assert bool(found.notes) is asks


def test_a_report_and_the_pages_tell_the_same(virtual_time):
    class Refusing(Directory):
        def job(self, request):
            return httpx.Response(403, json={"error": {"code": "Forbidden", "message": "no"}})

    reported, listed = (
        virtual_time(population(kind(40, 0, 0, LISTED + 1))) for kind in (Directory, Refusing)
    )
    assert set(reported.managed) == set(listed.managed)
    assert "page by page" in listed.notes[0]
    assert listed.failures == ()


def test_pages_alone_would_not_keep_the_bound(virtual_time):
    """Without groups there is nothing to spare: the report it is, or the bound is broken."""

    class Refusing(Whole):
        def job(self, request):
            return httpx.Response(403, json={"error": {"code": "Forbidden", "message": "no"}})

    reported, listed = (kind(40, 0, 0, 41_000, polls=33) for kind in (Whole, Refusing))
    assert virtual_time(population(reported)).requests <= bound(reported)
    assert virtual_time(population(listed)).requests > bound(listed)


@pytest.mark.parametrize("scenario", ["contoso", "rollout"])
def test_a_tenant_is_the_same_from_its_report_as_from_its_pages(simulated, monkeypatch, scenario):
    tenant = simulated(scenario)
    listed, reported = [], []
    for found, least in ((listed, LISTED), (reported, 0)):
        monkeypatch.setattr("intune_scep.tenant.population.LISTED", least)
        found.append(tenant.run(lambda graph: read_population(graph, ())))
    assert len(tenant.sent("POST")) == 1
    assert reported[0].managed
    assert sorted(reported[0].managed, key=repr) == sorted(listed[0].managed, key=repr)


LINE = (device_id(0), entra_id(0), user_id(0), "Windows", "Intune")
HEAD = ",".join(RECEIVED)


def with_report(lines):
    """A directory with too many devices to list, and a report of these lines."""

    class Reporting(Directory):
        def report(self):
            return lines

    return Reporting(40, 0, 0, LISTED + 1)


@pytest.mark.parametrize(
    "lines",
    [
        [HEAD],
        [],
        ["Device ID,UserId,OS,Managed by", ",".join(LINE)],
        [HEAD.partition(",")[2], ",".join(LINE[1:])],
        [HEAD.replace("Managed by", "Compliance"), ",".join(LINE)],
        [HEAD, ",".join((*LINE[:4], "2"))],
        [HEAD, ",".join((*LINE[:4], ""))],
        [HEAD, ",".join(LINE), ",".join((*LINE[:4], "Verwaltet"))],
        [HEAD, ",".join((device_id(0), "", user_id(0), "1", "Intune"))],
        [HEAD, ",".join((device_id(0), device_id(1), user_id(0), "", "Intune"))],
        [HEAD, '"' + "x" * 200_000],
    ],
    ids=[
        "no device", "nothing", "no column of the object in Entra", "no column of the device",
        "no column of the manager",
        "the manager as a number", "no manager", "a manager in another language",
        "the system as a number, of a device that is not in the directory",
        "no system, of a device that is not in the directory", "no table",
    ],
)  # fmt: skip
def test_a_report_that_is_not_surely_understood_is_not_used(virtual_time, lines):
    directory = with_report(lines)
    found = virtual_time(population(directory))
    assert len(found.managed) == directory.devices
    assert len(directory.paths(MANAGED)) == math.ceil(directory.devices / 999)
    assert found.failures == ()
    [note] = found.notes
    assert note.startswith("The managed devices were listed page by page. The report Devices")


class Ended(Directory):
    def job(self, request):
        answer = super().job(request)
        return (
            answer if request.method == "POST" else httpx.Response(200, json={"status": "failed"})
        )


class Never(Directory):
    def job(self, request):
        return httpx.Response(200, json={"id": "Report_1", "status": "inProgress"})


class Elsewhere(Directory):
    def job(self, request):
        job = {"id": "Report_1", "status": "completed", "url": "http://example.com/r.zip"}
        return httpx.Response(200, json=job)


class NoColumn(Directory):
    def job(self, request):
        return httpx.Response(400, json={"error": {"code": "BadRequest", "message": "column"}})


@pytest.mark.parametrize("kind", [Ended, Never, Elsewhere, NoColumn])
def test_a_report_that_does_not_come_costs_pages_and_a_note(virtual_time, kind):
    directory = kind(40, 0, 0, LISTED + 1)
    found = virtual_time(population(directory))
    assert len(found.managed) == directory.devices
    assert found.failures == ()
    assert len(found.notes) == 1


def test_where_neither_comes_the_devices_are_unknown(virtual_time):
    class Nothing(NoColumn):
        def listing(self, link):
            if MANAGED in link:
                raise httpx.ReadError("broken")
            return super().listing(link)

    found = virtual_time(population(Nothing(40, 0, 0, LISTED + 1)))
    assert found.managed is None
    assert [what for what, _ in found.failures] == ["managed devices"]
    assert any("Not read: managed devices" in told for told in found.told)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("Intune", True),
        ("MDM", True),
        ("mdm", True),
        (" Co-managed ", True),
        ("MDM/ConfigMgr Agent", True),
        ("googleCloudDevicePolicyController", True),
        ("intuneAosp", True),
        ("ConfigMgr", False),
        ("configurationManagerClient", False),
        ("MDE", False),
        ("msSense", False),
        ("jamf", False),
        ("EAS", False),
    ],
)
def test_a_device_that_somebody_else_manages_does_not_count(virtual_time, said, counts):
    other = (device_id(1), entra_id(1), user_id(1), "Windows", said)
    found = virtual_time(population(with_report([HEAD, ",".join(LINE), ",".join(other)])))
    assert (entra_id(1) in {item.device_id for item in found.managed}) is counts
    assert len(found.managed) == 1 + counts


@pytest.mark.parametrize(
    ("said", "system"),
    [
        ("iOS/iPadOS", "ios/ipados"),
        ("macOS", "macos"),
        ("Android (personally-owned work profile)", "android (personally-owned work profile)"),
        ("Windows", "windows"),
        ("1", "windows"),
        ("", "windows"),
        ("Fenêtres", "windows"),
    ],
)
def test_a_system_whose_word_is_not_known_is_the_directory_s(virtual_time, said, system):
    line = (device_id(0), entra_id(0), user_id(0), said, "Intune")
    [item] = virtual_time(population(with_report([HEAD, ",".join(line)]))).managed
    assert item.system == system


@pytest.mark.parametrize(
    "head",
    [
        "Device ID,Microsoft Entra Device ID,UserId,OS,Managed by",
        "Device ID,Azure AD Device ID,UserId,OS,Managed by",
        "DeviceId,ReferenceId,UserId,DeviceType,ManagementAgent",
        "device id,microsoft entra device id,userid,os,managed by",
        "Device ID,Microsoft Entra Device ID,UserId,OS,Managed by,JoinType",
    ],
)
def test_a_column_is_found_under_each_of_its_names(virtual_time, head):
    [item] = virtual_time(population(with_report([head, ",".join(LINE)]))).managed
    assert item == Managed(entra_id(0), user_id(0), "windows", device_id(0))


KINDS = {
    "a user that was not listed": ({"@odata.type": "#microsoft.graph.user"}, {"users"}),
    "a device that was not listed": ({"@odata.type": "#Microsoft.Graph.Device"}, {"devices"}),
    "a group within it": ({"@odata.type": "#microsoft.graph.group"}, set()),
    "a service principal": ({"@odata.type": "#microsoft.graph.servicePrincipal"}, set()),
    "a contact": ({"@odata.type": "#microsoft.graph.orgContact"}, set()),
    "something of which Graph tells no kind": ({}, set()),
}


@pytest.mark.parametrize(("extra", "unknown"), KINDS.values(), ids=KINDS.keys())
def test_a_member_of_whom_nothing_was_read_is_never_left_out_unsaid(extra, unknown, virtual_time):
    stranger = {"id": "f0000000-0000-0000-0000-000000000001", **extra}

    class WithStranger(Directory):
        def of(self, path):
            count, make = super().of(path)
            if "/groups/" in path:
                return count + 1, lambda n: stranger if n == count else make(n)
            return count, make

    found = virtual_time(population(WithStranger(40, 1, 10), 1))
    group = group_id(0)
    assert {what for what, _ in found.failures} == {
        f"the {kind} of group {group}" for kind in unknown
    }
    assert (group in found.group_users) is ("users" not in unknown)
    assert (group in found.group_devices) is ("devices" not in unknown)
