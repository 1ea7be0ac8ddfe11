"""Install Chromium for the test that looks at the HTML report, in CI only.

Elsewhere that test says what it lacks and is skipped; nobody's machine is changed.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
COMMANDS = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
)


def main() -> int:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found or not os.environ.get("CI"):
        print(f"Chromium: {found or 'not here; the test that needs it is skipped'}")
        return 0
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print("CI needs Chromium, and it cannot be installed here: no apt-get, or not root.")
        return 1
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in COMMANDS:
        code = subprocess.run(command, env=environment, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
