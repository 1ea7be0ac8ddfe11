"""What the report's page costs for very many profiles: bytes, and time until a browser shows it."""

import time
from datetime import UTC, datetime

import pytest
from tests.e2e.browser import browser, find_chromium

from intune_scep.compliance import check_tenant
from intune_scep.reports.html import render_html
from intune_scep.simulator.scenarios.bulk import bulk

from .ratios import Row, cpu

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
FEW, MANY = 1_000, 10_000


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    from tests.conftest import SimulatedTenant

    from intune_scep.simulator import seed_database

    made = {}
    for size in (FEW, MANY):
        path = tmp_path_factory.mktemp("bench") / "tenant.db"
        seed_database(path, bulk(size))
        tenant = SimulatedTenant(path)
        tenant.control("PUT", "settings", {"throttling": False})
        made[size] = tenant.run(lambda graph: check_tenant(graph, now=NOW))
        tenant.close()
    return made


def test_bytes(reports):
    megabytes = len(render_html(reports[MANY]).encode()) / 1_000_000
    Row(f"The page of {MANY:,} profiles", "1 MB", 5, "MB").show([megabytes], [1.0])


def test_rendering(reports):
    Row(f"Rendering the page of {MANY:,} profiles", f"{FEW:,} profiles", 11).measure(
        lambda: cpu(lambda: render_html(reports[MANY])),
        lambda: cpu(lambda: render_html(reports[FEW])),
        rounds=3,
    )


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium here")
def test_opening(reports, tmp_path):
    with browser(find_chromium(), tmp_path / "chromium") as tab:

        def opening(size):
            path = tmp_path / f"{size}.html"
            path.write_text(render_html(reports[size]), encoding="utf-8")
            started = time.monotonic()
            tab.open(path.as_uri())
            assert tab.run("document.querySelectorAll('details.profile').length") > 0
            return time.monotonic() - started

        opening(FEW)
        row = Row(f"Opening the page of {MANY:,} profiles", f"{FEW:,} profiles", 2, "s")
        row.measure(lambda: opening(MANY), lambda: opening(FEW))
