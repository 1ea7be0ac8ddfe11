"""What reading and judging cost."""

import asyncio
import json
from datetime import date

import httpx
import pytest

from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.pacing import Pacer
from intune_scep.graph.session import GraphSession
from intune_scep.profiles import parse_profile
from intune_scep.rules import Context, check
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import assess_tenant
from intune_scep.tenant import Tenant

from .ratios import Row, cpu

COUNT = 10_000
ROUNDS = 5


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Graph's answers for a tenant of 10,000 SCEP profiles, by URL, as bytes."""
    from intune_scep.simulator import open_in_process, seed_database

    path = tmp_path_factory.mktemp("bench") / "tenant.db"
    seed_database(path, bulk(COUNT))
    door = open_in_process(path)
    answers = {}

    async def record():
        async with httpx.AsyncClient(transport=door.transport) as client:
            headers = {"authorization": f"Bearer {door.access_token()}"}
            base = "https://graph.microsoft.com/beta/deviceManagement"
            url = f"{base}/deviceConfigurations"
            key = "first"
            while url:
                content = (await client.get(url, headers=headers)).content
                answers[key] = content
                url = key = json.loads(content).get("@odata.nextLink")
            answers["elsewhere"] = b'{"value":[]}'

    asyncio.run(record())
    door.close()
    return answers


def answering(pages):
    roots = roots_in(pages)

    def answer(request):
        url = str(request.url)
        if url in pages:
            return httpx.Response(200, content=pages[url])
        if url.endswith("/$batch"):
            asked = json.loads(request.content)["requests"]
            answers = [{"id": item["id"], "status": 200, "body": root_for(item)} for item in asked]
            return httpx.Response(200, json={"responses": answers})
        name = "first" if "deviceConfigurations" in url else "elsewhere"
        return httpx.Response(200, content=pages[name])

    def root_for(item):
        cast = item["url"].partition("microsoft.graph.")[2].partition("/")[0]
        return roots[cast.lower().partition("scep")[0]]

    return httpx.MockTransport(answer)


def roots_in(pages):
    """The trusted root of each platform as Graph sends it with its assignments."""
    target = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}
    items = (item for page in pages.values() for item in json.loads(page)["value"])
    return {
        kind.partition("trustedroot")[0]: {**item, "assignments": [{"target": target}]}
        for item in items
        if "trustedroot" in (kind := item["@odata.type"].rpartition(".")[2].lower())
    }


def read_with_httpx(pages):
    async def main():
        async with httpx.AsyncClient(transport=answering(pages)) as client:
            url = "https://graph.microsoft.com/beta/deviceManagement/deviceConfigurations"
            count = 0
            while url:
                body = json.loads((await client.get(url)).content)
                count += len(body["value"])
                url = body.get("@odata.nextLink")
            return count

    assert asyncio.run(main()) >= COUNT


class Unpaced(Pacer):
    """Waits for nobody: what is measured is work."""

    async def admit(self, *_, **__):
        return


def assess(pages):
    async def main():
        engine = GraphEngine(
            CLOUDS["public"], StaticCredential("token"), transport=answering(pages)
        )
        tenant = Tenant(GraphSession(engine, Unpaced()), "tenant", "public")
        assessment = await assess_tenant(tenant)
        await tenant.close()
        return assessment

    assert asyncio.run(main()).counts["required"] == COUNT


def test_assessing_against_reading(pages):
    assess(pages)
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(cpu(lambda: assess(pages)))
        bare.append(cpu(lambda: read_with_httpx(pages)))
    work = f"Assessing {COUNT:,} profiles"
    Row(work, "reading their pages with httpx and json", 2.5).show(ours, bare)


@pytest.fixture(scope="module")
def wires(pages):
    """The SCEP profiles of those pages as Graph sends them."""
    found = [item for page in pages.values() for item in json.loads(page)["value"]]
    return [wire for wire in found if "cep" in wire["@odata.type"].lower()]


def test_judging_grows_with_the_number(wires):
    def parse(count):
        return cpu(lambda: [parse_profile(wire) for wire in wires[:count]])

    parse(100)
    large, small = [], []
    for _ in range(ROUNDS):
        large.append(parse(COUNT))
        small.append(parse(COUNT // 10) * 10)
    Row(f"Parsing {COUNT:,} profiles", f"ten times {COUNT // 10:,}", 1.1).show(large, small)


def check_all(profiles):
    """Judge by every rule that applies; those that need more than the profile are skipped."""
    today = date(2026, 1, 1)
    results = [check(Context(profile, today)) for profile in profiles]
    assert all(result.findings or result.skipped for result in results)


def parse_and_check(wires):
    """CPU seconds of parsing, and of checking what was parsed."""
    profiles = []
    parsing = cpu(lambda: profiles.extend(map(parse_profile, wires)))
    return parsing, cpu(lambda: check_all(profiles))


def test_checking_against_parsing(wires):
    parse_and_check(wires[:100])
    parsing, checking = zip(*(parse_and_check(wires[:COUNT]) for _ in range(ROUNDS)), strict=True)
    work = f"Checking {COUNT:,} profiles by all rules"
    Row(work, "parsing them", 4).show(checking, parsing)


def test_checking_grows_with_the_number(wires):
    large, small = [], []
    for _ in range(ROUNDS):
        large.append(parse_and_check(wires[:COUNT])[1])
        small.append(parse_and_check(wires[: COUNT // 10])[1] * 10)
    Row(f"Checking {COUNT:,} profiles", f"ten times {COUNT // 10:,}", 1.1).show(large, small)
