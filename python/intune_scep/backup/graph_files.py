"""Certificate profiles in files of other tools, or as Graph itself answered. No network.

One object, a list, an answer with `value`, a `$batch` answer, or a directory of any of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from intune_scep.backup.graph_objects import (
    GraphObject,
    RootHint,
    graph_object,
    plain,
    type_of,
    unfolded,
)
from intune_scep.declarations.names import NameIndex, Names
from intune_scep.declarations.reading import Documents
from intune_scep.declarations.strangers import (
    ODATA_TYPE,
    kind_of,
    looks_like_profile,
    odata_type_of,
)
from intune_scep.errors import FileError, SourceError
from intune_scep.profiles import (
    Profile,
    ProfileIndex,
    TrustedRootProfile,
    find_profile_type,
    parse_profile,
)
from intune_scep.tenant import ReadFailure, RootLink, Snapshot, profile_key
from intune_scep.tenant.listing import are_assignments
from intune_scep.tenant.snapshot import is_other_certificate

_NEXT: Final = "@odata.nextLink"
_COUNT: Final = "@odata.count"
_CONTEXT: Final = "@odata.context"
_PART: Final = "assignments@odata.nextLink"
_MOST_NAMED: Final = 20
_DEEPEST: Final = 4
_ANY_CASE: Final = frozenset({"id", ODATA_TYPE})
"""Properties that name the profile, in whatever letter case."""
_WRAPPED: Final = ({"profile", "root"}, {"profile", "root_profile"})
_MIGRATION_TABLE: Final = {"TenantId", "Objects"}
_TABLE_KINDS: Final = {"Group": "groups", "AssignmentFilter": "filters", "ScopeTag": "scope_tags"}
_GROUP: Final = ({"groupTypes"}, {"securityEnabled"})
_NO_TYPE: Final = (
    "it has no @odata.type, so its platform is not known; export it with the type (Graph leaves it"
    " out where odata.metadata is none)"
)
_NO_CERTIFICATE_PROFILE: Final = (
    "Expected: declarations in YAML, the directory of a backup, or certificate profiles as Graph"
    " has them in JSON or YAML: one, a list, an answer with value, or a directory of these."
)


@dataclass(frozen=True)
class GraphFiles:
    """What files of Graph objects hold.

    Attributes:
        snapshot: The profiles, with what could not be read and what is no certificate profile.
        hints: Key of a SCEP profile to what the files say of a root that is not among them.
        sources: Key of a profile to its file.
        unread: Files and objects that could not be read, and may be profiles.
        partial: Of what the files say themselves that they are one part only.
        strange: What of them is no certificate profile, a sentence for each kind.
        silent: Names of SCEP profiles of whose root the files say nothing.
    """

    snapshot: Snapshot
    hints: Mapping[str, RootHint] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[ReadFailure, ...] = ()
    partial: tuple[ReadFailure, ...] = ()
    strange: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


def holds_graph_objects(documents: Iterable[Any]) -> bool:
    """Whether some document is an object of Graph, of whatever type, or an answer with some."""
    return any(
        type_of(entry, context) is not None or looks_like_profile(entry) or "error" in entry
        for document in documents
        for entry, context in _entries(document, _Pages(), Path())
        if isinstance(entry, Mapping)
    )


def graph_files(files: Mapping[Path, Documents], others: Iterable[str], where: str) -> GraphFiles:
    """The certificate profiles that files hold.

    Args:
        files: By their path as it is to be shown.
        others: Files that hold no data, each as a sentence says it.
        where: What was named, for messages.

    Raises:
        SourceError: there is no certificate profile in them, or one in several editions.
    """
    reading = _Reading()
    for file, documents in files.items():
        reading.read(file, documents)
    reading.settle()
    if not reading.found:
        told = [*reading.problems(), *reading.strangers(), *others]
        alone = [text.removeprefix(f"{where}: ") for text in told]
        raise SourceError(
            f"There is no certificate profile in {where}: {alone[0]}"
            if len(told) == 1 and alone != told
            else " ".join([f"There is no certificate profile in {where}.", *told]),
            hint=_NO_CERTIFICATE_PROFILE,
        )
    return reading.result([*reading.left_out(), *others])


@dataclass
class _Pages:
    """Answers that say of themselves that more follows."""

    unfinished: list[str] = field(default_factory=list)
    listed: Counter[str] = field(default_factory=Counter)
    counted: dict[str, int] = field(default_factory=dict)

    def note(self, answer: Mapping[str, Any], file: Path) -> None:
        context, count = str(answer.get(_CONTEXT)), answer.get(_COUNT)
        self.listed[context] += len(answer["value"])
        if isinstance(count, int) and not isinstance(count, bool):
            self.counted[context] = count
        if answer.get(_NEXT):
            self.unfinished.append(str(file))

    @property
    def complete(self) -> bool:
        """Whether Graph's own counts say that the pages are all here."""
        return self.listed.keys() == self.counted.keys() and all(
            self.listed[context] == count for context, count in self.counted.items()
        )


@dataclass(frozen=True)
class _Found:
    profile: Profile
    item: GraphObject
    file: str


class _Reading:
    def __init__(self) -> None:
        self.found: list[_Found] = []
        self._foreign: list[Mapping[str, Any]] = []
        self._neighbours: dict[str, Counter[str]] = {}
        self._strangers: dict[str, Counter[str]] = {}
        self._unread: list[ReadFailure] = []
        self._partial: list[ReadFailure] = []
        self._pages = _Pages()
        self._names: dict[str, dict[str, str]] = {"groups": {}, "filters": {}, "scope_tags": {}}

    def read(self, file: Path, documents: Documents) -> None:
        if isinstance(documents, FileError):
            self._unread.append(ReadFailure(str(file), f"{documents.reason}."))
            return
        entries = [item for document in documents for item in _entries(document, self._pages, file)]
        if not entries:
            self._note_stranger("an empty list" if documents else "an empty file", file)
        for entry, context in entries:
            self._read_entry(plain(entry), context, file)

    def _read_entry(self, entry: Any, context: object, file: Path) -> None:
        if not isinstance(entry, Mapping):
            self._note_stranger(kind_of(entry), file)
            return
        if self._learns(entry):
            return
        entry, hint = _unwrapped(entry)
        entry = unfolded(entry)
        odata_type = type_of(entry, context)
        if odata_type is None or find_profile_type(odata_type) is None:
            self._read_other(entry, odata_type, file)
            return
        if not are_assignments(entry.get("assignments")):
            self._unread.append(
                ReadFailure(_called(entry, file), "its assignments have an unknown form.")
            )
            return
        item = graph_object(entry, odata_type, file)
        if hint is not None:
            item = replace(item, hint=hint)
        self._read_profile(item, entry, file)

    def _read_profile(self, item: GraphObject, entry: Mapping[str, Any], file: Path) -> None:
        what = _called(entry, file)
        for word in self._names:
            self._names[word] |= getattr(item, word)
        if item.cut:
            reason = (
                f"{', '.join(item.cut)} was cut off when it was exported, as PowerShell's"
                " ConvertTo-Json does below its -Depth; export it with -Depth 20."
            )
            self._unread.append(ReadFailure(what, reason))
        if entry.get(_PART):
            reason = "The file has one part of them only; the rest is missing."
            self._partial.append(ReadFailure(f"all assignments of {what}", reason))
        self.found.append(_Found(parse_profile(item.wire), item, str(file)))

    def _read_other(self, entry: Mapping[str, Any], odata_type: str | None, file: Path) -> None:
        if odata_type is None and looks_like_profile(entry):
            self._unread.append(ReadFailure(_called(entry, file), f"{_NO_TYPE}."))
        elif odata_type is not None and is_other_certificate(odata_type):
            item = graph_object(entry, odata_type, file)
            self._foreign.append(item.wire)
            self._neighbours.setdefault(kind_of(entry), Counter())[str(file)] += 1
        else:
            self._note_stranger(kind_of(entry), file)

    def _note_stranger(self, kind: str, file: Path) -> None:
        self._strangers.setdefault(kind, Counter())[str(file)] += 1

    def _learns(self, entry: Mapping[str, Any]) -> bool:
        """Take the names out of an object that has nothing else for us; whether it was one."""
        if entry.keys() >= _MIGRATION_TABLE:
            objects = entry["Objects"]
            for item in objects if isinstance(objects, list) else ():
                if isinstance(item, Mapping) and (word := _TABLE_KINDS.get(str(item.get("Type")))):
                    self._name(word, item.get("Id"), item.get("DisplayName"))
            return True
        if any(entry.keys() >= keys for keys in _GROUP) and odata_type_of(entry) is None:
            self._name("groups", entry.get("id"), entry.get("displayName"))
            return True
        return False

    def _name(self, word: str, identifier: Any, name: Any) -> None:
        if isinstance(identifier, str) and identifier and isinstance(name, str) and name:
            self._names[word].setdefault(identifier, name)

    def settle(self) -> None:
        """Count a profile that stands in several files once.

        Raises:
            SourceError: it is not the same in all of them.
        """
        kept: dict[str, _Found] = {}
        differing: dict[str, str] = {}
        for item in self.found:
            key = (item.profile.id or "").lower() or profile_key(item.profile)
            earlier = kept.setdefault(key, item)
            if earlier is item:
                continue
            if (both := _same(earlier, item)) is not None:
                kept[key] = both
                continue
            name = item.profile.display_name or item.profile.id
            differing[key] = f"{name!r} ({earlier.file}, {item.file})"
        if differing:
            shown = listed(list(differing.values()))
            raise SourceError(
                f"The files hold several editions of the same profile: {shown}.",
                hint="Name the files of one export only.",
            )
        self.found = list(kept.values())
        if self._pages.unfinished and not self._pages.complete:
            files = listed(list(dict.fromkeys(self._pages.unfinished)))
            reason = (
                f"{files} is one page of a listing (@odata.nextLink stands in it); the rest is"
                " missing, unless other files hold it. Export every page."
            )
            self._partial.append(ReadFailure("the whole listing", reason))

    def strangers(self) -> list[str]:
        """What is there instead of certificate profiles, a sentence for each kind."""
        kinds = {**self._neighbours, **self._strangers}
        return [f"{_counted(files)}: {kind}." for kind, files in kinds.items()]

    def left_out(self) -> list[str]:
        """What is none of ours, a sentence for each kind without Graph's name for it.

        Certificate profiles of other kinds are judged beside ours.
        """
        kinds: dict[str, Counter[str]] = {}
        for kind, files in self._strangers.items():
            kinds.setdefault(kind.partition(" (#")[0], Counter()).update(files)
        return [f"Left out, being {kind}: {_counted(files)}." for kind, files in kinds.items()]

    def problems(self) -> list[str]:
        """What could not be read, in sentences."""
        return [str(item) for item in (*self._unread, *self._partial)]

    def result(self, notes: Sequence[str]) -> GraphFiles:
        profiles = tuple(item.profile for item in self.found)
        index = ProfileIndex(item for item in profiles if not item.is_scep)
        links: dict[str, RootLink] = {}
        hints: dict[str, RootHint] = {}
        silent: list[str] = []
        for found in self.found:
            if not found.profile.is_scep:
                continue
            key, hint = profile_key(found.profile), found.item.hint
            if hint is None:
                silent.append(repr(found.profile.display_name or key))
            elif hint.unbound:
                links[key] = None
            elif (root := _root(found.profile, hint, index)) is not None:
                links[key] = root
            else:
                hints[key] = hint
        absent = [
            f"{found.profile.display_name!r} ({hints[key]})"
            for found in self.found
            if (key := profile_key(found.profile)) in hints
        ]
        snapshot = Snapshot(
            profiles=profiles,
            foreign=tuple(self._foreign),
            root_links=links,
            names=Names(
                NameIndex("group", tuple(self._names["groups"].items())),
                NameIndex("assignment filter", tuple(self._names["filters"].items())),
                NameIndex("scope tag", tuple(self._names["scope_tags"].items())),
            ),
            failures=(*self._unread, *self._partial),
            notes=(*_about_roots(silent, absent), *notes),
        )
        sources = {profile_key(item.profile): item.file for item in self.found}
        return GraphFiles(
            snapshot,
            hints,
            sources,
            tuple(self._unread),
            tuple(self._partial),
            tuple(notes),
            tuple(silent),
        )


def _about_roots(silent: Sequence[str], absent: Sequence[str]) -> Iterator[str]:
    if silent:
        yield (
            "The files do not say which trusted root these point at, so the rules about it were"
            f" not judged: {listed(silent)}."
        )
    if absent:
        yield (
            "The trusted roots that these point at are not among the files, or not the only ones"
            f" that fit, so the rules about them were not judged: {listed(absent)}."
        )


def _entries(
    document: Any, pages: _Pages, file: Path, context: object = None, depth: int = 0
) -> Iterator[tuple[Any, object]]:
    """The objects in a document, each with the context of the answer that it stands in."""
    inner: Any = None
    if isinstance(document, list):
        inner = document
    elif isinstance(document, Mapping) and isinstance(document.get("value"), list):
        pages.note(document, file)
        inner, context = document["value"], document.get(_CONTEXT, context)
    elif isinstance(document, Mapping) and isinstance(document.get("value"), Mapping):
        inner = [document["value"]] if odata_type_of(document) is None else None
    elif isinstance(document, Mapping) and isinstance(document.get("responses"), list):
        inner = [
            item.get("body") if isinstance(item, Mapping) else item
            for item in document["responses"]
        ]
    if inner is None or depth == _DEEPEST:
        yield document, context
        return
    for item in inner:
        yield from _entries(item, pages, file, context, depth + 1)


def _unwrapped(entry: Mapping[str, Any]) -> tuple[Mapping[str, Any], RootHint | None]:
    """The profile in a file of our own backup, or in what `profiles show` says in JSON."""
    inner = entry.get("profile")
    if not isinstance(inner, Mapping) or not any(entry.keys() >= keys for keys in _WRAPPED):
        return entry, None
    root = entry.get("root", entry.get("root_profile"))
    if root is None:
        return inner, RootHint(unbound=True)
    if not isinstance(root, Mapping):
        return inner, None
    texts = (root.get("id"), root.get("name"))
    identifier, name = (text if isinstance(text, str) else None for text in texts)
    return inner, RootHint(identifier, name)


def _same(one: _Found, other: _Found) -> _Found | None:
    """One profile out of two files, where they say the same as far as both say something."""
    here, there = one.item.wire, other.item.wire
    if one.profile.profile_type is not other.profile.profile_type:
        return None
    if any(here[name] != there[name] for name in (here.keys() & there.keys()) - _ANY_CASE):
        return None
    item = replace(one.item, wire={**there, **here}, hint=one.item.hint or other.item.hint)
    return _Found(parse_profile(item.wire), item, one.file)


def _root(profile: Profile, hint: RootHint, index: ProfileIndex) -> TrustedRootProfile | None:
    """The root a hint means, if it is here and the only one."""
    by_id = index.by_id(hint.id)
    if isinstance(by_id, TrustedRootProfile):
        return by_id
    own_type = profile.profile_type.root_type or ""
    inside = hint.wire
    if inside is not None and looks_like_profile(inside):
        row = find_profile_type(type_of(inside) or own_type)
        made = row.model.from_wire(plain(inside)) if row is not None else None
        return made if isinstance(made, TrustedRootProfile) else None
    row = find_profile_type(hint.odata_type or own_type)
    named = index.named(row, hint.name) if row is not None and hint.name else ()
    if len(named) != 1 or not isinstance(named[0], TrustedRootProfile):
        return None
    # Of two ids that differ neither is the other; a tool that takes ids out leaves the name.
    return named[0] if hint.id is None or not named[0].id else None


def _called(entry: Mapping[str, Any], file: Path) -> str:
    name = entry.get("displayName") or entry.get("id")
    return f"{name!r} in {file}" if isinstance(name, str) else f"an object in {file}"


def _counted(files: Mapping[str, int]) -> str:
    return listed([name if n == 1 else f"{name} ({n})" for name, n in files.items()])


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, the first twenty of them."""
    shown = ", ".join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
