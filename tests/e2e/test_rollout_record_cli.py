"""One page for a change board: what it says, in every form, whatever things are called."""

import json
import stat
from html import unescape
from html.parser import HTMLParser

import pytest
import yaml

from intune_scep.simulator import FleetDriver
from intune_scep.simulator.scenario import build_scenario

from .commands import refused

RECORD = ("strong-mapping", "rollout", "record")
FILE = "strong-mapping.yml"
RINGS = (("Windows user Wi-Fi",), ("iOS user Wi-Fi", "Android user VPN"))


def write(**more):
    content = {
        "rollout": "users-2026",
        "strategy": "in_place",
        "rings": [
            {"name": name, "profiles": list(profiles)}
            for name, profiles in zip(("first", "last"), RINGS, strict=True)
        ],
        "gates": {"soak": "24h", "reissued": "90%", "seen": "80%"},
        **more,
    }
    with open(FILE, "w", encoding="utf-8") as file:  # noqa: PTH123 - in the test's directory
        yaml.safe_dump(content, file, sort_keys=False)


@pytest.fixture
def tenant(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(load={"per_scep_host": "300/h"})
    found = use(build_scenario("rollout", {"devices": 40}), name="rollout-40")
    found.control("PUT", "settings", {"missing_sid": "issues"})
    return found


def test_the_page_says_what_whom_in_which_order_what_it_costs_and_the_way_back(tenant, cli):
    code, out, err = cli(*RECORD)
    assert (code, err) == (0, "")
    assert out.startswith("# SIMULATOR: Rollout users-2026")
    titles = [line for line in out.splitlines() if line.startswith("## ")]
    assert titles == [
        "## What is done",
        "## Whom it reaches",
        "## In which order",
        "## What it costs",
        "## The way back",
        "## Notes",
        "## Justification",
    ]
    assert "3 SCEP profiles in 2 rings" in out
    assert "| 2 | last | iOS user Wi-Fi, Android user VPN |" in out
    assert "No SCEP host is asked for more than 300 an hour." in out
    assert "scep1.rollout.example" in out
    assert "rollout rollback" in out


def test_a_rollout_that_goes_on_shows_new_certificates_over_time(tenant, cli):
    start = cli("strong-mapping", "rollout", "start", "--yes")
    assert start[0] == 0, start
    driver = FleetDriver(tenant.path, clock=tenant._now)
    for _ in range(3):
        driver.advance(6 * 3600)
        assert cli("strong-mapping", "rollout", "run")[0] == 0
    code, out, _ = cli(*RECORD, "--format", "html")
    assert code == 0
    assert "How far it is" in out
    assert out.count("<polyline") == 1
    points = out.split('points="')[1].split('"')[0].split()
    assert len(points) == 4
    heights = [float(point.split(",")[1]) for point in points]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < heights[0]


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = set()
        self.text = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text.append(data)


HOSTILE = "<script>alert(1)</script> | `x` [a](http://b) \u202eabc"


def test_names_of_others_are_text_in_every_form(tenant, cli):
    wifi = next(
        item for item in tenant.profiles().values() if item["displayName"] == "Windows user Wi-Fi"
    )

    async def rename(graph):
        place = await graph.session.take_write_place()
        async with place, place.sending():
            await graph.session.write(
                "PATCH",
                f"deviceManagement/deviceConfigurations/{wifi['id']}",
                {"@odata.type": wifi["@odata.type"], "displayName": HOSTILE},
            )

    tenant.run(rename)
    write(
        rings=[
            {"name": "first", "profiles": [wifi["id"]]},
            {"name": "last", "profiles": list(RINGS[1])},
        ]
    )
    _, text, _ = cli(*RECORD)
    assert "<script>" not in text
    assert "\u202e" not in text
    [row] = [line for line in text.splitlines() if "alert" in line and line.startswith("| &#60;")]
    assert row.count(" | ") == 5
    _, html, _ = cli(*RECORD, "--format", "html")
    page = Page()
    page.feed(html)
    assert "script" not in page.tags
    assert any("<script>alert(1)</script>" in part for part in page.text)
    assert "default-src 'none'" in unescape(html)


@pytest.mark.parametrize("count", [1, 12, 60])
def test_a_justification_is_as_long_as_intune_takes(tenant, cli, count):
    write(rollout="u" * count)
    code, out, _ = cli(*RECORD, "--format", "justification")
    assert code == 0
    assert len(out.strip()) <= 1024
    assert out.startswith(f"Rollout {'u' * count}: strong certificate mapping")
    assert out.count("\n") == 1


def test_a_file_is_private_and_never_written_over_unasked(tenant, cli, tmp_path):
    path = tmp_path / "change.html"
    assert cli(*RECORD, "--format", "html", "--to", path)[0] == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    refused(cli(*RECORD, "--to", path), "is there already", "--overwrite")
    assert path.read_bytes() == before
    assert cli(*RECORD, "--to", path, "--overwrite")[0] == 0


def test_it_reads_only_and_says_what_it_may_not_read(tenant, cli):
    code, out, _ = cli(*RECORD, "--output", "json")
    data = json.loads(out)
    assert code == 0
    assert data["state"] is None
    assert len(data["justification"]) <= 1024
    assert {item["name"] for item in data["resolved"]["rings"]} == {"first", "last"}
    writes = [item for item in tenant.requests() if item["method"] not in {"GET", "POST"}]
    assert writes == []
