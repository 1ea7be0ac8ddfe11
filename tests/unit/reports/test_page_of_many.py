"""The page grows by what is of each profile alone, and keeps names harmless where they stand."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given

from intune_scep.compliance import Baseline
from intune_scep.compliance.drift import ProfileDrift, PropertyChange
from intune_scep.compliance.report import AssignmentDifference
from intune_scep.reports.formats import render
from intune_scep.texts import printable

from .hostile import hostile, report_with
from .large import RULES, large_report
from .test_forms import few

MANY = 2000


def data_of(page):
    """The block of data as a parser of HTML sees it."""
    [block] = _Blocks(page).found
    return json.loads(block)


class _Blocks(HTMLParser):
    def __init__(self, source):
        super().__init__()
        self.found, self._inside = [], False
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self._inside = tag == "script" and ("type", "application/json") in attributes
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.found[-1] += data


def rows_of(data):
    return [dict(zip(data["profile_columns"], row, strict=True)) for row in data["profiles"]]


def test_each_profile_costs_little():
    page = render("html", large_report(MANY))
    assert len(page.encode()) < 1_000_000


def alike(report):
    """As many differences of every kind as there are profiles, said in the same words."""
    nothing = dict.fromkeys(Baseline.__dataclass_fields__, ())
    baseline = Baseline(**{**nothing, "approved_at": "2026-01-01T00:00:00Z"})
    change = PropertyChange("keySize", ["size1024"], ["size2048"])
    return replace(
        report,
        baseline=baseline,
        drift=tuple(
            ProfileDrift("changed", item.id, item.name, item.odata_type, (change,))
            for item in report.profiles
        ),
        assignment_differences=tuple(
            AssignmentDifference(item.id, item.name, "Root", ("A",), ("B",), False)
            for item in report.profiles
        ),
    )


def test_what_is_said_of_all_is_said_once():
    page = render("html", alike(large_report(MANY)))
    assert len(page.encode()) < 1_000_000
    outside = page.partition("<noscript>")[0]
    for text in ("size1024", "These profiles go to A", "R-057 It re-issues"):
        assert outside.count(text) == 1, text
    assert len(re.findall("data-places=", outside)) == 5


@pytest.mark.parametrize("count", [1, 4, 5, 50, 51, 300])
def test_names_are_links_up_to_fifty_and_then_a_filter(count):
    page = render("html", large_report(count)).partition("<noscript>")[0]
    assert page.count('href="#profile-') == (count if count <= 50 else 4)
    assert ("data-places=" in page) is (count > 50)
    if count > 50:
        assert f"and {count - 4} more</a>" in page
        [places] = re.findall('data-places="([^"]*)"', page)
        assert sorted(map(int, places.split())) == list(range(count))


def test_the_data_say_of_each_profile_what_the_report_says():
    report = large_report(60)
    data = data_of(render("html", report))
    texts, columns = data["texts"], data["finding_columns"]
    assert len(data["findings"]) == len(RULES)
    for row, profile in zip(rows_of(data), report.profiles, strict=True):
        assert (row["name"], row["id"]) == (profile.name, profile.id)
        assert texts[row["verdict"]] == profile.verdict.value
        assert [texts[number] for number in row["assigned"]] == list(profile.assignments)
        findings = [
            {
                name: texts[text]
                for name, text in zip(columns, data["findings"][number], strict=True)
            }
            for number in row["findings"]
        ]
        assert {(item["rule"], item["message"], item["remedy"]) for item in findings} == {
            (item.rule_id, item.message, item.remedy) for item in profile.findings
        }


def test_what_was_not_read_is_not_taken_for_nothing():
    report = large_report(2)
    first, second = report.profiles
    report = replace(
        report, profiles=(replace(first, assignments=None), replace(second, assignments=()))
    )
    assert [row["assigned"] for row in rows_of(data_of(render("html", report)))] == [None, []]


@few
@given(hostile)
def test_no_name_ends_the_block_of_data(text):
    page = render("html", report_with(text))
    block = page.partition('id="data">')[2].partition("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(block)
    assert block == printable(block)
    assert (
        printable(text or "(no name)") in {row["name"] for row in rows_of(data_of(page))}
        or not text
    )


def test_every_profile_has_a_line_without_javascript():
    page = render("html", large_report(MANY))
    lines = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert lines.count("<tr id=") == MANY
    assert "<td>required</td><td>R-075, R-057, R-006</td>" in lines
