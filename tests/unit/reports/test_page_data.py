"""The page holds each profile as data and as one line, and each text once."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given

from intune_scep.reports.html import render_html
from intune_scep.texts import printable

from .hostile import hostile, report_with

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)
LINES = re.compile(r"<noscript>(.*?)</noscript>", re.S)
ROW = re.compile(
    r'<tr id="profile-(\d+)"><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', re.S
)


def many(report, count):
    """The same profiles again and again, under other names."""
    profiles = tuple(
        replace(item, id=f"{number:08d}", name=f"{item.name} {number:06d}")
        for number, item in zip(range(count), report.profiles * count)  # noqa: B905
    )
    return replace(report, profiles=profiles)


def data_of(page):
    [block] = DATA.findall(page)
    return json.loads(block)


@pytest.mark.parametrize("count", [0, 1, 3, 400])
def test_every_profile_has_a_line_without_script(count):
    report = many(report_with("Calm name"), count)
    page = render_html(report)
    if not count:
        assert not DATA.findall(page)
        return
    [lines] = LINES.findall(page)
    rows = ROW.findall(lines)
    assert [int(number) for number, *_ in rows] == list(range(1, count + 1))
    assert {name for _, name, *_ in rows} == {item.name for item in report.profiles}
    for _, name, verdict, rules in rows:
        [profile] = [item for item in report.profiles if item.name == name]
        assert verdict
        for finding in profile.findings:
            assert finding.rule_id in rules
    data = data_of(page)
    name = data["profile_columns"].index("name")
    assert [row[name] for row in data["profiles"]] == [name for _, name, *_ in rows]


def test_a_text_of_many_profiles_stands_in_the_page_once():
    few, lots = (many(report_with("Calm name"), count) for count in (10, 2_010))
    grown = len(render_html(lots).encode()) - len(render_html(few).encode())
    assert grown < 2_000 * 450
    assert len(data_of(render_html(lots))["texts"]) == len(data_of(render_html(few))["texts"])


@given(hostile)
def test_no_name_ends_the_data_or_begins_a_comment(text):
    page = render_html(report_with(text))
    [block] = DATA.findall(page)
    assert not set("<>&") & set(block)
    data = json.loads(block)
    name = data["profile_columns"].index("name")
    assert not text or printable(text) in {row[name] for row in data["profiles"]}
