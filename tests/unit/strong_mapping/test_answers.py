"""Answers of people and of the script are read in every form, or refused with their place."""

import json
import re
from datetime import date

import pytest
from tests.domain_answers import domain_answers

from intune_scep.errors import AnswersError
from intune_scep.strong_mapping.answers import Answer, read_answers


def written(tmp_path, content, name="answers.yml"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


ROLLOUT_FILE = """\
rollout: users-2026
strategy: in_place
rings: [{name: first, profiles: [A]}]
answers:
  domain_controllers_2019: {answer: yes, by: Ann, on: 2026-11-20}
  ca_in_ntauth: no
"""


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (
            ROLLOUT_FILE,
            {
                "domain_controllers_2019": Answer(True, "Ann", date(2026, 11, 20)),
                "ca_in_ntauth": Answer(False),
            },
        ),
        ("answers: {ca_in_ntauth: 'yes'}", {"ca_in_ntauth": Answer(True)}),
        ("answers: {ca_in_ntauth: {answer: unknown}}", {"ca_in_ntauth": Answer(None)}),
        (
            "answers: {ca_in_ntauth: {answer: 'No', on: '2026-11-20'}}",
            {"ca_in_ntauth": Answer(False, None, date(2026, 11, 20))},
        ),
        ("answers: {}", {}),
        ('{"answers": {"ca_in_ntauth": true}}', {"ca_in_ntauth": Answer(True)}),
        ('{"answers": {"ca_in_ntauth": "no"}}', {"ca_in_ntauth": Answer(False)}),
    ],
)
def test_answers_of_people(tmp_path, text, answers):
    assert read_answers([written(tmp_path, text)]).given == answers


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_answers_of_the_script_in_every_way_that_powershell_writes(tmp_path, encoding):
    text = json.dumps(domain_answers(), indent=4).replace("\n", "\r\n")
    found = read_answers([written(tmp_path, text.encode(encoding), "domain.json")])
    assert found.domain is not None
    assert found.domain.domain_controllers[0].reads_sid_uri


def test_both_kinds_together(tmp_path):
    mine = written(tmp_path, "answers: {ca_in_ntauth: yes}")
    script = written(tmp_path, json.dumps(domain_answers()), "domain.json")
    found = read_answers([mine, script])
    assert found.domain is not None
    assert set(found.given) == {"ca_in_ntauth"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "answers: {domain_controlers_2019: yes}",
            "domain_controlers_2019: there is no such question. Did you mean domain_controllers",
        ),
        ("answers: {7: yes}", "answers.7: there is no such question"),
        ("answers: {ca_in_ntauth: maybe}", "answers.ca_in_ntauth: this must be yes, no or unknown"),
        ("answers: {ca_in_ntauth: 1}", "answers.ca_in_ntauth: this must be yes, no or unknown"),
        ("answers: {ca_in_ntauth: }", "answers.ca_in_ntauth: this must be yes, no or unknown"),
        ("answers: {ca_in_ntauth: [yes]}", "answers.ca_in_ntauth: this must be yes, no or unknown"),
        ("answers: {ca_in_ntauth: {by: Ann}}", "answers.ca_in_ntauth.answer: this key is missing"),
        (
            "answers: {ca_in_ntauth: {answer: yes, who: A}}",
            "answers.ca_in_ntauth.who: this key is not known",
        ),
        (
            "answers: {ca_in_ntauth: {answer: yes, by: 7}}",
            "answers.ca_in_ntauth.by: this must be a name",
        ),
        (
            "answers: {ca_in_ntauth: {answer: yes, by: ' '}}",
            "answers.ca_in_ntauth.by: this must be a name",
        ),
        (
            "answers: {ca_in_ntauth: {answer: yes, on: soon}}",
            "answers.ca_in_ntauth.on: this must be a day",
        ),
        (
            "answers: {ca_in_ntauth: {answer: yes, on: 2026-11-20 10:00:00}}",
            "answers.ca_in_ntauth.on: this must be a day",
        ),
        ("answers: [ca_in_ntauth]", "answers: this must be an object"),
        ("answers:", "answers: this must be an object"),
        ("ca_in_ntauth: yes", "it has no answers"),
        ("", "it has no answers"),
        ("- 1", "it has no answers"),
        ("answers: {ca_in_ntauth: yes, ca_in_ntauth: no}", "stands twice"),
        ("answers: {a: [}", "line 1"),
        ('{"answers": {"ca_in_ntauth": true', "answers.yml"),
        ('{"answers": {}} {}', "answers.yml"),
        ('{"format": "x"}', "this must be what the script prints"),
        ("answers: {ca_in_ntauth: !!python/name:os.system }", "a tag is not known"),
    ],
)
def test_a_mistake_is_refused_with_its_place(tmp_path, text, told):
    with pytest.raises(AnswersError, match=re.escape(told)) as caught:
        read_answers([written(tmp_path, text)])
    assert "answers.yml" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"\x00" * 64, b"answers: \xc3\x28", b"[" * 5_000, b"{" * 5_000],
    ids=["torn", "zeros", "not UTF-8", "deep YAML", "deep JSON"],
)
def test_a_file_that_is_no_text_or_too_deep_is_refused(tmp_path, content):
    with pytest.raises(AnswersError):
        read_answers([written(tmp_path, content)])


def test_two_files_that_answer_the_same_are_refused(tmp_path):
    first = written(tmp_path, "answers: {ca_in_ntauth: yes}", "a.yml")
    second = written(tmp_path, "answers: {ca_in_ntauth: no}", "b.yml")
    with pytest.raises(AnswersError, match=r"b\.yml: ca_in_ntauth: another file answers this"):
        read_answers([first, second])
    script = written(tmp_path, json.dumps(domain_answers()), "domain.json")
    with pytest.raises(AnswersError, match="were given already"):
        read_answers([script, script])


@pytest.mark.parametrize("name", ["nowhere.yml", "."])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(AnswersError, match="answers"):
        read_answers([tmp_path / name])
