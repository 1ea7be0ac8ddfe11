"""Run ansible-test on a mirrored copy of the collection, with nothing but a package index.

ansible-test insists on a real ``ansible_collections/<namespace>/<name>`` directory; through a
symbolic link it would test nothing. It also fetches pip's bootstrap from a host of its own, and
hides the environment from the pip it starts; both are answered in a home of its own under
``.build``, so that nothing outside the checkout is touched.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
COLLECTION = BUILD / "ansible_collections" / "intune" / "scep"
HOME = BUILD / "home"
# The collection's face. The library has its own linters, types and tests.
MIRRORED = (
    "CHANGELOG.rst",
    "LICENSE",
    "README.md",
    "changelogs/",
    "galaxy.yml",
    "meta/",
    "playbooks/",
    "plugins/",
    "requirements.txt",
    "roles/",
    "tests/integration/",
    "tests/sanity/",
    "tests/unit/plugins/",
)
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# The pip that ansible-core 2.19 asks for.
BOOTSTRAP_PIP = "24.2"
BOOTSTRAP = f"""\
import os, sys
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "pip-{BOOTSTRAP_PIP}-py3-none-any.whl"))
from pip._internal.cli.main import main
args = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--upgrade", "--force-reinstall", *args]))
"""
PIP_SETTINGS = ("index-url", "extra-index-url", "find-links", "trusted-host", "cert", "proxy")


def tracked_files() -> list[str]:
    """The files a clone would have, and those about to be added."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = sorted(set(listing.stdout.split("\0")) - {""})
    return [name for name in names if name.startswith(MIRRORED) and (ROOT / name).is_file()]


def mirror() -> None:
    """Bring the copy up to date; ansible-test keeps its output in the copy's tests/output."""
    wanted = tracked_files()
    COLLECTION.mkdir(parents=True, exist_ok=True)
    keep = {COLLECTION / name for name in wanted}
    for path in COLLECTION.rglob("*"):
        own = {".git", "output"} & set(path.relative_to(COLLECTION).parts)
        if not own and not path.is_dir() and path not in keep:
            path.unlink()
    for name in wanted:
        target = COLLECTION / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    if not (COLLECTION / ".git").exists():
        subprocess.run(["git", "init", "--quiet"], cwd=COLLECTION, check=True)
    exclude = COLLECTION / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("/tests/output/\n/tests/integration/inventory\n__pycache__/\n")


def prepare_home() -> None:
    """Lay down pip's bootstrap, and the pip settings that ansible-test would hide."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    if not (cache / f"pip-{BOOTSTRAP_PIP}-py3-none-any.whl").exists():
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        wanted = ["--no-deps", "--dest", str(cache), f"pip=={BOOTSTRAP_PIP}"]
        subprocess.run([*pip, *wanted], check=True)
    (cache / f"get_pip_{BOOTSTRAP_PIP.replace('.', '_')}.py").write_text(BOOTSTRAP)
    write_pip_settings(HOME / ".config" / "pip" / "pip.conf")


def write_pip_settings(target: Path) -> None:
    """Copy what pip here was told by the user's files and environment about where to look."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    )
    settings: dict[str, str] = {}
    for line in listing.stdout.splitlines():
        key, value = line.split("=", 1)
        name = key.rpartition(".")[2]
        if name in PIP_SETTINGS:
            settings[name] = " ".join(value.strip("'\"").replace("\\n", " ").split())
    lines = ["[global]", *(f"{name} = {value}" for name, value in settings.items())]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text("\n".join(lines) + "\n")


def main(arguments: list[str]) -> int:
    mirror()
    prepare_home()
    environment = {
        **os.environ,
        "HOME": str(HOME),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = ["ansible-test", *arguments, "--local", "--python", PYTHON_VERSION]
    return subprocess.run(command, cwd=COLLECTION, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
