"""YAML of others, read in bounded depth and size and with each key of a mapping once.

PyYAML shares what an alias names; whoever walks the result meets it once for each alias. So what
a text would be with every alias written out is counted before anything is built of it.

Where PyYAML has libyaml, a text is taken apart by that, in a tenth of the time. The two do not
understand every text alike, so one that holds what they are known to differ in, and one that
libyaml refuses, is taken apart by PyYAML itself: what is read, and what is said of a text that is
wrong, does not depend on how PyYAML was built.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import yaml

MOST_BYTES: Final = 16 * 1024 * 1024
_DEEPEST: Final = 100
_MOST_NODES: Final = 1_000_000
_MOST_DIGITS: Final = 100
_INTEGER: Final = "tag:yaml.org,2002:int"
_SHOWN: Final = 40
_TOO_DEEP: Final = "nested too deeply"
_NO_VALUE: Final = (ValueError, LookupError, AttributeError, TypeError, OverflowError)
"""What PyYAML lets through of Python's own complaints about a value, such as `2024-13-45`."""


def _found_libyaml() -> ModuleType | None:
    """PyYAML's door to libyaml, if it was built with one that is known."""
    with suppress(ImportError, AttributeError):
        door = import_module("yaml._yaml")
        if door.get_version() >= _OLDEST_LIBYAML:
            return door
    return None


_OLDEST_LIBYAML: Final = (0, 2, 5)
_LIBYAML = _found_libyaml()
_READ_OTHERWISE: Final = re.compile(
    r"[\t\r\x85\u2028\u2029\ufeff?]"  # Blanks, line breaks and marks inside, and `?` in brackets.
    r"|!(?![A-Za-z!])"  # The tag `!` of nothing.
    r"|[|>][-+0-9]*#"  # A comment that touches the head of a block.
)
"""What libyaml takes for something else than PyYAML does, or takes where PyYAML refuses it."""


class BoundedLoader(yaml.SafeLoader):
    """`yaml.SafeLoader` that refuses what is nested too deeply, too large, or says a key twice.

    Args:
        text: What to read.
        libyaml: What takes it apart; PyYAML itself if not given.
    """

    _depth = 0

    def __init__(self, text: str, libyaml: ModuleType | None = None) -> None:
        super().__init__(text)
        if libyaml is not None:
            parser = libyaml.CParser(text)
            for name in ("check_event", "peek_event", "get_event"):
                setattr(self, name, getattr(parser, name))

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node and what is in it.

        Raises:
            yaml.YAMLError: it is nested too deeply.
        """
        if self._depth == _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # of PyYAML
            raise _RefusedError(None, None, f"it is nested deeper than {_DEEPEST}", mark)
        self._depth += 1
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
        finally:
            self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Build what a node says.

        Raises:
            yaml.YAMLError: it is no value of the kind that it should be, or no number of sane size.
        """
        if node.tag == _INTEGER and len(node.value) > _MOST_DIGITS:
            raise _refused(f"a number has {len(node.value)} digits", node)
        try:
            made = super().construct_object(node, deep)
        except _NO_VALUE as error:
            raise _refused(f"{_called(node)} is no {node.tag.rpartition(':')[2]}", node) from error
        if isinstance(made, float) and not math.isfinite(made):
            raise _refused(f"the number {node.value[:_SHOWN]} is too large or none", node)
        return made

    def construct_document(self, node: yaml.Node) -> Any:
        """Build what a document says.

        Raises:
            yaml.YAMLError: a key stands twice, or its aliases make it too large.
        """
        _check(node)
        return super().construct_document(node)


def load_all(text: str, loader: type[BoundedLoader] = BoundedLoader) -> list[Any]:
    """Every document of a text.

    Raises:
        yaml.YAMLError, ValueError: it is no such YAML.
    """
    documents: list[Any] = _read(text, loader, _every_document)
    return documents


def load(text: str) -> Any:
    """The one document of a text, or None if it is empty.

    Raises:
        yaml.YAMLError, ValueError: it is no such YAML.
    """
    return _read(text, BoundedLoader, BoundedLoader.get_single_data)


def _read(text: str, loader: type[BoundedLoader], read: Callable[[Any], Any]) -> Any:
    if _LIBYAML is not None and _READ_OTHERWISE.search(text) is None:
        with suppress(yaml.YAMLError, ValueError, RecursionError):
            return read(loader(text, _LIBYAML))
    try:
        return read(loader(text))
    except RecursionError as error:
        raise yaml.YAMLError(_TOO_DEEP) from error


def _every_document(loader: BoundedLoader) -> list[Any]:
    documents = []
    while loader.check_data():  # type: ignore[no-untyped-call]  # of PyYAML
        documents.append(loader.get_data())
    return documents


_WORDS: Final = (
    ("mapping values are not allowed", "a colon stands where none can; put the text in quotes"),
    ("found character '\\t'", "a tab stands where only blanks may"),
    ("found character", "a text that begins with this character must be in quotes"),
    ("could not find expected ':'", "a colon is missing"),
    ("expected ',' or ']'", "a list in brackets is not closed, or a comma is missing in it"),
    ("expected ',' or '}'", "an object in braces is not closed, or a comma is missing in it"),
    ("expected <block end>", "the indentation does not fit what stands above"),
    ("found unexpected end of stream", "a text in quotes is not closed"),
    ("found unexpected document separator", "a text in quotes is not closed"),
    ("found unknown escape", "a backslash stands there that means nothing"),
    ("expected escape sequence", "a backslash stands there that means nothing"),
    ("found undefined alias", "an alias names nothing"),
    ("found duplicate anchor", "an anchor is named twice"),
    ("found unhashable key", "a key is not text"),
    ("could not determine a constructor", "a tag is not known here"),
    ("but found another document", "there is more than one document"),
)
"""How PyYAML begins what it says, and what that is in plain words."""


class _RefusedError(yaml.constructor.ConstructorError):
    """Refused here, in words of our own."""


def plain_reason(error: Exception) -> str:
    """What is wrong with a text that `load` or `load_all` refused: no words of a parser's."""
    if isinstance(error, UnicodeError):
        return "it is not text in UTF-8 or UTF-16"
    if not isinstance(error, yaml.MarkedYAMLError):
        deep = error.args == (_TOO_DEEP,)
        return _TOO_DEEP if deep else "it holds a character that YAML does not allow"
    problem, mark = error.problem or "", error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    if isinstance(error, _RefusedError):
        return where + problem
    begins = (plain for begin, plain in _WORDS if problem.startswith(begin))
    return where + next(begins, "it cannot be understood from there on")


def _called(node: yaml.Node) -> str:
    return repr(node.value[:_SHOWN]) if isinstance(node.value, str) else "a collection"


def _check(root: yaml.Node) -> None:
    """Visit each node once, what it holds before itself, and count what it is written out."""
    sizes: dict[int, int] = {}
    begun: set[int] = set()
    pending = [root]
    while pending:
        node = pending[-1]
        if id(node) in sizes:
            pending.pop()
            continue
        children = list(_children(node))
        collections = [child for child in children if not isinstance(child, yaml.ScalarNode)]
        if id(node) not in begun:
            begun.add(id(node))
            _require_distinct_keys(node)
            inner = [child for child in collections if id(child) not in sizes]
            if any(id(child) in begun for child in inner):
                raise _refused("an alias leads back into itself", node)
            pending += inner
            if inner:
                continue
        leaves = len(children) - len(collections)
        sizes[id(node)] = 1 + leaves + sum(sizes[id(child)] for child in collections)
        if sizes[id(node)] > _MOST_NODES:
            raise _refused("it is too large with its aliases written out", node)
        pending.pop()


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair


def _require_distinct_keys(node: yaml.Node) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in seen:
            raise _refused(f"the key {key.value[:80]!r} stands twice", key)
        seen.add(key.value)


def _refused(reason: str, node: yaml.Node) -> yaml.YAMLError:
    return _RefusedError(None, None, reason, node.start_mark)
