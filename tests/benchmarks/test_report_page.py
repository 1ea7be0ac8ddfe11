"""What the HTML report of many profiles costs: to make, to keep, and to open in a browser."""

import time

import pytest
from tests.e2e.browser import browser, find_chromium
from tests.unit.reports.large import large_report

from intune_scep.reports.formats import render

from .ratios import Row, cpu

COUNT = 10_000
ROUNDS = 5
DRAWN = """
new Promise(r => requestAnimationFrame(() => requestAnimationFrame(
  () => r(document.querySelectorAll('.slot').length))))
"""


@pytest.fixture(scope="module")
def reports():
    return {count: large_report(count) for count in (COUNT, COUNT // 10)}


@pytest.fixture(scope="module")
def pages(reports, tmp_path_factory):
    """The pages' paths, by their number of profiles."""
    folder = tmp_path_factory.mktemp("pages")
    found = {count: folder / f"{count}.html" for count in reports}
    for count, path in found.items():
        path.write_text(render("html", reports[count]), encoding="utf-8")
    return found


def test_size(pages):
    size = pages[COUNT].stat().st_size / 1e6
    Row(f"The HTML page of {COUNT:,} profiles", "1 MB", 5, "MB").show([size], [1])


def test_rendering_grows_with_the_number(reports):
    render("html", reports[COUNT // 10])
    Row(
        f"Rendering the HTML page of {COUNT:,} profiles", f"ten times {COUNT // 10:,}", 1.1
    ).measure(
        lambda: cpu(lambda: render("html", reports[COUNT])),
        lambda: cpu(lambda: [render("html", reports[COUNT // 10]) for _ in range(10)]),
        rounds=ROUNDS,
    )


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium here")
def test_opening_in_a_browser(pages, tmp_path):
    with browser(find_chromium(), tmp_path) as tab:
        tab.size(1280, 900)

        def usable(count):
            tab.open("about:blank")
            started = time.monotonic()
            tab.open(pages[count].as_uri())
            assert tab.run(DRAWN) > 0
            return time.monotonic() - started

        usable(COUNT // 10)
        usable(COUNT)
        Row(
            f"Opening the HTML page of {COUNT:,} profiles", f"that of {COUNT // 10:,}", 2, "s wall"
        ).measure(lambda: usable(COUNT), lambda: usable(COUNT // 10), rounds=ROUNDS)
