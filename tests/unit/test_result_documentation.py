"""The documentation of results is made from one table."""

import subprocess
import sys
from pathlib import Path

import generate_results
import yaml

from intune_scep.result_fields import Field

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "dev" / "generate_results.py"


def test_what_is_generated_is_up_to_date():
    subprocess.run([sys.executable, str(SCRIPT), "--check"], check=True, timeout=60)


def test_a_new_field_appears_in_the_documentation():
    new = Field("moon", "str", "Whether the moon is full.")
    text = generate_results.files(ROOT, {"scep_profile": (new,)})[
        Path("plugins/modules/scep_profile.py")
    ]
    documented = yaml.safe_load(text.split('RETURN = r"""')[1].split('"""')[0])
    assert documented == {
        "moon": {
            "description": ["Whether the moon is full."],
            "returned": "always",
            "type": "str",
        }
    }
