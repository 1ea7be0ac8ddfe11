"""Install in CI the programs that some tests drive; elsewhere only say which are missing.

Those tests are skipped with a reason where a program is missing, except in CI. Nobody's own machine
is changed: what comes from the package index goes into `.build`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

BUILD = Path(__file__).resolve().parent.parent / ".build"

# What a test looks for, and the Debian package that has it.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = {
    "chromium": CHROMIUM,
    "curl": ("curl",),
    "jq": ("jq",),
    "openssl": ("openssl",),
    "systemd": ("systemd-analyze",),
}

# The version whose use in production shows that Graph takes whole numbers as ids in a $batch.
INTUNECD = "IntuneCD==2.6.0"
_INSTALL_SECONDS = 300


def intunecd() -> Path:
    """The `bin` of an environment that has IntuneCD and nothing of ours, made if it is missing.

    Raises:
        RuntimeError: it cannot be made, for example because the package index is out of reach.
    """
    place = BUILD / INTUNECD.lower().replace("==", "-")
    ready = place / ".ready"
    BUILD.mkdir(exist_ok=True)
    with FileLock(BUILD / f"{place.name}.lock"):
        if not ready.exists():
            shutil.rmtree(place, ignore_errors=True)
            _run("-m", "venv", "--without-pip", str(place))
            options = ("--quiet", "--disable-pip-version-check", "--no-compile", "--retries=1")
            there = str(place / "bin" / "python")
            _run("-m", "pip", "--python", there, "install", *options, INTUNECD)
            ready.touch()
    return place / "bin"


def _run(*arguments: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME"}}
    try:
        subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{INTUNECD} could not be installed: {last}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"{INTUNECD} could not be installed: {error}") from error


def ensure_intunecd() -> int:
    """Make its environment; where that fails it is told, and in CI it is a failure."""
    try:
        intunecd()
    except RuntimeError as error:
        print(f"{error}\nIs the package index in reach?")
        return 1 if os.environ.get("CI") else 0
    return 0


def ensure_programs() -> int:
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


def main() -> int:
    return ensure_programs() or ensure_intunecd()


if __name__ == "__main__":
    sys.exit(main())
