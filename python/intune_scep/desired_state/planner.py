"""From declarations and what was read of a tenant to a plan. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from intune_scep.changes.plan import Difference
from intune_scep.declarations.codecs import Wire
from intune_scep.declarations.declaration import Declaration, ScepDeclaration
from intune_scep.declarations.names import UnresolvedNameError, encode_target
from intune_scep.declarations.values import RootReference
from intune_scep.declarations.wire_form import create_wire, missing_for_create
from intune_scep.desired_state.choices import PlanChoices
from intune_scep.desired_state.differences import (
    assignment_difference,
    changed_wire,
    property_differences,
    reissues,
    wanted_wire,
)
from intune_scep.desired_state.marker import with_marker
from intune_scep.desired_state.matching import Observed, Roots, declared_twice, find_profile
from intune_scep.desired_state.notes import (
    creation_notes,
    deleted,
    is_scep,
    refused,
    replacement_notes,
    update_notes,
)
from intune_scep.desired_state.plan import (
    AssignmentChange,
    Change,
    Reissues,
    RootChange,
    RootTarget,
    StateAction,
    StatePlan,
)
from intune_scep.desired_state.pruning import pruned_actions
from intune_scep.desired_state.safety import safe_actions
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Profile, ProfileKind, writable
from intune_scep.tenant import same_assignments

_CHANNEL: Final = "deploymentChannel"
_REPLACE_HINT: Final = (
    "Set replace: true to create it anew and then delete this one, which revokes its certificates;"
    " or declare a new profile under another name, move the assignments, and remove this one later;"
    " or leave the option as it is."
)


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
        """One action for each declaration and for each profile to prune."""
        actions = [self._action(index) for index in range(len(self._declarations))]
        matched = {profile.id for profile in self._matches.values() if profile is not None}
        pruned, notes = pruned_actions(self._observed, matched, self._choices, len(actions))
        self.notes += notes
        return safe_actions([*actions, *pruned], self._observed)

    def _action(self, index: int) -> StateAction:
        declaration = self._declarations[index]
        current = self._matches.get(index)
        blank = StateAction(
            index,
            Change.NONE,
            declaration.profile_type,
            declaration.name or (current.display_name if current else None) or declaration.id or "",
            current,
            accepted_rules=declaration.accepted_rules,
        )
        if index in self._refusals:
            return refused(blank, self._refusals[index])
        try:
            if declaration.state == "absent":
                return self._absent(blank, declaration)
            if current is None:
                return self._create(blank, declaration)
            return self._present(blank, declaration, current)
        except (UnresolvedNameError, _RefusedError) as error:
            return refused(blank, str(error))

    def _absent(self, blank: StateAction, declaration: Declaration) -> StateAction:
        current = blank.current
        if current is None:
            return blank
        if current.profile_type is not declaration.profile_type:
            raise _RefusedError(_wrong_type(declaration, current))
        return deleted(blank, current)

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
                after=_makers(RootChange(None, root)),
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
            whole = {**writable(current.to_wire()), **changes}
            body = {name: value for name, value in whole.items() if value is not None}
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
