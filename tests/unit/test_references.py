"""Every fact that is cited is in the repository, and nobody who uses the product is sent to it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "docs" / "facts"
ROOMS = ("python", "plugins", "roles", "playbooks", "dev", "tests", "docs")
ENDINGS = {".py", ".md", ".yml", ".j2"}
CITED = re.compile(r"\b(?P<file>[A-Z]{3,})\.md(?: (?P<section>\d+(?:\.\d+)?))?")
LAW = re.compile(r"\blaws? (?P<number>\d+)(?: and (?P<other>\d+))?")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)\s#]+)")
OWN = {"README.md", "CHANGELOG.md", "LICENSE.md"}


def texts():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if (
                path.suffix in ENDINGS
                and path.is_file()
                and "ansible_collections" not in path.parts
            ):
                yield path, path.read_text(encoding="utf-8")


@cache
def sections(name):
    """The numbers of a facts file's headings, the items of numbered lists below them included."""
    text = (FACTS / name).read_text(encoding="utf-8")
    found = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\b", text, re.MULTILINE))
    for number, body in re.findall(r"^## (\d+)\.(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
        found |= {
            f"{number}.{item}" for item in re.findall(r"(?:^|[.)] )(\d+)\. ", body, re.MULTILINE)
        }
    return found


def missing(text):
    """What a text cites that is not there."""
    for match in CITED.finditer(text):
        name = f"{match['file']}.md"
        if name in OWN:
            continue
        if not (FACTS / name).is_file():
            yield name
        elif match["section"] and match["section"] not in sections(name):
            yield match[0]
    for match in LAW.finditer(text):
        yield from (f"law {n}" for n in match.groups() if n and n not in sections("LAWS.md"))


def test_every_citation_leads_somewhere():
    here = Path(__file__)
    wrong = [
        f"{path.relative_to(ROOT)}: {cited}"
        for path, text in texts()
        if path != here
        for cited in missing(text)
    ]
    assert not wrong


@pytest.mark.parametrize("text", ["GRAPH.md 99", "NOWHERE.md 1", "law 11", "laws 2 and 12"])
def test_a_citation_that_leads_nowhere_is_noticed(text):
    assert list(missing(text))


def test_every_link_in_the_documentation_leads_to_a_file():
    wrong = [
        f"{path.relative_to(ROOT)}: {match['target']}"
        for path in [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
        for match in LINK.finditer(path.read_text(encoding="utf-8"))
        if not (path.parent / match["target"]).exists()
    ]
    assert not wrong


def strings(path):
    """Every text of a file that is not a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    described = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    attributes = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in described | attributes:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_text_for_people_cites_a_file_they_do_not_have():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {text[:80]}"
        for room in ("python", "plugins")
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, text in strings(path)
        if any(f"{m['file']}.md" not in OWN for m in CITED.finditer(text)) or LAW.search(text)
    ]
    assert not wrong
