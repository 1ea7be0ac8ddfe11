"""docs/parity.md names a witness for every claim, and every test for a claim."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = (HERE.parents[1] / "docs" / "parity.md").read_text(encoding="utf-8")
GRADES = {"documented", "observed", "inferred", "unknown"}
WITNESS = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def rows() -> list[list[str]]:
    """Cells of every table row that has a witness."""
    lines = [line for line in DOCUMENT.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if WITNESS.search(row[-1])]


def conformance_tests() -> set[tuple[str, str]]:
    """Every test of this folder, except those about the document."""
    return {
        (path.name, node.name)
        for path in HERE.glob("test_*.py")
        if path != Path(__file__)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_witness_exists_and_no_test_is_missing() -> None:
    assert set(WITNESS.findall(DOCUMENT)) == conformance_tests()


def test_every_claim_about_graph_has_a_grade_and_a_witness() -> None:
    graded = [row for row in rows() if len(row) == 4]
    assert len(graded) > 100
    assert {row[1] for row in graded} == GRADES
    claims = [line for line in DOCUMENT.splitlines() if line.count("|") == 5]
    headers = [line for line in claims if line.startswith(("| behaviour", "|---"))]
    assert len(claims) - len(headers) == len(graded)


def test_what_is_documented_or_observed_names_its_source() -> None:
    for behaviour, grade, source, _ in (row for row in rows() if len(row) == 4):
        if grade in ("documented", "observed"):
            assert re.search(r"CSDL|Docs|TF|DSC|IM|IntuneCD|docs|portal|§", source), behaviour


def test_the_document_needs_nothing_outside_the_repository() -> None:
    assert "../" not in DOCUMENT
    assert "shared" not in DOCUMENT
