"""Install in CI the programs that some tests drive; elsewhere only say which are missing.

Those tests are skipped with a reason where a program is missing, except in CI. Nobody's own machine
is changed.
"""

import os
import shutil
import subprocess
import sys

# What a test looks for, and the Debian package that has it.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = {
    "chromium": CHROMIUM,
    "curl": ("curl",),
    "jq": ("jq",),
    "openssl": ("openssl",),
    "systemd": ("systemd-analyze",),
}


def main() -> int:
    missing = [name for name, programs in PACKAGES.items() if not any(map(shutil.which, programs))]
    if not missing:
        print("All there.")
        return 0
    if not os.environ.get("CI"):
        print(f"Not here, so that some tests are skipped: {', '.join(missing)}")
        return 0
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            f"CI needs {', '.join(missing)}, and they cannot be installed: no apt-get or not root."
        )
        return 1
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    for command in (["apt-get", "update", "-qq"], install):
        code = subprocess.run(command, env=environment, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
