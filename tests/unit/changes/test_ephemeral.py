"""A journal that would go away with its job is told."""

import pytest

from intune_scep.changes.ephemeral import why_ephemeral

HOME = "/root/.local/state/intune-scep"


def why(directory, environment, *, there=(), mounts=()):
    return why_ephemeral(
        directory, environment, exists=lambda p: p in there, is_mount=lambda p: p in mounts
    )


@pytest.mark.parametrize("directory", ["/runner", "/runner/state", "/tmp/../runner/state"])
def test_what_is_below_runner_goes_away(directory):
    assert "/runner" in why(directory, {})


def test_a_name_that_only_begins_like_runner_is_kept():
    assert why("/runners/state", {}) is None


@pytest.mark.parametrize("mark", ["/.dockerenv", "/run/.containerenv"])
@pytest.mark.parametrize(
    "variable",
    ["AWX_HOST", "TOWER_HOST", "JOB_ID", "GITHUB_ACTIONS", "GITLAB_CI", "CI", "TF_BUILD"],
)
def test_a_containers_own_file_system_goes_away_with_a_job(mark, variable):
    assert variable in why(HOME, {variable: "1"}, there=[mark])


def test_a_mounted_directory_of_a_container_is_kept():
    job = {"CI": "true"}
    assert why(HOME, job, there=["/.dockerenv"], mounts=[HOME]) is None
    assert why(HOME, job, there=["/.dockerenv"], mounts=["/root"]) is None


def test_the_root_of_a_container_is_no_mount_of_its_own():
    assert why(HOME, {"CI": "true"}, there=["/.dockerenv"], mounts=["/"])


def test_a_job_outside_a_container_and_a_container_without_a_job_are_kept():
    assert why(HOME, {"CI": "true"}) is None
    assert why(HOME, {}, there=["/.dockerenv"]) is None
    assert why(HOME, {"CI": ""}, there=["/.dockerenv"]) is None
