"""Whatever a tenant calls its profiles, no report says anything else than what it is."""

import json
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, FormatChecker
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from intune_scep.reports.formats import FORMATS, render
from intune_scep.reports.machine import report_schema
from intune_scep.reports.safe_text import markdown
from intune_scep.texts import one_line, printable

from .hostile import SPECIALS, hostile, report_with

many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALIDATOR = Draft202012Validator(report_schema(), format_checker=FormatChecker())


class Page(HTMLParser):
    """Tags with attributes, and text outside of script and style."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.raw = [], [], []
        self._inside = None
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, tuple(sorted(name for name, _ in attributes))))
        self.raw += [value for name, value in attributes if name in {"href", "src", "style"}]
        self._inside = tag if tag in {"script", "style"} else self._inside

    def handle_endtag(self, tag):
        self._inside = None if tag == self._inside else self._inside

    def handle_data(self, data):
        if self._inside is None:
            self.text.append(data)


CALM = Page(render("html", report_with("Calm name")))
METRICS = {
    family.name
    for family in text_string_to_metric_families(render("prometheus", report_with("Calm name")))
}


@many
@given(hostile)
def test_html_has_the_same_elements_whatever_the_names_are(text):
    page = Page(render("html", report_with(text)))
    assert set(page.tags) <= set(CALM.tags) | {
        ("a", ("href",)),
        ("details", ("class",)),
    }
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert all(value.startswith("#") for value in page.raw)
    shown = " ".join("".join(page.text).split())
    assert one_line(text) in shown


@many
@given(hostile)
def test_json_validates_against_the_published_schema_and_keeps_the_name(text):
    data = json.loads(render("json", report_with(text)).encode())
    VALIDATOR.validate(data)
    [profile] = [item for item in data["profiles"] if item["kind"] == "scep"]
    assert profile["name"] == text


@many
@given(hostile)
def test_markdown_shows_names_as_text(text):
    source = render("markdown", report_with(text))
    parser = MarkdownIt("gfm-like")
    kinds = {
        child.type for token in parser.parse(source) for child in (token, *(token.children or ()))
    }
    assert kinds <= {
        *("heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close"),
        *("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close"),
        *("list_item_open", "list_item_close", "text", "text_special", "softbreak", "hardbreak"),
        *("strong_open", "strong_close", "code_inline"),
        *(f"{part}_{end}" for part in ("table", "thead", "tbody") for end in ("open", "close")),
        *(f"{part}_{end}" for part in ("tr", "th", "td") for end in ("open", "close")),
    }
    rendered = Page(MarkdownIt("gfm-like").render(f"Name: {markdown(text)}."))
    assert " ".join("".join(rendered.text).split()) == " ".join(f"Name: {one_line(text)}.".split())


@many
@given(hostile)
def test_junit_is_well_formed_and_keeps_visible_names(text):
    root = ET.fromstring(render("junit", report_with(text)).encode())
    names = {suite.get("name") for suite in root}
    expected = printable(text) or "(no name)"
    assert " ".join(expected.split()) in {" ".join(name.split()) for name in names} or not text


@many
@given(hostile)
def test_prometheus_text_is_read_by_the_official_parser(text):
    families = list(text_string_to_metric_families(render("prometheus", report_with(text))))
    assert {family.name for family in families} == METRICS
    for family in families:
        for sample in family.samples:
            assert sample.labels["tenant"] == "tenant"


@many
@given(hostile)
def test_terminal_text_has_no_control_characters(text):
    out = render("text", report_with(text))
    assert out == printable(out)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", SPECIALS)
def test_every_form_is_valid_utf8(name, text):
    render(name, report_with(text)).encode()
