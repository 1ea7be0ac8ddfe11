"""Build the reference of modules and roles as a site in .build/site."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SITE = ROOT / ".build" / "site"
SOURCES = SITE / "rst"
HTML = SITE / "html"


def main() -> int:
    shutil.rmtree(SITE, ignore_errors=True)
    # antsibull-docs refuses a directory that others may write to.
    SITE.mkdir(parents=True)
    SOURCES.mkdir(mode=0o755)
    shutil.copy(ROOT / "dev" / "site_conf.py", SOURCES / "conf.py")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
    reference = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy"]
    subprocess.run(
        [*reference, "--fail-on-error", "--dest-dir", str(SOURCES), "intune.scep"],
        env=environment,
        check=True,
    )
    subprocess.run(
        ["sphinx-build", "-q", "-b", "html", str(SOURCES), str(HTML)], env=environment, check=True
    )
    print(HTML / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
