"""The page in a real browser: it filters, fits, loads nothing, and draws what is in sight."""

import itertools
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intune_scep.compliance import (
    CheckedProfile,
    ComplianceReport,
    Policy,
    Step,
    approve,
    check_tenant,
    read_baseline,
)
from intune_scep.compliance.roots import ProfileRef
from intune_scep.reports.files import write_reports
from intune_scep.reports.formats import render
from intune_scep.rules import Finding, Severity
from intune_scep.rules.verdicts import Verdict

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
DRAWN = "[...document.querySelectorAll('details.profile')].filter(e => e.offsetHeight)"
SHOWN = "+(document.querySelector('.slot')?.getAttribute('aria-setsize') ?? 0)"
NEXT_FRAME = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
NAMES = f"{DRAWN}.map(e => e.querySelector('.name').textContent)"
AT_THE_TOP = """
(() => { const r = document.querySelector(location.hash).getBoundingClientRect();
 return r.top >= 0 && r.top < innerHeight; })()
"""
MANY = 5000


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


def scroll_through(tab):
    """Go down the page a screen at a time, yielding at each."""
    tab.run("scrollTo({top: 0, behavior: 'instant'})")
    while True:
        tab.run(NEXT_FRAME)
        yield
        before = tab.run("scrollY")
        tab.run("scrollBy({top: innerHeight, behavior: 'instant'})")
        if tab.run("scrollY") == before:
            return


def test_it_loads_nothing_and_throws_nothing(opened):
    tab, report = opened
    assert tab.run("document.title").startswith("Needs attention")
    assert tab.run(SHOWN) == len(report.profiles)
    assert tab.errors == []
    assert {url.partition(":")[0] for url in tab.requests} == {"file"}
    assert len(tab.requests) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_overflows_with_everything_open(opened, width, scheme):
    tab, report = opened
    tab.media(scheme=scheme)
    tab.size(width, 900, mobile=width < 500)
    tab.run("document.querySelectorAll('details').forEach(e => e.open = true)")
    tab.click("#open-all")
    names = set()
    for _ in scroll_through(tab):
        assert tab.run(OVERFLOWING) == []
        assert tab.run(f"{DRAWN}.every(e => e.open)")
        names.update(tab.run(NAMES))
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert names == {item.name for item in report.profiles}
    assert any("W" * 300 in name for name in names)


def test_filters_by_verdict_severity_platform_and_search(opened):
    tab, report = opened
    tab.click("button[data-verdict='required']")
    assert tab.run(SHOWN) == report.verdicts["required"]
    assert tab.run(f"{DRAWN}.every(e => e.dataset.verdict === 'required')")
    assert tab.run("document.getElementById('shown').textContent") == (
        f"{report.verdicts['required']} of {len(report.profiles)} profiles"
    )
    tab.click("button[data-verdict='defective']")
    both = report.verdicts["required"] + report.verdicts["defective"]
    assert tab.run(SHOWN) == both
    tab.click("#reset")
    assert tab.run(SHOWN) == len(report.profiles)
    tab.click("button[data-severity='error']")
    with_errors = {
        item.id
        for item in report.profiles
        if any(finding.severity == "error" for finding in item.findings)
    }
    assert tab.run(SHOWN) == len(with_errors)
    tab.click("#reset")
    tab.type("#search", "pilot r-181")
    assert "Android BYOD - SCEP - User - Pilot" in tab.run(NAMES)
    tab.type("#search", " nobody has this")
    assert tab.run(SHOWN) == 0
    assert tab.run("document.getElementById('nothing').offsetHeight") > 0
    assert tab.errors == []


def test_numbers_and_links_lead_to_their_profiles(opened):
    tab, report = opened
    tab.click("a[data-show-verdict='required']")
    assert tab.run(SHOWN) == report.verdicts["required"]
    tab.click(".steps a[href^='#profile-']")
    assert tab.run("document.querySelector(location.hash).open")
    assert tab.run(AT_THE_TOP)


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
            f"{unnamed}.filter(e => !(e.textContent.trim() || e.labels?.length || e.ariaLabel))"
            ".map(e => e.outerHTML)"
        )
        == []
    )
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


LINES = "[...document.querySelectorAll('#lines tbody tr')].map(e => e.innerText)"


def test_print_shows_a_line_for_every_profile_and_no_filters(opened):
    tab, report = opened
    tab.run("dispatchEvent(new Event('beforeprint'))")
    tab.media(kind="print")
    assert tab.run("document.querySelector('.filters').offsetHeight") == 0
    assert tab.run("document.getElementById('list').offsetHeight") == 0
    lines = tab.run(LINES)
    assert_told(lines, report)
    tab.run("dispatchEvent(new Event('afterprint'))")
    tab.media()
    tab.run(NEXT_FRAME)
    assert tab.run("document.getElementById('lines')") is None
    assert tab.run(f"{DRAWN}.length") > 0
    assert tab.run(f"{DRAWN}.filter(e => e.open).length") == 0


def assert_told(lines, report):
    """A line has the name, the verdict and the rules."""
    assert len(lines) == len(report.profiles)
    for profile in report.profiles:
        names = profile.name, f"{profile.name} ({profile.id})"
        [line] = [line for line in lines if line.partition("\t")[0] in names]
        assert (profile.verdict or "").replace("_", "") in re.sub("[- ]", "", line).lower()
        assert {item.rule_id for item in profile.findings} == set(re.findall(r"R-\d+", line))


def test_without_javascript_the_same_lines_are_there(opened, tab):
    _, report = opened
    tab.run("dispatchEvent(new Event('beforeprint'))")
    printed = tab.run(LINES)
    tab.scripting(on=False)
    try:
        tab.open(tab.run("location.href"))
        lines = tab.run(LINES)
        assert lines == printed
        assert_told(lines, report)
        assert tab.run("document.querySelector('.filters').offsetHeight") == 0
        assert tab.run("document.getElementById('blocked').offsetHeight") == 0
        assert tab.run(
            "[...document.querySelectorAll('a[href^=\"#profile-\"]')]"
            ".every(e => document.getElementById(e.hash.slice(1)))"
        )
    finally:
        tab.scripting(on=True)


def test_a_page_whose_script_is_blocked_says_so(tab, page, tmp_path):
    _, url = page
    source = (tmp_path / "reports" / "compliance.html").read_text(encoding="utf-8")
    broken = tmp_path / "blocked.html"
    broken.write_text(
        re.sub("script-src .*? base", "script-src 'none'; base", source), encoding="utf-8"
    )
    tab.open(broken.as_uri())
    assert tab.run("document.getElementById('blocked').offsetHeight") > 0
    tab.open(url)
    assert tab.run("document.getElementById('blocked').offsetHeight") == 0


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A report of many profiles, as a URL."""
    profiles = tuple(
        CheckedProfile(
            id=f"id-{number}",
            name=f"Name {number:05}",
            kind="scep",
            odata_type="#microsoft.graph.windows81SCEPCertificateProfile",
            platform="windows",
            certificate_type="user",
            version=1,
            verdict=Verdict.REQUIRED if number % 2 else Verdict.MAPPED,
            reason="Because.",
            root=None,
            assignments=("All users",) if number % 3 else ("Group of every third",),
            used_by=(),
            findings=(FINDING,) if number % 2 else (),
        )
        for number in range(MANY)
    )
    refs = tuple(ProfileRef(item.name, item.id) for item in profiles if item.findings)
    step = Step(Severity.WARNING, "R-075", "Title of the step", "Why", "Remedy", refs)
    report = ComplianceReport(
        "tenant", "public", "tenant", NOW, Policy(), profiles=profiles, steps=(step,)
    )
    path = tmp_path_factory.mktemp("large") / "compliance.html"
    path.write_text(render("html", report), encoding="utf-8")
    return path.as_uri()


FINDING = Finding(
    rule_id="R-075",
    severity=Severity.WARNING,
    profile_id=None,
    profile_name=None,
    odata_type="x",
    property="keySize",
    message="Message",
    remedy="Do",
    source="Source",
)


@pytest.fixture
def scrolled(tab, large):
    tab.errors.clear()
    tab.media()
    tab.size(1280, 900)
    tab.open("about:blank")
    tab.open(large)
    yield tab
    assert tab.errors == []


def test_few_rows_are_drawn_wherever_one_scrolls(scrolled):
    for part in (0, 0.1, 0.5, 0.9, 1, 0.3, 0):
        scrolled.run(
            f"scrollTo({{top: {part} * document.documentElement.scrollHeight,"
            " behavior: 'instant'})"
        )
        scrolled.run(NEXT_FRAME)
        assert scrolled.run("document.querySelectorAll('.slot').length") < 80
        assert scrolled.run("document.querySelectorAll('*').length") < 4000
        # What is in sight has no holes.
        tops = scrolled.run(
            "[...document.querySelectorAll('.slot')].map(e => e.getBoundingClientRect())"
            ".map(r => [r.top, r.bottom])"
        )
        assert all(abs(one[1] - other[0]) < 1.5 for one, other in itertools.pairwise(tops)), part


@pytest.mark.parametrize("number", [1, 2, 77, MANY // 2, MANY - 1, MANY])
def test_an_anchor_opens_its_profile_wherever_it_is(scrolled, number):
    scrolled.type("#search", "nothing has this")
    scrolled.run(f"location.hash = 'profile-{number}'")
    scrolled.run(NEXT_FRAME)
    assert scrolled.run("document.querySelector(location.hash).open")
    assert scrolled.run(AT_THE_TOP)
    assert scrolled.run(f"document.activeElement.closest('#profile-{number}') !== null")
    assert scrolled.run(SHOWN) == MANY


@pytest.mark.parametrize("word", ["profile-0", "profile-99999", "profile-x", "profiles", "%zz", ""])
def test_an_address_that_leads_nowhere_does_no_harm(scrolled, word):
    scrolled.run(f"location.hash = '{word}'")
    scrolled.run(NEXT_FRAME)
    assert scrolled.run(SHOWN) == MANY


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("name 04321", ["Name 04321"]),
        ("ID-4998", ["Name 04998"]),
        ("message", MANY // 2),
        ("r-075", MANY // 2),
        ("third message", 833),
        ("mapped windows", MANY // 2),
        ("scep all users", MANY - 1667),
        ("remedy", 0),
    ],
)
def test_search_looks_at_profiles_that_are_not_drawn(scrolled, words, found):
    scrolled.type("#search", words)
    if isinstance(found, list):
        assert scrolled.run(NAMES) == found
    else:
        assert scrolled.run(SHOWN) == found


def test_more_names_than_a_page_can_hold_are_a_filter(scrolled):
    assert scrolled.run("document.querySelectorAll('.steps a').length") == 5
    scrolled.click(".steps a[data-places]")
    assert scrolled.run(SHOWN) == MANY // 2
    assert scrolled.run(f"{DRAWN}.every(e => e.dataset.verdict === 'required')")
    assert "Title of the step" in scrolled.run("document.getElementById('chosen').innerText")
    scrolled.click("#chosen")
    assert scrolled.run(SHOWN) == MANY
    assert scrolled.run("document.getElementById('chosen').offsetHeight") == 0


def test_the_keyboard_goes_through_all_profiles(scrolled):
    where = "document.activeElement.closest('.slot')?.getAttribute('aria-posinset')"
    scrolled.run("document.querySelector('.profile summary').focus()")
    for _ in range(60):
        scrolled.key("Tab")
    assert scrolled.run(where) == "61"
    for key, expected in (
        ("ArrowDown", "62"),
        ("ArrowUp", "61"),
        ("End", str(MANY)),
        ("ArrowDown", str(MANY)),
        ("ArrowUp", str(MANY - 1)),
        ("Home", "1"),
        ("ArrowUp", "1"),
    ):
        scrolled.key(key)
        assert scrolled.run(where) == expected, key
    scrolled.key("Enter")
    assert scrolled.run("document.activeElement.parentNode.open")
    # Who scrolls away keeps the place.
    scrolled.run("scrollTo({top: document.documentElement.scrollHeight, behavior: 'instant'})")
    scrolled.run(NEXT_FRAME)
    assert scrolled.run(where) == "1"
    scrolled.key("Tab")
    assert scrolled.run(where) == "2"


def test_opening_all_opens_what_is_drawn_later(scrolled):
    scrolled.click("#open-all")
    scrolled.run("scrollTo({top: document.documentElement.scrollHeight / 2, behavior: 'instant'})")
    scrolled.run(NEXT_FRAME)
    assert scrolled.run(f"{DRAWN}.length > 0 && {DRAWN}.every(e => e.open)")
    before = scrolled.run(f"{NAMES}[0]")
    scrolled.run(NEXT_FRAME)
    assert scrolled.run(f"{NAMES}[0]") == before


def test_names_are_text_in_the_list_and_on_paper(scrolled, tmp_path):
    hostile = "</script><img src=x onerror=document.title='stolen'><!--<script>\u2028&lt;b&gt;"
    profile = CheckedProfile(
        hostile, hostile, "scep", hostile, None, hostile, 1, Verdict.REVIEW, hostile, hostile,
        (hostile,), (hostile,), (replace(FINDING, message=hostile, remedy=hostile),),
    )  # fmt: skip
    report = ComplianceReport(
        "tenant", "public", "tenant", NOW, Policy(), profiles=(profile, profile)
    )
    path = tmp_path / "hostile.html"
    path.write_text(render("html", report), encoding="utf-8")
    scrolled.open(path.as_uri())
    scrolled.click("#open-all")
    scrolled.run("dispatchEvent(new Event('beforeprint'))")
    assert scrolled.run("document.querySelectorAll('img').length") == 0
    assert scrolled.run("document.querySelectorAll('script').length") == 2
    shown = hostile.replace("\u2028", "\\u2028")
    assert scrolled.run("document.querySelector('#lines th[scope=row]').textContent") == (
        f"{shown} ({shown})"
    )
    scrolled.run("dispatchEvent(new Event('afterprint'))")
    scrolled.run(NEXT_FRAME)
    assert scrolled.run(NAMES) == [shown, shown]
    assert scrolled.run("document.querySelector('.finding').textContent").count(shown) == 2
    assert "stolen" not in scrolled.run("document.title")
