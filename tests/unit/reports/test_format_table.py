"""The forms of the report come from one table."""

import subprocess
import sys
from pathlib import Path

import generate_report_formats

from intune_scep.cli.report import Form
from intune_scep.reports.formats import FORMATS

ROOT = Path(__file__).resolve().parents[3]


def test_what_is_generated_is_up_to_date():
    script = ROOT / "dev" / "generate_report_formats.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True, timeout=60)


def test_a_new_form_appears_in_every_generated_file():
    texts = generate_report_formats.files(ROOT, [*FORMATS, "papyrus"])
    assert len(texts) == 4
    assert [str(path) for path, text in texts.items() if "papyrus" not in text] == []


def test_the_command_line_offers_the_forms_of_the_table():
    assert [form.value for form in Form] == list(FORMATS)
