"""The page in a real browser: it filters, it fits, and it loads nothing."""

import itertools
import os
from datetime import UTC, datetime, timedelta

import pytest

from intune_scep.compliance import approve, check_tenant, read_baseline
from intune_scep.reports.files import write_reports
from intune_scep.simulator.scenarios.bulk import bulk

from .browser import browser, find_chromium

pytestmark = pytest.mark.skipif(
    find_chromium() is None and not os.environ.get("CI"),
    reason="no Chromium here (Debian: apt-get install chromium); it is required in CI",
)
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CONFIGURATIONS = "deviceManagement/deviceConfigurations"
EVIL = "<script>document.title='stolen'</script>" + "W" * 300
WIDTHS = {"phone": 320, "tablet": 768, "desktop": 1280}
# An element that is wider than the page, and in no box that scrolls by itself.
OVERFLOWING = """
[...document.querySelectorAll('body *')].filter(e => {
  const r = e.getBoundingClientRect();
  return r.width && r.right > document.documentElement.clientWidth + 1
    && !e.closest('.scroll') && getComputedStyle(e).clipPath === 'none'
    && !e.closest('.hidden');
}).map(e => e.outerHTML.slice(0, 120))
"""
# The rows that are drawn: those in sight and around it.
SHOWN = "[...document.querySelectorAll('details.profile')].filter(e => e.offsetHeight)"
COUNTED = "document.getElementById('shown').textContent"
MANY = 2_000


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(find_chromium(), tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


@pytest.fixture
def page(simulated, tmp_path):
    """A report with drift, a trend and a hostile name, as a URL."""
    tenant = simulated("contoso")

    def check(days, **options):
        now = NOW + timedelta(days=days)
        return tenant.run(lambda graph: check_tenant(graph, now=now, **options))

    first = check(0)
    approve(first, tmp_path / "baseline.json", approved_by="Ada")
    write_reports(first, tmp_path / "reports")
    some = next(item for item in first.profiles if item.name.endswith("PKI pilot"))

    async def edit(graph):
        changes = {"@odata.type": some.odata_type, "displayName": EVIL, "keySize": "size1024"}
        await graph.session.write("PATCH", f"{CONFIGURATIONS}/{some.id}", changes)

    tenant.run(edit)
    report = check(1, baseline=read_baseline(tmp_path / "baseline.json"))
    write_reports(report, tmp_path / "reports")
    return report, (tmp_path / "reports" / "compliance.html").as_uri()


@pytest.fixture
def opened(tab, page):
    report, url = page
    tab.errors.clear()
    tab.requests.clear()
    tab.media()
    tab.size(1280, 900)
    tab.open(url)
    return tab, report


def test_it_loads_nothing_and_throws_nothing(opened):
    tab, report = opened
    assert tab.run("document.title").startswith("Needs attention")
    assert tab.run(COUNTED) == f"{len(report.profiles)} profiles"
    assert tab.errors == []
    assert {url.partition(":")[0] for url in tab.requests} == {"file"}
    assert len(tab.requests) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_overflows_with_everything_open(opened, width, scheme):
    tab, _ = opened
    tab.media(scheme=scheme)
    tab.size(width, 900, mobile=width < 500)
    tab.run("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert tab.run(OVERFLOWING) == []
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run("document.body.textContent.includes('W'.repeat(300))")


def test_filters_by_verdict_severity_platform_and_search(opened):
    tab, report = opened
    count = len(report.profiles)
    tab.click("button[data-verdict='required']")
    assert tab.run(f"{SHOWN}.length") > 0
    assert tab.run(f"{SHOWN}.every(e => e.dataset.verdict === 'required')")
    assert tab.run(COUNTED) == f"{report.verdicts['required']} of {count} profiles"
    tab.click("button[data-verdict='defective']")
    both = report.verdicts["required"] + report.verdicts["defective"]
    assert tab.run(COUNTED) == f"{both} of {count} profiles"
    tab.click("#reset")
    assert tab.run(COUNTED) == f"{count} profiles"
    tab.click("button[data-severity='error']")
    with_errors = {
        item.id
        for item in report.profiles
        if any(finding.severity == "error" for finding in item.findings)
    }
    assert tab.run(COUNTED) == f"{len(with_errors)} of {count} profiles"
    tab.click("#reset")
    tab.type("#search", "pilot r-181")
    assert tab.run(f"{SHOWN}.map(e => e.querySelector('.name').textContent)").count(
        "Android BYOD - SCEP - User - Pilot"
    )
    tab.type("#search", " nobody has this")
    assert tab.run(f"{SHOWN}.length") == 0
    assert tab.run("document.getElementById('nothing').offsetHeight") > 0
    assert tab.errors == []


def test_numbers_and_links_lead_to_their_profiles(opened):
    tab, report = opened
    tab.click("a[data-show-verdict='required']")
    assert tab.run(COUNTED).startswith(f"{report.verdicts['required']} of ")
    tab.click(".steps a[href^='#profile-']")
    assert tab.run("document.querySelector(location.hash).open")
    assert tab.run(
        "(() => { const r = document.querySelector(location.hash).getBoundingClientRect();"
        " return r.top >= 0 && r.top < innerHeight; })()"
    )


def test_colours_follow_the_scheme(opened):
    tab, _ = opened
    background = "getComputedStyle(document.body).backgroundColor"
    light = tab.run(background)
    tab.media(scheme="dark")
    dark = tab.run(background)
    brightness = [sum(map(int, colour[4:-1].split(","))) for colour in (light, dark)]
    assert brightness[0] > 600 > 150 > brightness[1]


def test_text_has_enough_contrast(opened):
    """WCAG 2 AA: 4.5 to 1 for text of this size, in both schemes."""
    tab, _ = opened
    tab.run("document.querySelectorAll('details').forEach(e => e.open = true)")
    script = """
    (() => {
      const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
      const lum = (c) => c.slice(0, 3).map(v => v / 255)
        .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
      const back = (e) => {
        for (; e; e = e.parentElement) {
          const c = parse(getComputedStyle(e).backgroundColor);
          if (c.length === 3 || c[3] === 1) return c;
        }
        return [255, 255, 255];
      };
      const bad = new Set();
      for (const e of document.querySelectorAll('body *')) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || !e.offsetHeight || ['SCRIPT', 'STYLE', 'OPTION'].includes(e.tagName)) continue;
        const [a, b] = [lum(parse(getComputedStyle(e).color)), lum(back(e))].sort((x, y) => y - x);
        if ((a + .05) / (b + .05) < 4.5) bad.add(`${e.tagName}.${e.className}`);
      }
      return [...bad];
    })()
    """
    for scheme in ("light", "dark"):
        tab.media(scheme=scheme)
        assert tab.run(script) == [], scheme


def test_it_can_be_read_without_seeing_it(opened):
    tab, _ = opened
    unnamed = "[...document.querySelectorAll('button, a, input, select, summary')]"
    assert (
        tab.run(
            f"{unnamed}.filter(e => !e.hidden)"
            ".filter(e => !(e.textContent.trim() || e.labels?.length || e.ariaLabel))"
            ".map(e => e.outerHTML)"
        )
        == []
    )
    assert tab.run("[...document.querySelectorAll('[hidden]')].every(e => !e.offsetHeight)")
    assert tab.run("document.documentElement.lang") == "en"
    assert tab.run("document.querySelectorAll('h1').length") == 1
    levels = tab.run("[...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1])")
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert tab.run(
        "[...document.querySelectorAll('svg')]"
        ".every(e => e.getAttribute('aria-hidden') || e.getAttribute('aria-label'))"
    )
    assert tab.run(
        "(() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
        " return ids.length === new Set(ids).size; })()"
    )


def test_print_shows_every_profile_and_no_filters(opened):
    tab, report = opened
    tab.run("dispatchEvent(new Event('beforeprint'))")
    tab.media(kind="print")
    assert tab.run("document.querySelector('.filters').offsetHeight") == 0
    rows = "[...document.querySelectorAll('#lines tbody tr')].filter(e => e.offsetHeight)"
    assert tab.run(f"{rows}.length") == len(report.profiles)
    assert tab.run(f"{rows}.every(e => [...e.cells].every(cell => cell.textContent))")
    assert tab.run(f"{SHOWN}.length") == 0
    tab.run("dispatchEvent(new Event('afterprint'))")
    tab.media()
    assert tab.run(f"{rows}.length") == 0
    assert tab.run(f"{SHOWN}.length") > 0


@pytest.fixture
def large(tab, simulated, tmp_path):
    tenant = simulated(bulk(MANY), name=f"bulk{MANY}")
    report = tenant.run(lambda graph: check_tenant(graph, now=NOW))
    write_reports(report, tmp_path, formats=["html"])
    path = tmp_path / "compliance.html"
    tab.errors.clear()
    tab.media()
    tab.size(1280, 900)
    tab.open(path.as_uri())
    return tab, report, path


def test_of_thousands_only_those_in_sight_are_drawn(large):
    tab, report, path = large
    count = len(report.profiles)
    assert path.stat().st_size < 500 * count
    for share in (0.3, 0.9, 0.99, 0.5):
        tab.run(f"scrollTo(0, document.documentElement.scrollHeight * {share})")
        tab.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert 0 < tab.run(f"{SHOWN}.length") < 100
        assert tab.run(
            f"{SHOWN}.some(e => {{ const r = e.getBoundingClientRect();"
            " return r.bottom > 0 && r.top < innerHeight; })"
        )
    tab.run(f"location.hash = 'profile-{count - 7}'")
    tab.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert tab.run("document.querySelector(location.hash).open")
    last = sorted(item.name for item in report.profiles if item.kind == "scep")[-1]
    tab.type("#search", last)
    assert tab.run(COUNTED) == f"1 of {count} profiles"
    assert tab.run(f"{SHOWN}.map(e => e.querySelector('.name').textContent)") == [last]
    assert tab.errors == []


def test_the_keyboard_goes_through_all_of_them(large):
    tab, report, _ = large
    tab.run(f"{SHOWN}[0].querySelector('summary').focus()")
    press = (
        "document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {{key: '{}', bubbles: true, cancelable: true}}))"
    )
    place = "Number(document.activeElement.closest('.row').dataset.place)"
    tab.run(press.format("End"))
    assert tab.run(place) == len(report.profiles) - 1
    tab.run(press.format("ArrowUp"))
    assert tab.run(place) == len(report.profiles) - 2
    tab.run(press.format("Home"))
    assert tab.run(place) == 0
