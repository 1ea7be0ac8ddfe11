"""Certificate profiles in a configuration of Microsoft365DSC: PowerShell that is read, not run.

Public samples: github.com/microsoft/Microsoft365DSC, `Modules/Microsoft365DSC/Examples/Resources/`,
in `IntuneDeviceConfigurationSCEPCertificatePolicyWindows10`,
`IntuneDeviceConfigurationTrustedCertificatePolicyWindows10` and `IntuneTrustedRootCertificateIOS`.
Only literal values are understood; what PowerShell would compute is refused where it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from intune_scep.declarations.strangers import DSC_RESOURCE
from intune_scep.errors import FileError
from intune_scep.profiles import ProfileType, Property, require_profile_type
from intune_scep.profiles.targets import FILTER_ID

_RESOURCES: Final = {
    "intunedeviceconfigurationscepcertificatepolicywindows10": "windows81SCEPCertificateProfile",
    "intunedeviceconfigurationtrustedcertificatepolicywindows10": "windows81TrustedRootCertificate",
    "intunetrustedrootcertificateios": "iosTrustedRootCertificate",
    "intunetrustedrootcertificateandroidwork": "androidWorkProfileTrustedRootCertificate",
    "intunetrustedrootcertificateandroiddeviceowner": "androidDeviceOwnerTrustedRootCertificate",
}
_TOKENS: Final = re.compile(
    r"""(?P<blank>\s+|<\#.*?(?:\#>|\Z)|\#[^\n]*)
    |(?P<single>'(?:[^']|'')*(?:'|\Z))
    |(?P<double>"(?:[^"`]|`.|"")*(?:"|\Z))
    |(?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    |(?P<variable>\$[\w:]+(?:\.\w+)*)
    |(?P<list>@\()
    |(?P<mark>[{}()=;,\[\]])
    |(?P<word>[^\s{}()=;,\[\]'"$@]+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b"}
_CONSTANTS: Final = {"$true": True, "$false": False, "$null": None}
_SURROUNDING: Final = frozenset({"node", "configuration"})
_DEEPEST: Final = 20
_ROOT_KEYS: Final = {"rootcertificateid", "rootcertificatedisplayname"}
_TARGET_KEYS: Final = {
    "groupid": "groupId",
    "groupdisplayname": "groupName",
    "collectionid": "collectionId",
    "deviceandappmanagementassignmentfilterid": FILTER_ID,
    "deviceandappmanagementassignmentfiltertype": "deviceAndAppManagementAssignmentFilterType",
}

Token = tuple[str, str, int]
"""Kind, text and place in the text."""


class _Computed:
    """A value that only PowerShell knows."""


def read_dsc(text: str) -> list[dict[str, Any]]:
    """The certificate profiles of a configuration in Graph's form, and what else it names.

    Raises:
        FileError: it cannot be understood; `reason` says where.
    """
    return list(_Reader(text).resources())


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[Token] = [
            (match.lastgroup or "", match[0], match.start())
            for match in _TOKENS.finditer(text)
            if match.lastgroup != "blank"
        ]
        self._next = 0

    def resources(self) -> Iterator[dict[str, Any]]:
        """The certificate profiles in Graph's form, and the names of what else is configured."""
        while self._next < len(self._tokens):
            kind, text, _ = self._take()
            named = self._peek()[0] in {"single", "double"} and self._peek(1)[1] == "{"
            if kind != "word" or not named or text.lower() in _SURROUNDING:
                continue
            row_name = _RESOURCES.get(text.lower())
            if row_name is None:
                yield {DSC_RESOURCE: text}
                continue
            self._take()
            given = self._object(0)
            if str(given.get("ensure", "Present")).lower() != "absent":
                yield self._wire(require_profile_type(row_name), given)

    def _peek(self, ahead: int = 0) -> Token:
        at_end = ("end", "", len(self._text))
        place = self._next + ahead
        return self._tokens[place] if place < len(self._tokens) else at_end

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _refused(self, reason: str, place: int) -> FileError:
        line = self._text.count("\n", 0, place) + 1
        return FileError(f"line {line}: {reason}", reason=f"line {line}: {reason}")

    def _expect(self, mark: str) -> None:
        kind, text, place = self._take()
        if (kind, text) != ("mark", mark):
            raise self._refused(f"{mark} is missing there", place)

    def _object(self, depth: int) -> dict[str, Any]:
        self._expect("{")
        made: dict[str, Any] = {}
        while self._peek()[1] != "}":
            if self._peek()[1] == ";":
                self._take()
                continue
            kind, name, place = self._take()
            if kind != "word":
                raise self._refused("the name of a property is missing there", place)
            if name.lower() in made:
                raise self._refused(f"{name} stands twice", place)
            self._expect("=")
            made[name.lower()] = self._value(depth + 1)
        self._expect("}")
        return made

    def _value(self, depth: int) -> Any:
        kind, text, place = self._take()
        if depth > _DEEPEST:
            raise self._refused(f"it is nested deeper than {_DEEPEST}", place)
        match kind:
            case "single":
                return text[1:-1].replace("''", "'")
            case "double":
                return _unescaped(text[1:-1])
            case "number":
                return float(text) if "." in text else int(text[:_DEEPEST])
            case "variable":
                return _CONSTANTS.get(text.lower(), _Computed())
            case "list":
                return self._list(depth)
            case "word" if self._peek()[1] == "{":
                return self._object(depth)
        raise self._refused("a value stands there that is not written out", place)

    def _list(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while self._peek()[1] != ")":
            if self._peek()[1] in {",", ";"}:
                self._take()
                continue
            items.append(self._value(depth + 1))
        self._take()
        return items

    def _wire(self, row: ProfileType, given: Mapping[str, Any]) -> dict[str, Any]:
        wire: dict[str, Any] = {"@odata.type": row.odata_type}
        for known in row.properties:
            if known.name.lower() in given:
                wire[known.name] = _shaped(known, given[known.name.lower()])
        if "assignments" in given:
            items = given["assignments"]
            wire["assignments"] = (
                [_assignment(item) for item in items] if isinstance(items, list) else items
            )
        wire |= {name: given[name] for name in _ROOT_KEYS if isinstance(given.get(name), str)}
        if (name := next(_computed(wire), None)) is not None:
            reason = f"{name} of {wire.get('displayName')!r} is only known to PowerShell"
            raise FileError(reason, reason=reason)
        return wire


def _unescaped(text: str) -> Any:
    """A text in double quotes; what it takes from a variable is only known to PowerShell."""
    plain: list[str] = []
    pending = iter(text.replace('""', '"'))
    for character in pending:
        if character == "$":
            return _Computed()
        if character == "`":
            escaped = next(pending, "")
            character = _ESCAPES.get(escaped, escaped)  # noqa: PLW2901  # what it stands for
        plain.append(character)
    return "".join(plain)


def _shaped(known: Property, value: Any) -> Any:
    """A value as Graph writes it: flags as one text, nested properties by Graph's names."""
    if known.is_flags and isinstance(value, list):
        return ",".join(map(str, value))
    names = {row.name.lower(): row.name for row in known.properties}

    def renamed(item: Any) -> Any:
        if not isinstance(item, Mapping):
            return item
        return {names[key]: inner for key, inner in item.items() if key in names}

    return [renamed(item) for item in value] if isinstance(value, list) else renamed(value)


def _assignment(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    target = {_TARGET_KEYS[key]: value for key, value in item.items() if key in _TARGET_KEYS}
    if (name := item.get("deviceandappmanagementassignmentfilterdisplayname")) is not None:
        target[FILTER_ID] = name
    return {"target": {"@odata.type": item.get("datatype"), **target}}


def _computed(wire: Mapping[str, Any]) -> Iterator[str]:
    for name, value in wire.items():
        pending = [value]
        while pending:
            inner = pending.pop()
            if isinstance(inner, _Computed):
                yield name
            elif isinstance(inner, Mapping):
                pending += inner.values()
            elif isinstance(inner, list):
                pending += inner
