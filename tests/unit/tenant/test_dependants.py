"""The table of certificate links is Microsoft's, and following it costs few requests."""

import importlib.util
import re
from functools import cache
from pathlib import Path

from intune_scep.tenant.dependants import CERTIFICATE_LINKS, read_dependants

BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
CLASS = re.compile(r"^class (\w+)\((\w+)", re.MULTILINE)
FIELD = re.compile(r"^    (\w+): Optional\[", re.MULTILINE)
LINKS = {
    BOUNDARY.sub("_", link).lower(): link for links in CERTIFICATE_LINKS.values() for link in links
}


@cache
def models():
    """Class of Microsoft's beta SDK -> (its base, its fields), from the source text."""
    [package] = importlib.util.find_spec("msgraph_beta").submodule_search_locations
    found = {}
    for path in (Path(package) / "generated" / "models").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if match := CLASS.search(text):
            found[match[1]] = match[2], set(FIELD.findall(text))
    return found


def lineage(name):
    while name in models():
        yield name
        name = models()[name][0]


def links_in_the_sdk():
    found = {}
    for name in models():
        ancestors = list(lineage(name))
        fields = set().union(*(models()[item][1] for item in ancestors))
        if "DeviceConfiguration" in ancestors and fields & set(LINKS):
            found[name.lower()] = {LINKS[field] for field in fields & set(LINKS)}
    return {name: links for name, links in found.items() if not name.endswith("base")}


def test_the_table_is_what_microsofts_models_say():
    table = {name.lower(): set(links) for name, links in CERTIFICATE_LINKS.items()}
    assert links_in_the_sdk() == table


def test_links_are_read_twenty_a_request(simulated):
    tenant = simulated("contoso")

    async def work(graph):
        wires = []
        async for page in graph.session.pages(
            "deviceManagement/deviceConfigurations", query={"$expand": "assignments"}
        ):
            wires += page
        return await read_dependants(graph, wires)

    found = tenant.run(work)
    questions = [item for item in tenant.requests("GET") if item["batch"] is not None]
    assert len(tenant.sent("POST")) == -(-len(questions) // 20)
    assert not found.failures
    names = {user.name for users in found.by_profile.values() for user in users}
    assert len(names) == 16
    assert all(user.assignments for users in found.by_profile.values() for user in users)
