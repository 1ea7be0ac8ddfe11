"""From declarations and what was read of a tenant to a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from intune_scep.desired_state.declarations import Declaration, RootReference, ScepDeclaration
from intune_scep.desired_state.differences import (
    assignment_difference,
    changed_wire,
    property_differences,
    reissues,
    wanted_wire,
)
from intune_scep.desired_state.marker import is_marked, marker, with_marker
from intune_scep.desired_state.matching import Observed, Roots, declared_twice, find_profile
from intune_scep.desired_state.names import UnresolvedNameError, encode_target
from intune_scep.desired_state.notes import (
    creation_notes,
    deletion_notes,
    is_scep,
    replacement_notes,
    update_notes,
)
from intune_scep.desired_state.options import CREATABLE_PLATFORMS
from intune_scep.desired_state.plan import (
    AssignmentChange,
    Change,
    Difference,
    Reissues,
    RootChange,
    RootTarget,
    StateAction,
    StatePlan,
    StatePlanError,
)
from intune_scep.desired_state.translation import Wire
from intune_scep.desired_state.wire_form import create_wire, missing_for_create
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Profile, ProfileKind, writable
from intune_scep.tenant import same_assignments

_CHANNEL: Final = "deploymentChannel"
_REPLACE_HINT: Final = (
    "Set replace: true to create it anew and then delete this one, which revokes its certificates;"
    " or declare a new profile under another name, move the assignments, and remove this one later;"
    " or leave the option as it is."
)


@dataclass(frozen=True)
class PlanChoices:
    """What the operator decides about a set of declarations.

    Attributes:
        managed_by: Name of the set, written as a mark into the description of each of its
            profiles; None writes no mark.
        prune: Delete profiles that carry the mark of the set, or that `prune_list` names, and
            that no declaration is about.
        prune_list: Names or ids of profiles to prune besides.
    """

    managed_by: str | None = None
    prune: bool = False
    prune_list: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse choices that contradict each other.

        Raises:
            StatePlanError: `prune` says nothing, or `prune_list` stands without it.
            MarkerError: `managed_by` cannot stand in a mark.
        """
        if self.managed_by is not None:
            marker(self.managed_by)
        if self.prune and self.managed_by is None and not self.prune_list:
            raise StatePlanError(
                "prune needs managed_by, so that only profiles with that mark in their description"
                " are deleted, or prune_list with their names or ids."
            )
        if self.prune_list and not self.prune:
            raise StatePlanError("prune_list deletes profiles only together with prune: true.")


class _RefusedError(IntuneScepError):
    """One declaration cannot be carried out."""


def make_plan(
    tenant: str,
    cloud: str,
    declarations: Sequence[Declaration],
    observed: Observed,
    choices: PlanChoices,
) -> StatePlan:
    """Decide what happens to each profile.

    A declaration that cannot be carried out becomes a refused action; nothing of a plan with
    refused actions is ever applied.
    """
    planner = _Planner(declarations, observed, choices)
    actions = planner.actions()
    return StatePlan(
        tenant,
        cloud,
        tuple(actions),
        frozenset(profile.id for profile in observed.profiles if profile.id),
        (*observed.notes, *planner.notes),
    )


class _Planner:
    def __init__(
        self, declarations: Sequence[Declaration], observed: Observed, choices: PlanChoices
    ) -> None:
        self._declarations = declarations
        self._observed = observed
        self._choices = choices
        self.notes: list[str] = []
        self._refusals = declared_twice(declarations)
        self._matches = self._match()
        self._roots = Roots(declarations, self._matches, observed, self._replaced_roots())

    def _match(self) -> dict[int, Profile | None]:
        matches: dict[int, Profile | None] = {}
        for index, declaration in enumerate(self._declarations):
            try:
                matches[index] = find_profile(declaration, self._observed.profiles)
            except UnresolvedNameError as error:
                self._refusals.setdefault(index, str(error))
        self._refuse_shared(matches)
        return matches

    def _refuse_shared(self, matches: dict[int, Profile | None]) -> None:
        """Two declarations about one profile, one by id and one by name, contradict each other."""
        seen: dict[str | None, int] = {}
        for index, profile in matches.items():
            if profile is None:
                continue
            if profile.id in seen:
                reason = f"Two declarations are about the profile {profile.id}."
                self._refusals.setdefault(index, reason)
                self._refusals.setdefault(seen[profile.id], reason)
            seen[profile.id] = index

    def _replaced_roots(self) -> frozenset[int]:
        return frozenset(
            index
            for index, declaration in enumerate(self._declarations)
            if declaration.kind is ProfileKind.TRUSTED_ROOT
            and (current := self._matches.get(index)) is not None
            and declaration.replace
            and _why_not_in_place(declaration, current, _in_place_wire(declaration, current))
        )

    def actions(self) -> list[StateAction]:
        actions = [self._action(index) for index in range(len(self._declarations))]
        actions += self._pruned(len(actions))
        actions = [self._with_name_check(action, actions) for action in actions]
        return [self._with_users(action, actions) for action in actions]

    def _action(self, index: int) -> StateAction:
        declaration = self._declarations[index]
        current = self._matches.get(index)
        blank = StateAction(
            index,
            Change.NONE,
            declaration.profile_type,
            declaration.name or (current.display_name if current else None) or declaration.id or "",
            current,
        )
        if index in self._refusals:
            return _refused(blank, self._refusals[index])
        try:
            if declaration.state == "absent":
                return self._absent(blank, declaration)
            if current is None:
                return self._create(blank, declaration)
            return self._present(blank, declaration, current)
        except (UnresolvedNameError, _RefusedError) as error:
            return _refused(blank, str(error))

    def _absent(self, blank: StateAction, declaration: Declaration) -> StateAction:
        current = blank.current
        if current is None:
            return blank
        if current.profile_type is not declaration.profile_type:
            raise _RefusedError(_wrong_type(declaration, current))
        return _deleted(blank, current)

    def _create(self, blank: StateAction, declaration: Declaration) -> StateAction:
        missing = missing_for_create(declaration)
        if missing:
            raise _RefusedError(f"A new profile needs {', '.join(missing)}.")
        body = self._new_body(declaration)
        root = self._wanted_root(declaration)
        assignments = self._wanted_assignments(declaration) or ()
        return self._with_differences(
            replace(
                blank,
                change=Change.CREATE,
                body=body,
                root=RootChange(None, root) if root else None,
                assignments=AssignmentChange((), assignments) if assignments else None,
                notes=tuple(creation_notes(declaration.kind, root)),
            ),
            {},
        )

    def _new_body(self, declaration: Declaration) -> Wire:
        wanted = wanted_wire(declaration, self._observed.names, self._choices.managed_by)
        body = create_wire(declaration)
        body |= {name: value for name, value in wanted.items() if value is not None}
        if self._choices.managed_by is not None:
            body["description"] = with_marker(body.get("description"), self._choices.managed_by)
        return body

    def _present(
        self, blank: StateAction, declaration: Declaration, current: Profile
    ) -> StateAction:
        if current.profile_type is not declaration.profile_type:
            if not declaration.replace:
                raise _RefusedError(f"{_wrong_type(declaration, current)} {_REPLACE_HINT}")
            return self._replace_other_type(blank, declaration, current)
        wanted = wanted_wire(declaration, self._observed.names, self._choices.managed_by)
        if self._choices.managed_by is not None and "description" not in wanted:
            wanted["description"] = with_marker(current.description, self._choices.managed_by)
        changes = changed_wire(declaration, current, wanted)
        why = _why_not_in_place(declaration, current, changes)
        if why and not declaration.replace:
            raise _RefusedError(f"{why} {_REPLACE_HINT}")
        if why:
            body = {**writable(current.to_wire()), **changes}
            return self._replace(blank, declaration, current, body)
        return self._update(blank, declaration, current, changes)

    def _update(
        self, blank: StateAction, declaration: Declaration, current: Profile, changes: Wire
    ) -> StateAction:
        root = self._root_change(declaration, current)
        assignments = self._assignment_change(declaration, current)
        if not changes and root is None and assignments is None:
            return blank
        action = replace(
            blank,
            change=Change.UPDATE,
            body=changes,
            root=root,
            assignments=assignments,
            after=_makers(root),
            reissues=reissues(blank.profile_type, changes, relinked=root is not None),
            notes=tuple(update_notes(blank, changes, root, assignments)),
        )
        return self._with_differences(action, current.to_wire())

    def _replace_other_type(
        self, blank: StateAction, declaration: Declaration, current: Profile
    ) -> StateAction:
        missing = missing_for_create(declaration)
        if missing:
            raise _RefusedError(
                f"{_wrong_type(declaration, current)} To replace it, give {', '.join(missing)}."
            )
        return self._replace(blank, declaration, current, self._new_body(declaration))

    def _replace(
        self, blank: StateAction, declaration: Declaration, current: Profile, body: Wire
    ) -> StateAction:
        root = self._wanted_root(declaration) or self._kept_root(declaration, current)
        wanted = self._wanted_assignments(declaration)
        assignments = tuple(current.assignments or ()) if wanted is None else wanted
        action = replace(
            blank,
            change=Change.REPLACE,
            body=body,
            root=RootChange(None, root) if root else None,
            assignments=AssignmentChange((), assignments) if assignments else None,
            after=_makers(RootChange(None, root)),
            reissues=Reissues.YES if is_scep(blank) else Reissues.NO,
            notes=tuple(replacement_notes(blank, current)),
        )
        return self._with_differences(action, current.to_wire())

    def _kept_root(self, declaration: Declaration, current: Profile) -> RootTarget | None:
        if declaration.kind is not ProfileKind.SCEP or "root_profile" in declaration.given:
            return None
        root = self._linked_root(current)
        return RootTarget(root.display_name or "", root.id) if root is not None else None

    def _with_differences(self, action: StateAction, before: Wire) -> StateAction:
        names = self._observed.names
        shown = {**before, "@odata.type": action.profile_type.odata_type}
        changes = {name: value for name, value in action.body.items() if shown.get(name) != value}
        differences = property_differences(action.profile_type, before, changes, names)
        if (difference := self._root_difference(action)) is not None:
            differences.append(difference)
        if action.assignments is not None:
            had = action.current.assignments if action.current is not None else None
            if not same_assignments(had or (), action.assignments.after):
                differences.append(
                    assignment_difference(had or (), action.assignments.after, names)
                )
        return replace(action, differences=tuple(differences))

    def _root_difference(self, action: StateAction) -> Difference | None:
        if action.root is None:
            return None
        linked = self._linked_root(action.current) if action.current is not None else None
        before = {"name": linked.display_name, "id": linked.id} if linked is not None else None
        target = action.root.after
        after = {"name": target.name, "id": target.id} if target is not None else None
        return Difference("root_profile", before, after) if before != after else None

    def _wanted_root(self, declaration: Declaration) -> RootTarget | None:
        if not isinstance(declaration, ScepDeclaration) or declaration.root_profile is None:
            return None
        return self._resolve_root(declaration, declaration.root_profile)

    def _resolve_root(self, declaration: ScepDeclaration, reference: RootReference) -> RootTarget:
        target = self._roots.resolve(declaration, reference)
        if target.action is not None and target.action in self._refusals:
            raise _RefusedError(f"root_profile: {target.name!r} is refused itself.")
        return target

    def _root_change(self, declaration: Declaration, current: Profile) -> RootChange | None:
        if declaration.kind is not ProfileKind.SCEP or "root_profile" not in declaration.given:
            return None
        wanted = self._wanted_root(declaration)
        linked = self._linked_root(current)
        before = linked.id if linked is not None else None
        if (wanted.id if wanted is not None else None) == before and not (wanted and not wanted.id):
            return None
        return RootChange(before, wanted)

    def _linked_root(self, current: Profile) -> Profile | None:
        link = self._observed.root_links.get(current.id or "")
        if isinstance(link, IntuneScepError):
            raise _RefusedError(f"Its root could not be read: {link}")
        return link

    def _wanted_assignments(self, declaration: Declaration) -> tuple[dict[str, Any], ...] | None:
        if "assignments" not in declaration.given:
            return None
        items = declaration.given["assignments"] or []
        wanted = tuple({"target": encode_target(item, self._observed.names)} for item in items)
        whom = [
            (target["target"].get("groupId") or target["target"].get("collectionId") or "").lower()
            or target["target"]["@odata.type"]
            for target in wanted
        ]
        if len(set(whom)) < len(whom):
            raise _RefusedError("assignments names the same target more than once.")
        return wanted

    def _assignment_change(
        self, declaration: Declaration, current: Profile
    ) -> AssignmentChange | None:
        wanted = self._wanted_assignments(declaration)
        before = tuple(current.assignments or ())
        if wanted is None or same_assignments(before, wanted):
            return None
        return AssignmentChange(before, wanted)

    def _pruned(self, first: int) -> Iterator[StateAction]:
        if not self._choices.prune:
            return
        matched = {profile.id for profile in self._matches.values() if profile is not None}
        listed = set(self._listed_for_pruning())
        index = first
        for profile in self._observed.profiles:
            marked = self._choices.managed_by is not None and is_marked(
                profile.description, self._choices.managed_by
            )
            if profile.id in matched or not (marked or profile.id in listed):
                continue
            if profile.profile_type.platform not in CREATABLE_PLATFORMS:
                continue
            blank = StateAction(
                index, Change.DELETE, profile.profile_type, profile.display_name or "", profile
            )
            yield _deleted(blank, profile)
            index += 1

    def _listed_for_pruning(self) -> Iterator[str | None]:
        matched = {p.id for p in self._matches.values() if p is not None}
        for reference in self._choices.prune_list:
            found = [
                profile
                for profile in self._observed.profiles
                if reference in {profile.id, profile.display_name}
            ]
            by_id = [profile for profile in found if profile.id == reference]
            found = by_id or found
            if len(found) > 1:
                ids = ", ".join(sorted(profile.id or "?" for profile in found))
                raise StatePlanError(
                    f"prune_list: {len(found)} profiles have the name {reference!r}: {ids}.",
                    hint="Give the id instead.",
                )
            if not found:
                self.notes.append(f"prune_list: there is no profile {reference!r} (any more).")
            elif found[0].id in matched:
                raise StatePlanError(f"prune_list names {reference!r}, which is declared as well.")
            else:
                yield found[0].id

    def _with_name_check(self, action: StateAction, actions: Sequence[StateAction]) -> StateAction:
        """Refuse a rename that would make two profiles of one type and name."""
        if action.change not in {Change.UPDATE, Change.REPLACE} or action.current is None:
            return action
        name = action.body.get("displayName")
        if name is None or name == action.current.display_name:
            return action
        leaving = {a.id for a in actions if a.change is Change.DELETE or "displayName" in a.body}
        for profile in self._observed.profiles:
            if (
                profile.profile_type is action.profile_type
                and profile.display_name == name
                and profile.id not in leaving
            ):
                return _refused(action, f"Another profile has the name {name!r}: {profile.id}.")
        return action

    def _with_users(self, action: StateAction, actions: Sequence[StateAction]) -> StateAction:
        """Let a root go only when no SCEP profile points at it any more."""
        goes = action.change in {Change.DELETE, Change.REPLACE}
        if not goes or action.profile_type.kind is not ProfileKind.TRUSTED_ROOT:
            return action
        by_profile = {other.id: other for other in actions if other.current is not None}
        waits: list[int] = []
        staying: list[str] = []
        for profile in self._observed.profiles:
            if profile.profile_type.root_type != action.profile_type.odata_type:
                continue
            link = self._observed.root_links.get(profile.id or "")
            if isinstance(link, IntuneScepError):
                return _refused(action, f"Who uses this root could not be read: {link}")
            if link is None or link.id != action.id:
                continue
            other = by_profile.get(profile.id)
            if other is not None and _lets_go(other, action):
                waits.append(other.index)
            else:
                staying.append(f"{profile.display_name!r} ({profile.id})")
        if staying:
            return _refused(
                action,
                f"The trusted root is still used by SCEP profiles: {', '.join(sorted(staying))}."
                " Declare another root_profile for them, or remove them, in the same run.",
            )
        return replace(action, after=(*action.after, *waits))


def _lets_go(other: StateAction, root: StateAction) -> bool:
    """Whether an action ends a SCEP profile's use of a root."""
    if other.change is Change.DELETE:
        return True
    if other.root is None:
        return False
    return other.root.after is None or other.root.after.id != root.id


def _in_place_wire(declaration: Declaration, current: Profile) -> Wire:
    wanted = declaration.given.get("deployment_channel")
    channel = {"device": "deviceChannel", "user": "userChannel"}.get(str(wanted))
    differs = channel is not None and channel != current.to_wire().get(_CHANNEL)
    return {_CHANNEL: channel} if differs else {}


def _why_not_in_place(declaration: Declaration, current: Profile, changes: Wire) -> str | None:
    if current.profile_type is not declaration.profile_type:
        return _wrong_type(declaration, current)
    if _CHANNEL in changes:
        return "deployment_channel cannot be changed after deployment."
    return None


def _wrong_type(declaration: Declaration, current: Profile) -> str:
    kind = current.profile_type
    return (
        f"The profile {current.id} is of kind {kind.kind} for {kind.platform}, not of kind"
        f" {declaration.kind} for {declaration.platform}; that cannot be changed."
    )


def _makers(root: RootChange | None) -> tuple[int, ...]:
    """The action that makes the root, if it is made in this run."""
    if root is None or root.after is None or root.after.action is None:
        return ()
    return (root.after.action,)


def _refused(action: StateAction, reason: str) -> StateAction:
    return StateAction(
        action.index,
        Change.REFUSED,
        action.profile_type,
        action.name,
        action.current,
        message=reason,
    )


def _deleted(blank: StateAction, current: Profile) -> StateAction:
    return replace(
        blank,
        change=Change.DELETE,
        name=current.display_name or blank.name,
        reissues=Reissues.YES if is_scep(blank) else Reissues.NO,
        notes=tuple(deletion_notes(blank)),
    )
