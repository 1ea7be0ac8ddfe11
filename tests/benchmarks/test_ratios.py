"""What reading and judging cost."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import httpx
import pytest

from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.session import GraphSession
from intune_scep.memory import collector_paused
from intune_scep.profiles import parse_profile
from intune_scep.rules import Context, check
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import assess_tenant
from intune_scep.tenant import Tenant

from .pace import unpaced
from .ratios import Row, cpu

GRAPH = "https://graph.microsoft.com/beta"
CONFIGURATIONS = f"{GRAPH}/deviceManagement/deviceConfigurations"
COUNT = 10_000
ROUNDS = 5


@dataclass(frozen=True)
class Recorded:
    """Graph's answers for a tenant.

    Attributes:
        pages: Of its configurations, by URL, as bytes.
        roots: By platform, the answer about a trusted root as it stands in a `$batch`.
    """

    pages: Mapping[str, bytes]
    roots: Mapping[str, str]

    @property
    def items(self):
        return [item for page in self.pages.values() for item in json.loads(page)["value"]]

    @property
    def scep(self):
        """The SCEP profiles as Graph sends them."""
        return [wire for wire in self.items if "cep" in wire["@odata.type"].lower()]


def record(path, scenario):
    from intune_scep.simulator import open_in_process, seed_database

    seed_database(path, scenario)
    door = open_in_process(path)
    answers = {}

    async def read():
        async with httpx.AsyncClient(transport=door.transport) as client:
            headers = {"authorization": f"Bearer {door.access_token()}"}
            url, key = CONFIGURATIONS, "first"
            while url:
                content = (await client.get(url, headers=headers)).content
                answers[key] = content
                url = key = json.loads(content).get("@odata.nextLink")
            answers["elsewhere"] = b'{"value":[]}'

    asyncio.run(read())
    door.close()
    recorded = Recorded(answers, {})
    return Recorded(answers, roots_in(recorded.items))


def roots_in(items):
    """The trusted root of each platform as Graph sends it with its assignments."""
    target = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}
    return {
        kind.partition("trustedroot")[0]: json.dumps({**item, "assignments": [{"target": target}]})
        for item in items
        if "trustedroot" in (kind := item["@odata.type"].rpartition(".")[2].lower())
    }


@pytest.fixture(scope="module")
def changeable(tmp_path_factory):
    """10,000 SCEP profiles that all lack the SID URI."""
    return record(tmp_path_factory.mktemp("bench") / "tenant.db", bulk(COUNT))


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """10,000 SCEP profiles that all have it."""
    return record(tmp_path_factory.mktemp("bench") / "tenant.db", bulk(COUNT, mapped=COUNT))


def answering(recorded):
    pages = recorded.pages

    def answer(request):
        url = str(request.url)
        if url in pages:
            return httpx.Response(200, content=pages[url])
        if url.endswith("/$batch"):
            asked = json.loads(request.content)["requests"]
            answers = ",".join(map(root_for, asked))
            return httpx.Response(200, content=f'{{"responses":[{answers}]}}'.encode())
        name = "first" if "deviceConfigurations" in url else "elsewhere"
        return httpx.Response(200, content=pages[name])

    def root_for(item):
        cast = item["url"].partition("microsoft.graph.")[2].partition("/")[0]
        root = recorded.roots[cast.lower().partition("scep")[0]]
        return f'{{"id":"{item["id"]}","status":200,"body":{root}}}'

    return httpx.MockTransport(answer)


def read_with_httpx(recorded, roots_of=()):
    """Read the pages, and the roots of some profiles 20 a request, and do nothing with them."""
    paths = [
        f"/deviceManagement/deviceConfigurations/{wire['id']}"
        f"/{wire['@odata.type'].removeprefix('#')}/rootCertificate?$expand=assignments"
        for wire in roots_of
    ]

    async def main():
        async with httpx.AsyncClient(transport=answering(recorded)) as client:
            url = CONFIGURATIONS
            count = 0
            while url:
                body = json.loads((await client.get(url)).content)
                count += len(body["value"])
                url = body.get("@odata.nextLink")
            for start in range(0, len(paths), 20):
                asked = enumerate(paths[start : start + 20])
                requests = [{"id": str(i), "method": "GET", "url": path} for i, path in asked]
                content = json.dumps({"requests": requests})
                answer = await client.post(f"{GRAPH}/$batch", content=content)
                assert len(json.loads(answer.content)["responses"]) == len(requests)
            assert count >= COUNT

    asyncio.run(main())


def assess(recorded, verdict):
    # Returns nothing: asyncio formats what a program returns, however long it is.
    async def main():
        engine = GraphEngine(
            CLOUDS["public"], StaticCredential("token"), transport=answering(recorded)
        )
        tenant = Tenant(GraphSession(engine, unpaced()), "tenant", "public")
        assessment = await assess_tenant(tenant)
        await tenant.close()
        assert assessment.counts[verdict] == COUNT

    asyncio.run(main())


def test_assessing_what_is_mapped_against_reading(mapped):
    assess(mapped, "mapped")
    Row(
        f"Assessing {COUNT:,} profiles of which none is to change",
        "reading the same answers with httpx and json",
        2.5,
    ).measure(
        lambda: cpu(lambda: assess(mapped, "mapped")), lambda: cpu(lambda: read_with_httpx(mapped))
    )


def test_assessing_what_may_change_against_reading(changeable):
    # Each is judged by about ninety rules with its root, and the change of it by ten more, each a
    # function in Python: that costs what reading ten profiles costs, and 2.5 would leave 50 µs for
    # all of it. The roots are read 20 a request by both sides.
    assess(changeable, "required")
    scep = changeable.scep
    Row(
        f"Assessing {COUNT:,} profiles that may all change, by all rules",
        "reading the same answers with httpx and json",
        10,
    ).measure(
        lambda: cpu(lambda: assess(changeable, "required")),
        lambda: cpu(lambda: read_with_httpx(changeable, scep)),
    )


@pytest.fixture(scope="module")
def wires(changeable):
    """Those SCEP profiles as Graph sends them."""
    return changeable.scep


def read_whole(wires):
    """Parse profiles and validate every property; most jobs need few of them."""
    profiles = [parse_profile(wire) for wire in wires]
    assert not any(profile.malformed for profile in profiles)
    return profiles


def test_parsing_grows_with_the_number(wires):
    def parse(count):
        return cpu(lambda: read_whole(wires[:count]))

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
    """CPU seconds of parsing with every property validated, and of checking what was parsed."""
    profiles = []
    with collector_paused():  # As the jobs do.
        parsing = cpu(lambda: profiles.extend(read_whole(wires)))
        return parsing, cpu(lambda: check_all(profiles))


def test_checking_against_parsing(wires):
    # Parsing alone validates nothing any more, so the other side reads every property too. These
    # profiles set four different things between them, as those of a tenant do that were copied of
    # one another; where each sets something of its own, checking costs two to three times as much.
    parse_and_check(wires[:100])
    parsing, checking = zip(*(parse_and_check(wires[:COUNT]) for _ in range(ROUNDS)), strict=True)
    work = f"Checking {COUNT:,} profiles by all rules"
    Row(work, "parsing them and validating every property", 4).show(checking, parsing)


def test_checking_grows_with_the_number(wires):
    large, small = [], []
    for _ in range(ROUNDS):
        large.append(parse_and_check(wires[:COUNT])[1])
        small.append(parse_and_check(wires[: COUNT // 10])[1] * 10)
    Row(f"Checking {COUNT:,} profiles", f"ten times {COUNT // 10:,}", 1.1).show(large, small)
