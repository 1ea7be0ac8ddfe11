"""The file of a federated token is read anew for each sign-in, as a regular file of sane size."""

import pytest

from intune_scep.connection import ConnectionOptions
from intune_scep.errors import AuthenticationError
from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import make_credential


@pytest.fixture
def assertion(tmp_path):
    """Return a function that reads the file as a sign-in does, and the file."""
    path = tmp_path / "token"
    path.write_text("first\n", encoding="utf-8")
    options = ConnectionOptions(tenant="t.example", client_id="c", oidc_token_file_path=str(path))
    return make_credential(options, CLOUDS["public"])._func, path


def test_the_token_is_the_one_that_is_there_now(assertion):
    read, path = assertion
    assert read() == "first"
    path.write_text(" second ", encoding="utf-8")
    assert read() == "second"


def _grow(path):
    path.write_bytes(b"x" * (64 * 1024 + 1))


def _become_a_directory(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_grow, "larger than 64 KiB"),
        (_become_a_directory, "it is a directory"),
        (lambda path: path.unlink(), "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_any_more_is_no_token(assertion, spoil, reason):
    read, path = assertion
    spoil(path)
    with pytest.raises(AuthenticationError, match=reason) as caught:
        read()
    assert str(path) in str(caught.value)
