"""`$filter` -> an SQL condition with bound parameters.

The part of OData's grammar that is understood, `*` for any number and `|` for a choice:

    disjunction = conjunction (or conjunction)*
    conjunction = negation (and negation)*
    negation    = not negation | atom
    atom        = ( disjunction ) | isof ( string )
                | startswith|endswith|contains ( name , string )
                | name eq|ne|gt|ge|lt|le literal
    literal     = string | instant | integer | true | false | null

It is read by hand: a parser made from a grammar costs each process that reads one filter more than
all the rest of its requests.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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

_LONGEST = 8000
_DEEPEST = 24
_OPERATORS = {"eq": "IS", "ne": "IS NOT", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_BLANKS = re.compile(r"[ \t\f\r\n]*")
_WHOLE = "(?![A-Za-z0-9_])"
_OR = re.compile(f"or{_WHOLE}")
_AND = re.compile(f"and{_WHOLE}")
_NOT = re.compile(f"not{_WHOLE}")
_OPEN = re.compile(r"\(")
_COMMA = re.compile(",")
_CLOSE = re.compile(r"\)")
_FUNCTION = re.compile("startswith|endswith|contains")
_OPERATOR = re.compile(f"({'|'.join(_OPERATORS)}){_WHOLE}")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_LITERAL = re.compile(
    rf"(?P<string>{_QUOTED.pattern})"
    r"|(?P<instant>\d{4}-\d{2}-\d{2}T[0-9:.]+(?:Z|[+-]\d{2}:\d{2}))"
    r"|(?P<integer>-?\d+)"
    r"|(?P<true>true)|(?P<false>false)|(?P<null>null)"
)

Condition = tuple[str, list[Any]]
"""SQL over the columns of `resource`, and the values of its placeholders."""

Meaning = Callable[[StructuredType], Condition]
"""What an expression says of the entities of a type."""


@dataclass(frozen=True)
class _Literal:
    """A value in a filter.

    Attributes:
        form: `string`, `instant`, `integer`, `true`, `false` or `null`.
        text: As it was written.
    """

    form: str
    text: str


class _Words:
    """The words of a filter, from its beginning."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip_blanks()

    def take(self, word: re.Pattern[str]) -> re.Match[str] | None:
        """The next word, if it is one of these."""
        found = word.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            self._skip_blanks()
        return found

    def need(self, word: re.Pattern[str]) -> re.Match[str]:
        """The next word, which must be one of these.

        Raises:
            GraphError: 400, it is not.
        """
        found = self.take(word)
        if found is None:
            raise self.error()
        return found

    def end(self) -> None:
        """Nothing more may follow.

        Raises:
            GraphError: 400, something does.
        """
        if self._at < len(self._text):
            raise self.error()

    def error(self) -> GraphError:
        return bad_request(f"Invalid filter clause: syntax error in '{self._text[:200]}'.")

    def _skip_blanks(self) -> None:
        blanks = _BLANKS.match(self._text, self._at)
        self._at = blanks.end() if blanks else self._at


def compile_filter(text: str, kind: StructuredType) -> Condition:
    """The condition a `$filter` expresses over entities of type `kind`.

    Strings compare without case, which is how Graph's directory compares them; for Intune it is
    unknown (GRAPH.md 7), and a client that asks for one name must be ready for its twins.

    Raises:
        GraphError: 400 for what the grammar, the type or the depth limit does not allow.
    """
    if len(text) > _LONGEST or _depth(text) > _DEEPEST:
        raise bad_request("The $filter expression is too complex.")
    words = _Words(text)
    meaning = _disjunction(words)
    words.end()
    return meaning(kind)


def _depth(text: str) -> int:
    depth = deepest = 0
    for word in re.findall(r"\(|\)|\bnot\b", _QUOTED.sub("", text)):
        depth += -1 if word == ")" else 1
        deepest = max(deepest, depth)
    return deepest


def _disjunction(words: _Words) -> Meaning:
    return _joined(words, _OR, _conjunction)


def _conjunction(words: _Words) -> Meaning:
    return _joined(words, _AND, _negation)


def _joined(words: _Words, joint: re.Pattern[str], part: Callable[[_Words], Meaning]) -> Meaning:
    parts = [part(words)]
    while found := words.take(joint):
        parts.append(part(words))
        word = found[0].upper()
    if len(parts) == 1:
        return parts[0]

    def meaning(kind: StructuredType) -> Condition:
        conditions = [each(kind) for each in parts]
        sql = f" {word} ".join(condition for condition, _ in conditions)
        return f"({sql})", [value for _, values in conditions for value in values]

    return meaning


def _negation(words: _Words) -> Meaning:
    if not words.take(_NOT):
        return _atom(words)
    denied = _negation(words)

    def meaning(kind: StructuredType) -> Condition:
        sql, values = denied(kind)
        return f"NOT ({sql})", values

    return meaning


def _atom(words: _Words) -> Meaning:
    if words.take(_OPEN):
        inner = _disjunction(words)
        words.need(_CLOSE)
        return inner
    if function := words.take(_FUNCTION):
        return _function(function[0], words)
    name = words.need(_NAME)[0]
    return _isof(words) if name == "isof" else _comparison(name, words)


def _isof(words: _Words) -> Meaning:
    words.need(_OPEN)
    name = strip_namespace(_unquote(words.need(_QUOTED)[0]))
    words.need(_CLOSE)

    def meaning(kind: StructuredType) -> Condition:
        wanted = entity_type(name)
        if wanted is None:
            raise bad_request(f"A type named 'microsoft.graph.{name}' could not be resolved.")
        if not (wanted.is_a(kind.name) or kind.is_a(wanted.name)):
            raise bad_request(f"'microsoft.graph.{name}' does not derive from '{kind.name}'.")
        names = derived_names(name)
        return f"resource.type IN ({', '.join('?' * len(names))})", list(names)

    return meaning


def _function(function: str, words: _Words) -> Meaning:
    words.need(_OPEN)
    name = words.need(_NAME)[0]
    words.need(_COMMA)
    wanted = _unquote(words.need(_QUOTED)[0]).casefold()
    words.need(_CLOSE)

    def meaning(kind: StructuredType) -> Condition:
        declared = _property(name, kind)
        if declared.collection or declared.name != "Edm.String":
            raise bad_request(f"The function '{function}' does not apply to the property '{name}'.")
        column, path = _column(name)
        return f"coalesce({_FUNCTIONS[function].format(column=column)}, 0)", _function_values(
            function, path, wanted
        )

    return meaning


_FUNCTIONS = {
    "contains": "instr(fold({column}), ?) > 0",
    "startswith": "substr(fold({column}), 1, ?) = ?",
    "endswith": "substr(fold({column}), -?) = ?",
}


def _function_values(function: str, path: str, wanted: str) -> list[Any]:
    if function == "contains":
        return [path, wanted]
    return [path, len(wanted), wanted]


def _comparison(name: str, words: _Words) -> Meaning:
    operator = words.need(_OPERATOR)[0]
    found = words.need(_LITERAL)
    literal = _Literal(form=str(found.lastgroup), text=found[0])

    def meaning(kind: StructuredType) -> Condition:
        declared = _property(name, kind)
        if declared.collection:
            raise bad_request(
                f"The operator '{operator}' does not apply to the collection '{name}'."
            )
        value = _literal_value(name, declared, literal)
        column, path = _column(name)
        if isinstance(value, str):
            column, value = f"fold({column})", value.casefold()
        return f"coalesce({column} {_OPERATORS[operator]} ?, 0)", [path, value]

    return meaning


def _literal_value(name: str, declared: PropertyType, literal: _Literal) -> Any:
    if literal.form == "null":
        return None
    if literal.form not in _LITERALS.get(declared.name, ("string",)):
        raise bad_request(
            f"A binary operator with incompatible types was detected: '{name}' is {declared.name}."
        )
    if literal.form in ("true", "false"):
        return literal.form == "true"
    return _read_literal(name, declared, literal.form, literal.text)


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
