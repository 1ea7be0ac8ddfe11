"""YAML of others, read in bounded depth and size and with each key of a mapping once.

PyYAML shares what an alias names; whoever walks the result meets it once for each alias. So what
a text would be with every alias written out is counted before anything is built of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

MOST_BYTES: Final = 16 * 1024 * 1024
_DEEPEST: Final = 100
_MOST_NODES: Final = 1_000_000


class BoundedLoader(yaml.SafeLoader):
    """`yaml.SafeLoader` that refuses what is nested too deeply, too large, or says a key twice."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node and what is in it.

        Raises:
            yaml.YAMLError: it is nested too deeply.
        """
        if self._depth == _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # of PyYAML
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {_DEEPEST}", mark)
        self._depth += 1
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
        finally:
            self._depth -= 1
        return node

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
    try:
        return list(yaml.load_all(text, Loader=loader))
    except RecursionError as error:
        raise yaml.YAMLError("nested too deeply") from error


def load(text: str) -> Any:
    """The one document of a text, or None if it is empty.

    Raises:
        yaml.YAMLError, ValueError: it is no such YAML.
    """
    try:
        return yaml.load(text, Loader=BoundedLoader)  # noqa: S506  # a SafeLoader
    except RecursionError as error:
        raise yaml.YAMLError("nested too deeply") from error


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
        if id(node) not in begun:
            begun.add(id(node))
            _require_distinct_keys(node)
            inner = [child for child in children if id(child) not in sizes]
            if any(id(child) in begun for child in inner):
                raise _refused("an alias leads back into itself", node)
            pending += inner
            continue
        sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
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
            raise _refused(f"the key {key.value!r} stands twice", key)
        seen.add(key.value)


def _refused(reason: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, reason, node.start_mark)
