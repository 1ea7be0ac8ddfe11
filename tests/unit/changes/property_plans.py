"""Any tenant, and any plan of changes over it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from tests.unit.backup.tenants import GROUPS, URL, directory

from intune_scep.changes.plan import Action, Difference, Plan, Task
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Reference, Seen, Step
from intune_scep.changes.steps.assign import Assign
from intune_scep.changes.steps.create import Create
from intune_scep.changes.steps.delete import Delete
from intune_scep.changes.steps.link import Link
from intune_scep.changes.steps.patch import Patch
from intune_scep.profiles import Profile, require_profile_type, writable
from intune_scep.simulator.scenario import Scenario
from intune_scep.simulator.scenarios.wire import root_body, scep_body
from intune_scep.tenant import Snapshot, Tenant, read_profiles, read_root_links

PLATFORMS = ("ios", "macos", "windows", "android_device_owner", "android_work_profile")
CERTIFICATES = ("bulk-root", "contoso-root-ca-2021", "contoso-wifi-root-2016")
_ALL = "#microsoft.graph.allDevicesAssignmentTarget"
_GROUP = "#microsoft.graph.groupAssignmentTarget"

targets = st.sets(st.sampled_from([_ALL, *GROUPS.values()]), max_size=3).map(sorted)
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@dataclass(frozen=True)
class Wish:
    """What is to become of a profile.

    Attributes:
        do: `keep`, `change`, `replace`, `delete` or `create`.
        values: Properties to change.
        root: Name of the root to point at; "" for the one it has, None for none.
        targets: Whom to assign it to; None for as it is.
        whole: Whether what is made is taken away if it is not whole.
    """

    do: str
    platform: str
    name: str
    is_scep: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    root: str | None = ""
    targets: tuple[str, ...] | None = None
    whole: bool = False


@dataclass(frozen=True)
class Case:
    scenario: Scenario
    wishes: tuple[Wish, ...]
    all_or_nothing: bool


@st.composite
def cases(draw: Any) -> Case:
    profiles: list[dict[str, Any]] = []
    links: dict[str, str] = {}
    assignments: dict[str, Any] = {}
    wishes: list[Wish] = []
    for platform in draw(st.lists(st.sampled_from(PLATFORMS), min_size=1, max_size=2, unique=True)):
        roots = {}
        for number in range(draw(st.integers(0, 2))):
            name = f"Root {number}"
            roots[name] = root_body(platform, name, draw(st.sampled_from(CERTIFICATES)))
        sceps = {}
        for number in range(draw(st.integers(0, 3))):
            name = f"Staff {number}"
            sceps[name] = scep_body(platform, name, urls=[URL])
            if roots and draw(st.booleans()):
                links[sceps[name]["id"]] = roots[draw(st.sampled_from(sorted(roots)))]["id"]
        for wire in (*roots.values(), *sceps.values()):
            profiles.append(wire)
            assignments[wire["id"]] = tuple(map(_target, draw(targets)))
        wishes += draw(_wishes(platform, sorted(roots), sorted(sceps)))
    order = draw(st.permutations(wishes))
    scenario = directory(profiles=tuple(profiles), root_links=links, assignments=assignments)
    return Case(scenario, tuple(order), draw(st.booleans()))


@st.composite
def _wishes(draw: Any, platform: str, roots: list[str], sceps: list[str]) -> list[Wish]:
    what = st.sampled_from(["keep", "change", "replace", "delete"])
    new_roots = [f"New root {n}" for n in range(draw(st.integers(0, 1)))]
    done = {name: draw(what) for name in roots}
    there = [name for name in roots if done[name] != "delete"] + new_roots
    some_root = st.sampled_from([*there, None])
    wishes = []
    for name, do in [*done.items(), *((name, "create") for name in new_roots)]:
        wishes.append(_wish(draw, Wish(do, platform, name, False)))
    for name in sceps:
        root = draw(st.just("") | some_root)
        wishes.append(_wish(draw, Wish(draw(what), platform, name, True, root=root)))
    for number in range(draw(st.integers(0, 2))):
        new = Wish("create", platform, f"New {number}", True, root=draw(some_root))
        wishes.append(_wish(draw, new))
    return wishes


def _wish(draw: Any, wish: Wish) -> Wish:
    values: dict[str, Any] = {"description": draw(words)} if draw(st.booleans()) else {}
    if wish.is_scep and draw(st.booleans()):
        values["renewalThresholdPercentage"] = draw(st.integers(1, 99))
    if wish.do == "change" and draw(st.booleans()):
        values["displayName"] = f"{wish.name} renamed"
    chosen = draw(st.none() | targets.map(tuple))
    return Wish(
        wish.do,
        wish.platform,
        wish.name,
        wish.is_scep,
        values,
        wish.root,
        chosen,
        draw(st.booleans()),
    )


def _target(target: str) -> dict[str, Any]:
    if target == _ALL:
        return {"@odata.type": _ALL}
    return {"@odata.type": _GROUP, "groupId": target}


async def plan_of(tenant: Tenant, case: Case) -> Plan:
    """The plan of a case over the tenant as it is now."""
    wires = [_body(wish) for wish in case.wishes]
    types = {wire["@odata.type"]: require_profile_type(wire["@odata.type"]) for wire in wires}
    for wish in case.wishes:
        body = root_body(wish.platform, "x", CERTIFICATES[0])
        types[body["@odata.type"]] = require_profile_type(body["@odata.type"])
    snapshot = await read_profiles(tenant, types.values(), with_assignments=True)
    links = await read_root_links(tenant, [p for p in snapshot.profiles if p.is_scep])
    roots = {
        identifier: root.id if isinstance(root, Profile) else None
        for identifier, root in links.items()
    }
    return _Planner(case, snapshot, roots).plan(tenant)


def _body(wish: Wish) -> dict[str, Any]:
    if wish.is_scep:
        made = scep_body(wish.platform, wish.name, urls=[URL])
    else:
        made = root_body(wish.platform, wish.name, CERTIFICATES[0])
    return {name: value for name, value in made.items() if name not in _COMPUTED}


_COMPUTED = {"id", "version", "createdDateTime", "lastModifiedDateTime", "supportsScopeTags"}


_WORDS = {"keep": "update", "change": "update"}


class _Planner:
    def __init__(self, case: Case, snapshot: Snapshot, roots: Mapping[str, str | None]) -> None:
        self._case = case
        self._roots = roots
        self._there = {(p.odata_type, p.display_name): p for p in snapshot.profiles}
        self._by_id = {p.id: p for p in snapshot.profiles}
        self._keys = {(wish.platform, wish.name): str(n) for n, wish in enumerate(case.wishes)}
        self._wishes = {(wish.platform, wish.name): wish for wish in case.wishes}

    def plan(self, tenant: Tenant) -> Plan:
        return Plan(
            Task.DECLARED_STATE,
            tenant.tenant_id,
            tenant.cloud,
            tuple(map(self._action, self._case.wishes)),
            choices={"any": ["thing", None, 1]},
            all_or_nothing=self._case.all_or_nothing,
            made_at="2026-01-05T08:00:00+00:00",
        )

    def _profile(self, wish: Wish) -> Profile | None:
        return self._there.get((_body(wish)["@odata.type"], wish.name))

    def _root_after(self, wish: Wish) -> str | None:
        """Name of the root that the profile points at in the end."""
        if not wish.is_scep or wish.root != "":
            return wish.root or None
        name = self._root_before(wish)
        if name is None or self._wishes[wish.platform, name].do == "delete":
            return None
        return name

    def _root_before(self, wish: Wish) -> str | None:
        profile = self._profile(wish)
        root = self._by_id.get(self._roots.get(profile.id or "")) if profile is not None else None
        return root.display_name if root is not None else None

    def _reference(self, wish: Wish) -> Reference | None:
        name = self._root_after(wish)
        if name is None:
            return None
        root = self._wishes[wish.platform, name]
        if root.do in {"create", "replace"}:
            return Reference(None, self._keys[wish.platform, name], name)
        existing = self._profile(root)
        assert existing is not None
        return Reference(existing.id, None, name)

    def _users(self, wish: Wish) -> tuple[str, ...]:
        return tuple(
            self._keys[other.platform, other.name]
            for other in self._case.wishes
            if other.is_scep
            and other.platform == wish.platform
            and self._root_before(other) == wish.name
        )

    def _action(self, wish: Wish) -> Action:
        profile = self._profile(wish)
        steps = self._steps(wish, profile)
        makers = tuple(
            reference.action
            for step in steps
            for reference in [getattr(step, "root", None) or getattr(step, "after", None)]
            if isinstance(reference, Reference) and reference.action is not None
        )
        held = None if profile is None else tuple(profile.assignments or ())
        return Action(
            key=self._keys[wish.platform, wish.name],
            action={"keep": "update", "change": "update"}.get(wish.do, wish.do)
            if steps
            else "none",
            odata_type=_body(wish)["@odata.type"],
            name=wish.name,
            id=None if profile is None else profile.id,
            status=Status.PLANNED if steps else Status.UNCHANGED,
            steps=tuple(steps),
            seen=None
            if profile is None
            else Seen(profile.version, profile.last_modified_date_time, held),
            after=tuple(dict.fromkeys(makers)),
            whole=wish.whole,
            diff=tuple(Difference(name, None, value) for name, value in wish.values.items()),
        )

    def _steps(self, wish: Wish, profile: Profile | None) -> list[Step]:
        if wish.do == "create":
            return self._made({**_body(wish), **wish.values}, wish, wish.targets or ())
        assert profile is not None, wish
        held = tuple(profile.assignments or ())
        if wish.do == "delete":
            return [Delete(self._users(wish))]
        if wish.do == "replace":
            kept = [self._word(item) for item in held]
            body = {**writable(profile.to_wire()), **wish.values}
            made = self._made(body, wish, kept if wish.targets is None else wish.targets, profile)
            return [*made, Delete(self._users(wish))]
        return self._changed(wish, profile, held)

    def _changed(
        self, wish: Wish, profile: Profile, held: tuple[dict[str, Any], ...]
    ) -> list[Step]:
        steps: list[Step] = []
        wire, reference = profile.to_wire(), self._reference(wish)
        values = {n: v for n, v in wish.values.items() if wire.get(n) != v}
        if wish.do == "change" and values:
            steps.append(Patch({name: wire.get(name) for name in values}, values))
        before = self._roots.get(profile.id or "")
        after = reference.id if reference is not None else None
        if wish.is_scep and (before != after or (reference is not None and reference.action)):
            steps.append(Link(before, reference))
        chosen = wish.targets if wish.do == "change" else None
        if chosen is not None and sorted(chosen) != sorted(map(self._word, held)):
            steps.append(Assign(held, self._assignments(chosen)))
        return steps

    def _made(
        self, body: dict[str, Any], wish: Wish, to: Any, old: Profile | None = None
    ) -> list[Step]:
        reference = self._reference(wish)
        known = (old.id or "",) if old is not None else ()
        steps: list[Step] = [Create(body, reference, known)]
        if wish.is_scep and reference is not None:
            steps.append(Link(None, reference))
        if to:
            steps.append(Assign((), self._assignments(to)))
        return steps

    def _assignments(self, chosen: Any) -> tuple[dict[str, Any], ...]:
        return tuple({"target": _target(item)} for item in chosen)

    def _word(self, assignment: Mapping[str, Any]) -> str:
        target = assignment["target"]
        return str(target.get("groupId") or target["@odata.type"])
