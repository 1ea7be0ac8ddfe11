"""Readiness of a simulated tenant: numbers stated by hand, few requests, nothing told as fine."""

import math

import pytest

from intune_scep.errors import SelectionError
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping.readiness import read_readiness

USERS, GROUP = 4_300, 500


def by_name(found):
    return {item.profile.display_name: item for item in found.profiles}


def test_contoso_by_hand(simulated):
    found = simulated("contoso").run(read_readiness)
    told = {
        name: (item.assigned, item.with_sid, item.share and round(item.share, 1))
        for name, item in by_name(found).items()
    }
    assert told["Windows - SCEP - User - Partner portal"] == (12, 0, 0)
    assert told["Windows - SCEP - User - Finance terminal"] == (108, 96, 88.9)
    assert told["Windows - SCEP - Device - Kiosk Wi-Fi"] == (8, 0, 0)
    assert told["iOS - SCEP - User - Corporate Wi-Fi"] == (96, 96, 100)
    assert told["Android for Work - SCEP - User - Mail (2018)"] == (0, 0, None)
    assert told["Windows - SCEP - Device - All corporate laptops"] == (108, 64, None)
    assert found.is_whole
    assert found.requires_alignment is False
    assert len(found.short) == 9
    assert len(found.unsure) == 3
    short = {
        short.name
        for item, short in found.people()
        if item.profile.display_name == "Windows - SCEP - User - Partner portal"
    }
    assert len(short) == 12
    assert all(name.endswith("@partners.contoso.com") for name in short)


def test_few_requests_whatever_the_number_of_profiles(simulated):
    told = []
    tenant = simulated(bulk(300, n_users=USERS))
    groups = math.ceil(USERS / GROUP)

    async def work(tenant):
        found = await read_readiness(tenant, progress=lambda *now: told.append(now))
        return found, tenant.session.requests_sent

    found, sent = tenant.run(work)
    pages = math.ceil(600 / 200) + 1
    members = groups * math.ceil(GROUP / 999)
    bound = pages + math.ceil(USERS / 999) + 1 + math.ceil(groups / 20) + members + 40
    assert sent == found.requests <= bound
    assert {what for _, _, what in told} >= {"users", "groups"}
    read = [count for count, _, what in told if what == "users"]
    assert read == sorted(read)
    assert read[-1] == USERS


@pytest.mark.parametrize("what", ["users", "devices", "groups", "managedDevices"])
def test_what_cannot_be_read_costs_itself_and_is_told(simulated, what):
    tenant = simulated("contoso")
    tenant.control("PUT", "faults", [{"match": {"path": what}, "effect": 403}])
    found = tenant.run(read_readiness)
    assert not found.is_whole
    assert any(note.startswith("Not read: ") for note in found.notes)
    whole = simulated("contoso").run(read_readiness)
    fine = {name: item.share for name, item in by_name(whole).items() if item.share is not None}
    for name, item in by_name(found).items():
        # Either the same number, or none: never a better one.
        assert item.share is None or item.share == fine.get(name)


def test_a_listing_that_breaks_off_is_not_counted(simulated):
    tenant = simulated(bulk(3, n_users=3_000))
    later = {"path": "beta/users", "nth": list(range(3, 50))}
    tenant.control("PUT", "faults", [{"match": later, "effect": 503}])
    found = tenant.run(read_readiness)
    assert not found.is_whole
    assert all(item.share is None for item in found.profiles if item.assigned or item.unsure)


@pytest.mark.parametrize("least", [-1, 100.5, 1e9])
def test_a_share_is_a_percentage(simulated, least):
    with pytest.raises(SelectionError, match="min_ready must be a percentage from 0 to 100"):
        simulated("contoso").run(lambda tenant: read_readiness(tenant, least=least))


def test_the_directory_is_read_with_low_priority_and_nothing_is_written(simulated, monkeypatch):
    tenant = simulated("contoso")
    headers = {}
    handle = tenant.door.core.handle

    def noted(request):
        headers[request.path] = request.headers
        return handle(request)

    monkeypatch.setattr(tenant.door.core, "handle", noted)
    tenant.run(read_readiness)
    assert headers["/beta/users"]["x-ms-throttle-priority"] == "Low"
    assert headers["/beta/devices"]["x-ms-throttle-priority"] == "Low"
    assert {item["method"] for item in tenant.requests() if item["path"] != "/beta/$batch"} == {
        "GET"
    }
