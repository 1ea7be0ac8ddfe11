"""Certificate profiles as Graph has them, made into declarations: to compare a tenant with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from intune_scep.backup.graph_files import GraphFiles, listed
from intune_scep.declarations.declaration import Declaration, parse_declaration
from intune_scep.declarations.description import Description, describe_profile
from intune_scep.declarations.from_profile import NOT_READ
from intune_scep.errors import DeclarationError, SourceError
from intune_scep.profiles import Profile
from intune_scep.tenant import profile_key


def declarations_of(files: GraphFiles) -> tuple[list[Declaration], tuple[str, ...]]:
    """The declarations that the profiles in files amount to, the same that an export would write.

    A root that the files do not name is left as it is. Where the name and type of a profile are
    not the only ones among the files, its id is declared.

    Returns:
        The declarations, and what a reader must know of them, in sentences.

    Raises:
        SourceError: something in the files could not be read.
        DeclarationError: no declaration can say what a profile has; one message names them all.
    """
    if files.unread:
        raise SourceError(
            f"Not everything could be read: {' '.join(map(str, files.unread))}",
            hint="Take these files out, or export them again.",
        )
    described = [(profile, _describe(profile, files)) for profile in files.snapshot.profiles]
    declarations: list[Declaration] = []
    problems: list[str] = []
    for profile, description in described:
        if not profile.profile_type.creatable:
            continue
        try:
            declarations.append(_declaration(profile, description, files))
        except DeclarationError as error:
            problems.append(str(error))
    if problems:
        raise DeclarationError("", problems)
    return declarations, tuple(_notes(files, described))


def _describe(profile: Profile, files: GraphFiles) -> Description:
    found = files.snapshot
    return describe_profile(
        profile,
        names=found.names,
        profiles=found.index,
        root=found.known_roots.get(profile_key(profile), NOT_READ),
        roots=found.roots,
    )


def _declaration(profile: Profile, description: Description, files: GraphFiles) -> Declaration:
    options: dict[str, Any] = dict(description.options)
    hint = files.hints.get(profile_key(profile))
    if hint is not None and (hint.id or hint.name):
        options["root_profile"] = {"id": hint.id} if hint.id else {"name": hint.name}
    source = files.sources[profile_key(profile)]
    return parse_declaration(options, kind=profile.profile_type.kind, source=source)


def _notes(files: GraphFiles, described: list[tuple[Profile, Description]]) -> Iterator[str]:
    yield from map(str, files.partial)
    yield from files.strange
    if files.silent:
        yield (
            "The files do not say which trusted root these point at, so that is left as it is:"
            f" {listed(files.silent)}."
        )
    retired = [repr(item.display_name) for item, _ in described if not item.profile_type.creatable]
    if retired:
        yield f"Left out, since their platform is retired: {listed(retired)}."
    unsaid = [
        f"{profile.display_name!r} ({', '.join(description.not_expressed)})"
        for profile, description in described
        if description.not_expressed and profile.profile_type.creatable
    ]
    if unsaid:
        yield f"Not compared, since no option says it: {listed(unsaid)}."
