"""The configuration of the rules as a file that people write."""

import re
from datetime import date
from pathlib import Path

import pytest

from intune_scep.errors import ConfigurationError
from intune_scep.rules import Configuration, Severity, Waiver, load_configuration

NO_REASON = "waivers:\n  - {rule: R-090, profile: Lab, expires: 2027-03-31}"
GOOD = """\
severities:
  R-006: warning
disabled: [R-141]
waivers:
  - rule: R-090
    profile: Lab
    reason: closes in March
    expires: 2027-03-31
answers:
  R-080: yes
  R-156: false
"""


def load(tmp_path: Path, text: str | bytes) -> Configuration:
    path = tmp_path / "rules.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_configuration(path)


def test_reads_what_was_decided(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) == Configuration(
        severities={"R-006": Severity.WARNING},
        disabled=frozenset({"R-141"}),
        waivers=(Waiver("R-090", "Lab", "closes in March", date(2027, 3, 31)),),
        answers={"R-080": True, "R-156": False},
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "waivers: []"])
def test_an_empty_file_decides_nothing(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == Configuration()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("severity:\n  R-006: warning", 1, "severity: this key is not known"),
        ("\nseverities:\n  R-006: warning\n  R-999: error", 4, "there is no rule 'R-999'"),
        ("severities:\n  R-006: fatal", 2, "severities.R-006: this must be error, warning"),
        ("severities:\n  R-006: error\n  R-006: info", 3, "R-006 is given twice"),
        ("disabled:\n  - R-006\n  - R-24", 3, "there is no rule 'R-24'"),
        ("disabled: [R-024]", 1, "R-024 makes no findings"),
        ("off: [R-006]", 1, "off: this key is not known"),
        ("answers:\n  R-113: yes", 2, "R-113 asks no question"),
        ("answers:\n  R-080: perhaps", 2, "answers.R-080: this must be true or false"),
        (
            GOOD.replace("    reason: closes in March\n", ""),
            5,
            "waivers.0.reason: this key is missing",
        ),
        (GOOD.replace("closes in March", "' '"), 7, "waivers.0.reason: this must not be empty"),
        (GOOD.replace("2027-03-31", "soon"), 8, "waivers.0.expires: this must be a day"),
        (GOOD.replace("2027-03-31", "2027-02-31"), 8, "'2027-02-31' is no timestamp"),
        (GOOD.replace("profile: Lab", "profil: Lab"), 6, "waivers.0.profil: this key is not known"),
        (GOOD.replace("rule: R-090", "rule: R-080"), 5, "waivers.0.rule: R-080 is a question"),
        ("- R-006", 1, "the file: this must be an object"),
        ("\nseverities: {R-006: warning", 2, "an object in braces is not closed"),
        ("a: !!python/object:os.system x", 1, "a tag is not known here"),
        ("waivers: &a [*a]", 1, "an alias leads back into itself"),
        (b"severities: \xff", None, "it is not text in UTF-8"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, line: int | None, says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)
    assert "rules.yml" in str(caught.value)
    if line is not None:
        assert re.search(rf"line {line}[:,]", str(caught.value))


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"line 2: .*R-998.* line 4: .*R-999"):
        load(tmp_path, "severities:\n  R-998: error\ndisabled:\n  - R-999")


def test_a_missing_file_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yml cannot be read: No such file"):
        load_configuration(tmp_path / "none.yml")
