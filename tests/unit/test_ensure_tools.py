"""What is said, and whether it is a failure, where the package index is out of reach."""

import ensure_tools
import pytest

NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
NOBODY_LISTENS = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": ""}


@pytest.fixture
def out_of_reach(tmp_path, monkeypatch):
    """Return a function that puts the package index out of reach, in CI or elsewhere."""

    def start(environment, ci):
        monkeypatch.setattr(ensure_tools, "BUILD", tmp_path)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        if ci:
            monkeypatch.setenv("CI", "true")
        else:
            monkeypatch.delenv("CI", raising=False)

    return start


@pytest.mark.parametrize(("environment", "ci"), [(NO_INDEX, True), (NOBODY_LISTENS, False)])
def test_an_index_out_of_reach_is_said_and_fails_in_ci_alone(out_of_reach, capsys, environment, ci):
    out_of_reach(environment, ci)
    assert ensure_tools.ensure_intunecd() == ci
    told = capsys.readouterr().out
    assert told.startswith(f"{ensure_tools.INTUNECD} could not be installed: ")
    assert "Is the package index in reach?" in told
    # What was half made is not taken for ready.
    if ci:
        with pytest.raises(RuntimeError, match="could not be installed"):
            ensure_tools.intunecd()
