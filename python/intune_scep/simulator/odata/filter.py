"""`$filter` -> an SQL condition with bound parameters."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intune_scep.simulator.clock import format_instant, parse_instant
from intune_scep.simulator.graph_errors import GraphError, bad_request
from intune_scep.simulator.schema import (
    PropertyType,
    StructuredType,
    derived_names,
    entity_type,
    enum_type,
    strip_namespace,
)

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

_LONGEST = 8000
_DEEPEST = 24
_OPERATORS = {"eq": "IS", "ne": "IS NOT", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_QUOTED = re.compile(r"'(?:[^']|'')*'")

Condition = tuple[str, list[Any]]
"""SQL over the columns of `resource`, and the values of its placeholders."""


def compile_filter(text: str, kind: StructuredType) -> Condition:
    """The condition a `$filter` expresses over entities of type `kind`.

    Strings compare without case, which is how Graph's directory compares them; for Intune it is
    unknown (GRAPH.md 7), and a client that asks for one name must be ready for its twins.

    Raises:
        GraphError: 400 for what the grammar, the type or the depth limit does not allow.
    """
    if len(text) > _LONGEST or _depth(text) > _DEEPEST:
        raise bad_request("The $filter expression is too complex.")
    from lark.exceptions import LarkError

    try:
        tree = _parser().parse(text)
    except LarkError:
        raise bad_request(f"Invalid filter clause: syntax error in '{text[:200]}'.") from None
    return _compile(tree, kind)


@cache
def _parser() -> "Lark":
    from lark import Lark

    grammar = Path(__file__).with_name("filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", maybe_placeholders=False)


def _depth(text: str) -> int:
    depth = deepest = 0
    for word in re.findall(r"\(|\)|\bnot\b", _QUOTED.sub("", text)):
        depth += -1 if word == ")" else 1
        deepest = max(deepest, depth)
    return deepest


def _compile(tree: "Tree[Token]", kind: StructuredType) -> Condition:
    return _NODES[str(tree.data)](tree, kind)


def _join(word: str) -> Callable[["Tree[Token]", StructuredType], Condition]:
    def join(tree: "Tree[Token]", kind: StructuredType) -> Condition:
        parts = [_compile(_subtree(child), kind) for child in tree.children]
        sql = f" {word} ".join(part for part, _ in parts)
        return f"({sql})", [value for _, values in parts for value in values]

    return join


def _group(tree: "Tree[Token]", kind: StructuredType) -> Condition:
    return _compile(_subtree(tree.children[0]), kind)


def _negated(tree: "Tree[Token]", kind: StructuredType) -> Condition:
    sql, values = _compile(_subtree(tree.children[0]), kind)
    return f"NOT ({sql})", values


def _isof(tree: "Tree[Token]", kind: StructuredType) -> Condition:
    name = strip_namespace(_unquote(str(tree.children[0])))
    wanted = entity_type(name)
    if wanted is None:
        raise bad_request(f"A type named 'microsoft.graph.{name}' could not be resolved.")
    if not (wanted.is_a(kind.name) or kind.is_a(wanted.name)):
        raise bad_request(f"'microsoft.graph.{name}' does not derive from '{kind.name}'.")
    names = derived_names(name)
    return f"resource.type IN ({', '.join('?' * len(names))})", list(names)


def _function(tree: "Tree[Token]", kind: StructuredType) -> Condition:
    function, name, literal = (str(child) for child in tree.children)
    declared = _property(name, kind)
    if declared.collection or declared.name != "Edm.String":
        raise bad_request(f"The function '{function}' does not apply to the property '{name}'.")
    wanted = _unquote(literal).casefold()
    column, path = _column(name)
    return f"coalesce({_FUNCTIONS[function].format(column=column)}, 0)", _function_values(
        function, path, wanted
    )


_FUNCTIONS = {
    "contains": "instr(fold({column}), ?) > 0",
    "startswith": "substr(fold({column}), 1, ?) = ?",
    "endswith": "substr(fold({column}), -?) = ?",
}


def _function_values(function: str, path: str, wanted: str) -> list[Any]:
    if function == "contains":
        return [path, wanted]
    return [path, len(wanted), wanted]


def _comparison(tree: "Tree[Token]", kind: StructuredType) -> Condition:
    name, operator = str(tree.children[0]), str(tree.children[1])
    declared = _property(name, kind)
    if declared.collection:
        raise bad_request(f"The operator '{operator}' does not apply to the collection '{name}'.")
    literal = _subtree(tree.children[2])
    value = _literal_value(name, declared, literal)
    column, path = _column(name)
    if isinstance(value, str):
        column, value = f"fold({column})", value.casefold()
    return f"coalesce({column} {_OPERATORS[operator]} ?, 0)", [path, value]


def _literal_value(name: str, declared: PropertyType, literal: "Tree[Token]") -> Any:
    form = str(literal.data)
    if form == "null":
        return None
    if form not in _LITERALS.get(declared.name, ("string",)):
        raise bad_request(
            f"A binary operator with incompatible types was detected: '{name}' is {declared.name}."
        )
    if form in ("true", "false"):
        return form == "true"
    return _read_literal(name, declared, form, str(literal.children[0]))


def _read_literal(name: str, declared: PropertyType, form: str, text: str) -> Any:
    if form == "integer":
        return int(text)
    if form == "instant":
        try:
            return format_instant(parse_instant(text))
        except ValueError:
            raise bad_request(f"'{text}' is not an instant.") from None
    value = _unquote(text)
    enum = enum_type(declared.name)
    if enum is not None and value not in enum.members:
        raise bad_request(f"'{value}' is not a member of '{declared.name}' ('{name}').")
    return value


_LITERALS = {
    "Edm.Int32": ("integer",),
    "Edm.DateTimeOffset": ("instant",),
    "Edm.Boolean": ("true", "false"),
}


def _property(name: str, kind: StructuredType) -> PropertyType:
    declared = kind.properties.get(name)
    if declared is None:
        raise unknown_property(name, kind)
    return declared


def unknown_property(name: str, kind: StructuredType) -> GraphError:
    """400: a query option names what the type does not have."""
    return bad_request(
        f"Could not find a property named '{name}' on type 'microsoft.graph.{kind.name}'."
    )


def _column(name: str) -> tuple[str, str]:
    return "json_extract(resource.body, ?)", f'$."{name}"'


def _unquote(literal: str) -> str:
    return literal[1:-1].replace("''", "'")


def _subtree(child: "Tree[Token] | Token") -> "Tree[Token]":
    from lark import Tree

    if not isinstance(child, Tree):
        raise TypeError(f"{child!r} is a leaf")
    return child


_NODES: Mapping[str, Callable[["Tree[Token]", StructuredType], Condition]] = {
    "disjunction": _join("OR"),
    "conjunction": _join("AND"),
    "group": _group,
    "negated": _negated,
    "isof": _isof,
    "function": _function,
    "comparison": _comparison,
}
