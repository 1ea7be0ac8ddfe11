"""From what declarations mean in a tenant to a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from intune_scep.changes.plan import Difference
from intune_scep.declarations.codecs import Wire
from intune_scep.declarations.declaration import Declaration
from intune_scep.declarations.names import encode_target, target_problems
from intune_scep.declarations.resolution import (
    CHANNEL_STAYS,
    Resolved,
    RootTarget,
    changes_channel,
    wrong_type,
)
from intune_scep.declarations.wire_form import WireForm
from intune_scep.desired_state.choices import PlanChoices
from intune_scep.desired_state.differences import (
    assignment_difference,
    changed_wire,
    property_differences,
    reissues,
    wanted_wire,
)
from intune_scep.desired_state.marker import with_marker
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
    StateAction,
    StatePlan,
)
from intune_scep.desired_state.pruning import pruned_actions
from intune_scep.desired_state.safety import safe_actions
from intune_scep.errors import IntuneScepError, UnresolvedNameError
from intune_scep.profiles import Profile, ProfileKind, writable
from intune_scep.profiles.targets import same_assignments
from intune_scep.tenant import Snapshot

_REPLACE_HINT: Final = (
    "Set replace: true to create it anew and then delete this one, with its certificates;"
    " or declare a new profile under another name, move the assignments, and remove this one later;"
    " or leave the option as it is."
)


class _RefusedError(IntuneScepError):
    """One declaration cannot be carried out."""


def make_plan(
    tenant: str,
    cloud: str,
    resolved: Sequence[Resolved],
    snapshot: Snapshot,
    choices: PlanChoices,
) -> StatePlan:
    """Decide what happens to each profile.

    A declaration that cannot be carried out becomes a refused action; nothing of a plan with
    refused actions is ever applied.

    Args:
        resolved: What each declaration means in the snapshot.
    """
    planner = _Planner(snapshot, choices)
    actions = [planner.action(item) for item in resolved]
    matched = {item.current.id for item in resolved if item.current is not None}
    pruned, notes = pruned_actions(snapshot, matched, choices, len(actions))
    return StatePlan(
        tenant,
        cloud,
        tuple(safe_actions([*actions, *pruned], snapshot)),
        (*snapshot.notes, *notes),
    )


class _Planner:
    def __init__(self, snapshot: Snapshot, choices: PlanChoices) -> None:
        self._snapshot = snapshot
        self._choices = choices

    def action(self, item: Resolved) -> StateAction:
        """What happens because of one declaration."""
        declaration, current = item.declaration, item.current
        blank = StateAction(
            item.index,
            Change.NONE,
            declaration.profile_type,
            declaration.name or (current.display_name if current else None) or declaration.id or "",
            current,
            accepted_rules=declaration.accepted_rules,
        )
        if problems := tuple(self._problems(item)):
            return refused(blank, *problems)
        try:
            if declaration.state == "absent":
                return self._absent(blank, declaration)
            if current is None:
                return self._create(blank, item)
            return self._present(blank, item, current)
        except (UnresolvedNameError, _RefusedError) as error:
            return refused(blank, str(error))

    def _problems(self, item: Resolved) -> Iterator[str]:
        """Everything that keeps a declaration from being carried out, as far as names tell."""
        declaration = item.declaration
        if item.refusal is not None:
            yield item.refusal
        if declaration.state == "absent":
            return
        is_new = item.refusal is None and item.current is None
        if is_new and (missing := WireForm(declaration).missing):
            yield f"A new profile needs {', '.join(missing)}."
        if item.refusal is None and item.current is not None:
            yield from _unchangeable(item, item.current)
        if item.root_refusal is not None:
            yield item.root_refusal
        for tag in declaration.given.get("scope_tags") or ():
            try:
                self._snapshot.names.scope_tags.resolve(tag)
            except UnresolvedNameError as error:
                yield f"scope_tags: {error}"
        yield from self._assignment_problems(item)

    def _assignment_problems(self, item: Resolved) -> Iterator[str]:
        items = item.declaration.given.get("assignments") or ()
        names = self._snapshot.names
        problems = list(target_problems(items, item.declaration.platform, names))
        if problems and not self._has_them_already(item):
            yield from problems

    def _has_them_already(self, item: Resolved) -> bool:
        """Whether the profile is assigned as declared today, so that nothing is written."""
        current = item.current
        if current is None or item.is_made_anew or current.assignments is None:
            return False
        try:
            wanted = self._wanted_assignments(item.declaration)
        except UnresolvedNameError:
            return False
        return wanted is not None and same_assignments(current.assignments, wanted)

    def _absent(self, blank: StateAction, declaration: Declaration) -> StateAction:
        current = blank.current
        if current is None:
            return blank
        if current.profile_type is not declaration.profile_type:
            raise _RefusedError(wrong_type(declaration, current))
        return deleted(blank, current)

    def _create(self, blank: StateAction, item: Resolved) -> StateAction:
        form = WireForm(item.declaration)
        body = self._new_body(form)
        root = _wanted_root(item)
        assignments = self._wanted_assignments(item.declaration) or ()
        return self._with_differences(
            replace(
                blank,
                change=Change.CREATE,
                body=body,
                root=RootChange(None, root) if root else None,
                assignments=AssignmentChange((), assignments) if assignments else None,
                notes=tuple(creation_notes(item.declaration.kind, root)),
            ),
            {},
        )

    def _new_body(self, form: WireForm) -> Wire:
        wanted = wanted_wire(form, self._snapshot.names, self._choices.managed_by)
        body = dict(form.body)
        body |= {name: value for name, value in wanted.items() if value is not None}
        if self._choices.managed_by is not None:
            body["description"] = with_marker(body.get("description"), self._choices.managed_by)
        return body

    def _present(self, blank: StateAction, item: Resolved, current: Profile) -> StateAction:
        declaration, form = item.declaration, WireForm(item.declaration)
        if current.profile_type is not declaration.profile_type:
            return self._replace(blank, item, current, self._new_body(form))
        wanted = wanted_wire(form, self._snapshot.names, self._choices.managed_by)
        if self._choices.managed_by is not None and "description" not in wanted:
            wanted["description"] = with_marker(current.description, self._choices.managed_by)
        changes = changed_wire(declaration, current, wanted)
        if not changes_channel(declaration, current):
            return self._update(blank, item, current, changes)
        whole = {**writable(current.to_wire()), **changes}
        rows = current.profile_type.properties_by_name
        body = {
            name: value
            for name, value in whole.items()
            if value is not None or (name in rows and rows[name].not_configured)
        }
        return self._replace(blank, item, current, body)

    def _update(
        self, blank: StateAction, item: Resolved, current: Profile, changes: Wire
    ) -> StateAction:
        root = self._root_change(item, current)
        assignments = self._assignment_change(item.declaration, current)
        if not changes and root is None and assignments is None:
            return blank
        action = replace(
            blank,
            change=Change.UPDATE,
            body=changes,
            root=root,
            assignments=assignments,
            reissues=reissues(blank.profile_type, changes, relinked=root is not None),
            notes=tuple(update_notes(blank, changes, root, assignments)),
        )
        return self._with_differences(action, current.to_wire())

    def _replace(
        self, blank: StateAction, item: Resolved, current: Profile, body: Wire
    ) -> StateAction:
        root = _wanted_root(item) or self._kept_root(item.declaration, current)
        wanted = self._wanted_assignments(item.declaration)
        assignments = tuple(current.assignments or ()) if wanted is None else wanted
        action = replace(
            blank,
            change=Change.REPLACE,
            body=body,
            root=RootChange(None, root) if root else None,
            assignments=AssignmentChange((), assignments) if assignments else None,
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
        names = self._snapshot.names
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

    def _root_change(self, item: Resolved, current: Profile) -> RootChange | None:
        declaration = item.declaration
        if declaration.kind is not ProfileKind.SCEP or "root_profile" not in declaration.given:
            return None
        wanted = _wanted_root(item)
        linked = self._linked_root(current)
        before = linked.id if linked is not None else None
        if (wanted.id if wanted is not None else None) == before and not (wanted and not wanted.id):
            return None
        return RootChange(before, wanted)

    def _linked_root(self, current: Profile) -> Profile | None:
        link = self._snapshot.root_links.get(current.id or "")
        if isinstance(link, IntuneScepError):
            raise _RefusedError(f"Its root could not be read: {link}")
        return link

    def _wanted_assignments(self, declaration: Declaration) -> tuple[dict[str, Any], ...] | None:
        if "assignments" not in declaration.given:
            return None
        items = declaration.given["assignments"] or []
        return tuple({"target": encode_target(item, self._snapshot.names)} for item in items)

    def _assignment_change(
        self, declaration: Declaration, current: Profile
    ) -> AssignmentChange | None:
        wanted = self._wanted_assignments(declaration)
        before = tuple(current.assignments or ())
        if wanted is None or same_assignments(before, wanted):
            return None
        return AssignmentChange(before, wanted)


def _unchangeable(item: Resolved, current: Profile) -> Iterator[str]:
    """What cannot be changed in place, where the profile may not, or cannot, be made anew."""
    declaration = item.declaration
    if current.profile_type is not declaration.profile_type:
        why = wrong_type(declaration, current)
        if not declaration.replace:
            yield f"{why} {_REPLACE_HINT}"
        elif missing := WireForm(declaration).missing:
            yield f"{why} To replace it, give {', '.join(missing)}."
    elif changes_channel(declaration, current) and not declaration.replace:
        yield f"{CHANNEL_STAYS} {_REPLACE_HINT}"


def _wanted_root(item: Resolved) -> RootTarget | None:
    if item.root_refusal is not None:
        raise _RefusedError(item.root_refusal)
    return item.root
