"""What is generated for the collection is up to date."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "dev" / "generate_profile_options.py"


def test_the_options_of_the_modules_are_up_to_date():
    subprocess.run([sys.executable, str(SCRIPT), "--check"], check=True, timeout=60)
