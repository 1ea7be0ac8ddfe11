"""Retry-After in every form Graph uses (GRAPH.md 4.1)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.graph.retry import retry_after_seconds

NOW = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("2.128", 2.128),
        ("0", 0.0),
        ("-5", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("Sun, 22 Nov 2026 09:00:07 GMT", 7.0),
        ("Sun, 22 Nov 2026 08:00:00 GMT", 0.0),
    ],
)
def test_every_form(value, seconds):
    assert retry_after_seconds(value, now=NOW) == seconds


@given(st.text())
def test_no_header_breaks_it(value):
    seconds = retry_after_seconds(value, now=NOW)
    assert seconds is None or seconds >= 0
