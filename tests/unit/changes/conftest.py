"""Jobs that are ready to be disturbed."""

import pytest

pytest.register_assert_rewrite(f"{__name__.rpartition('.')[0]}.promises")

from .jobs import Stage  # noqa: E402 - after the rewriting


@pytest.fixture(scope="session")
def _stage(tmp_path_factory):
    made = []

    def stage(kind):
        if not made:
            made.append(Stage(kind, tmp_path_factory.mktemp("jobs")))
        return made[0]

    return stage


@pytest.fixture
def start(simulated, tmp_path, monkeypatch, _stage):
    """Return a function that makes a job ready in a tenant of its own."""
    stage = _stage(type(simulated("empty")))
    # No machine stops here, so nothing has to reach the disk.
    monkeypatch.setattr("os.fsync", lambda _: None)
    opened = []

    def ready(job):
        directory = tmp_path / f"job{len(opened)}"
        directory.mkdir()
        # What preparing leaves in the state directory is not this test's.
        with monkeypatch.context() as patch:
            patch.setenv("XDG_STATE_HOME", str(directory / "state of preparing"))
            found = stage.ready(job, directory)
        opened.append(found)
        return found

    yield ready
    for found in opened:
        found.tenant.close()
