"""Tables at any width: no name is broken, cut or lost, and in a pipe a row is a line."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from intune_scep.cli.console import console
from intune_scep.cli.tables import Listing

NAMES = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=40
)
CELLS = st.text("abc def-ghi", max_size=60)


def drawn(width, rows, *, prose=("Reason",)):
    table = Listing("Verdict", "Profile", "Reason", name="Profile", prose=prose)
    for row in rows:
        table.add(*row)
    file = io.StringIO()
    Console(file=file, width=width).print(table)
    return file.getvalue()


@given(rows=st.lists(st.tuples(CELLS, NAMES, CELLS), max_size=6), width=st.integers(42, 200))
def test_every_name_stands_whole_on_a_line(rows, width):
    lines = drawn(width, rows).splitlines()
    for _, name, _ in rows:
        assert any(name in line for line in lines)
    assert all(cell_len(line) <= width for line in lines)


@given(rows=st.lists(st.tuples(CELLS, NAMES, CELLS), min_size=1, max_size=6))
def test_where_everything_fits_a_row_is_a_line(rows):
    heading, rule, *lines = [line for line in drawn(1000, rows).splitlines() if line.strip()]
    assert heading.split() == ["Verdict", "Profile", "Reason"]
    assert set(rule.strip()) == {"─"}
    assert len(lines) == len(rows)


@pytest.mark.parametrize("width", [1, 5, 20, 41])
def test_a_name_that_is_wider_than_the_terminal_goes_on_in_the_next_line(width):
    text = drawn(width, [("required", "N" * 50, "why")])
    assert text.count("N") == 50


def test_a_narrow_row_says_what_each_value_is():
    text = drawn(40, [("required", "Wi-Fi", "Domain controllers refuse these certificates.")])
    assert text.splitlines() == [
        "Wi-Fi",
        "  Verdict: required",
        "  Reason: Domain controllers refuse",
        "  these certificates.",
    ]


@pytest.mark.parametrize("nothing", ["", "-"])
def test_what_is_empty_is_not_told_where_it_is_narrow(nothing):
    assert drawn(20, [(nothing, "Wi-Fi in a very long hall", nothing)]).count("\n") == 2


def test_a_row_with_other_cells_than_headings_is_refused():
    with pytest.raises(ValueError, match="number of cells"):
        Listing("A", "B", name="A").add("1")


@pytest.mark.parametrize(("said", "width"), [("60", 60), ("", 100_000), ("wide", 100_000)])
def test_in_a_pipe_the_width_is_that_of_columns_or_none(monkeypatch, said, width):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", said)
    assert console().width == width
