"""Whether a directory goes away with the job that runs in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
JOB_VARIABLES = (
    "JOB_ID",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "JENKINS_URL",
    "CI",
)
JOB_PREFIXES = ("AWX_", "TOWER_")
RUNNER = Path("/runner")


def why_ephemeral(
    state_directory: str | os.PathLike[str],
    environment: Mapping[str, str],
    *,
    exists: Callable[[str], bool] = os.path.exists,
    is_mount: Callable[[str], bool] = os.path.ismount,
) -> str | None:
    """Return why what is written below a directory is lost with the job, or None if it is kept.

    Args:
        state_directory: The directory journals would be written to. It need not exist.
        environment: The environment variables of the process.
        exists: Whether a path exists.
        is_mount: Whether a path is where a file system is mounted.
    """
    directory = Path(state_directory).resolve()
    if directory.is_relative_to(RUNNER):
        return f"{directory} is below {RUNNER}, which goes away with the job."
    job = _job_variable(environment)
    if job is None or not any(exists(mark) for mark in CONTAINER_MARKS):
        return None
    if any(is_mount(str(path)) for path in (directory, *directory.parents[:-1])):
        return None
    return f"{directory} is in a container that goes away with the job ({job} is set)."


def _job_variable(environment: Mapping[str, str]) -> str | None:
    for name in JOB_VARIABLES:
        if environment.get(name):
            return name
    return next((name for name in sorted(environment) if name.startswith(JOB_PREFIXES)), None)
