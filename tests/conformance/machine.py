"""The simulator against a small model of it, driven by hypothesis.

The model is a dictionary; it was written from GRAPH.md and shares nothing with the simulator.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from tests.length import LONG

from .bodies import (
    CLIENT_AUTHENTICATION,
    SCEP_ROOTS,
    group_target,
    root,
    scep,
    target_of,
    wire_type,
)
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, bind, one
from .harness import open_tenant

BOUNDS = settings(
    max_examples=300 if LONG else 25,
    stateful_step_count=50 if LONG else 20,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""Short runs are the same every time; long ones look for something new each time."""
HUNT = settings(BOUNDS, max_examples=400, derandomize=True, phases=[Phase.generate])
"""For broken simulators: found is enough, the smallest example is not needed."""

TYPES = (
    "windows81SCEPCertificateProfile",
    "iosScepCertificateProfile",
    "macOSScepCertificateProfile",
)
GROUPS = tuple(f"5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d{number:02d}" for number in range(3))
NAMES = st.sampled_from(["Wi-Fi", "wi-fi 2", "VPN", "O'Brien", "Ünïcode {{x}}", "%"])
SANS = st.lists(
    st.fixed_dictionaries(
        {
            "sanType": st.sampled_from(
                ["userPrincipalName", "universalResourceIdentifier", "domainNameService"]
            ),
            "name": st.sampled_from(["{{UserPrincipalName}}", "{{DeviceName}}", "a", "ä b"]),
        }
    ),
    max_size=3,
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "displayName": NAMES,
        "description": st.none() | st.text(max_size=8),
        "customSubjectAlternativeNames": SANS,
        "scepServerUrls": st.lists(st.sampled_from(["https://a", "https://b"]), max_size=2),
        "extendedKeyUsages": st.sampled_from([[], [CLIENT_AUTHENTICATION]]),
        "keyUsage": st.sampled_from(
            ["digitalSignature", "digitalSignature,keyEncipherment", "keyEncipherment"]
        ),
        "keySize": st.sampled_from(["size2048", "size4096"]),
    },
)
BROKEN: tuple[Json, ...] = (
    {"keySize": "size512"},
    {"keyUsage": "digitalSignature,everything"},
    {"customSubjectAlternativeNames": [{"sanType": "uri", "name": "a"}]},
    {"customSubjectAlternativeNames": [{"sanType": "userPrincipalName", "name": ""}]},
    {"displayName": None},
    {"renewalThresholdPercentage": 100},
    {"roleScopeTagIds": []},
    {"shoeSize": 43},
)
TARGETS = st.lists(
    st.sampled_from(
        [
            *(group_target(each) for each in GROUPS),
            target_of("exclusionGroupAssignmentTarget", groupId=GROUPS[0]),
            target_of("allDevicesAssignmentTarget"),
            target_of("allLicensedUsersAssignmentTarget"),
        ]
    ),
    unique_by=lambda each: each["target"].get("groupId") or each["target"]["@odata.type"],
    max_size=3,
)


@dataclass
class Known:
    """What the model knows of one profile.

    Args:
        shown: The profile as GET must show it.
        root: Id of its trusted root.
        targets: `@odata.type` and group of each assignment, in order.
    """

    shown: Json
    root: str | None = None
    targets: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its type, without namespace."""
        return str(self.shown["@odata.type"]).rpartition(".")[2]


def in_bit_order(flags: str) -> str:
    """Key usages as they come back (GRAPH.md 3.2)."""
    return ",".join(each for each in ("keyEncipherment", "digitalSignature") if each in flags)


class SimulatorMachine(RuleBasedStateMachine):
    """Creates, edits, assigns, binds and deletes; after each step everything is compared."""

    profiles = Bundle("profiles")
    roots = Bundle("roots")

    def __init__(self) -> None:
        super().__init__()
        self.tenant = open_tenant()
        self.graph: Graph = self.tenant.graph
        self.graph.control("PUT", "settings", {"page_size": 2, "throttling": False})
        self.known: dict[str, Known] = {}

    def teardown(self) -> None:
        """Close the tenant and remove its file."""
        self.tenant.close()

    @rule(target=roots, name=st.sampled_from(TYPES), label=NAMES)
    def create_root(self, name: str, label: str) -> str:
        """A root of one of three platforms."""
        created = self.graph.create(root(SCEP_ROOTS[name], displayName=label))
        return self._remember(created)

    @rule(target=profiles, name=st.sampled_from(TYPES), label=NAMES, sans=SANS)
    def create_profile(self, name: str, label: str, sans: list[Json]) -> str:
        """A SCEP profile without a root."""
        body = scep(name, displayName=label, description="new", customSubjectAlternativeNames=sans)
        created = self.graph.create(body)
        assert created["customSubjectAlternativeNames"] == sans
        assert created["keyUsage"] == "keyEncipherment,digitalSignature"
        return self._remember(created)

    @rule(target=profiles, trusted=roots, label=NAMES)
    def create_bound_profile(self, trusted: str, label: str) -> Any:
        """A SCEP profile bound to a root on create; refused when the root is gone."""
        name, link = self._type_for(trusted), bind(self.graph, trusted)
        body = scep(name, displayName=label) | {"rootCertificate@odata.bind": link}
        response = self.graph.send("POST", DEVICE_CONFIGURATIONS, body)
        if trusted not in self.known:
            assert response.status_code == 400
            return multiple()
        created = self._remember(response.json())
        self.known[created].root = trusted
        return created

    @rule(name=st.sampled_from(TYPES), broken=st.sampled_from(BROKEN))
    def create_is_refused(self, name: str, broken: Json) -> None:
        """A body that does not fit creates nothing."""
        response = self.graph.send("POST", DEVICE_CONFIGURATIONS, scep(name) | broken)
        assert response.status_code in (400, 500), response.text

    @rule(profile=profiles, changes=CHANGES)
    def change(self, profile: str, changes: Json) -> None:
        """PATCH merges properties and replaces collections."""
        self.graph.control("POST", "clock", {"advance": 1})
        response = self._patch(profile, changes)
        if profile not in self.known:
            assert response.status_code == 404
            return
        assert response.status_code == 204, response.text
        known, shown = self.known[profile], self.graph.read(one(profile))
        expected = known.shown | changes
        expected["keyUsage"] = in_bit_order(expected["keyUsage"])
        assert shown["lastModifiedDateTime"] > known.shown["lastModifiedDateTime"]
        expected["lastModifiedDateTime"] = shown["lastModifiedDateTime"]
        expected["version"] += 1
        known.shown = expected

    @rule(profile=profiles, broken=st.sampled_from(BROKEN), good=NAMES)
    def change_is_refused(self, profile: str, broken: Json, good: str) -> None:
        """A PATCH that does not fit changes nothing, not even its good half."""
        response = self._patch(profile, {"description": good, **broken})
        assert response.status_code in ((400, 500) if profile in self.known else (404,))

    @rule(profile=profiles)
    def untyped_change_is_refused(self, profile: str) -> None:
        """PATCH without a type."""
        response = self.graph.send("PATCH", one(profile or "none"), {"description": "x"})
        assert response.status_code in (400, 404)

    @rule(profile=profiles | roots, wanted=TARGETS)
    def assign(self, profile: str, wanted: list[Json]) -> None:
        """/assign replaces the whole set."""
        body = {"assignments": deepcopy(wanted)}
        response = self.graph.send("POST", one(profile or "none", "assign"), body)
        if profile not in self.known:
            assert response.status_code == 404
            return
        assert response.status_code == 200
        self.known[profile].targets = [target_key(each["target"]) for each in wanted]

    @rule(profile=profiles, trusted=roots)
    def link(self, profile: str, trusted: str) -> None:
        """PUT $ref binds to a root of the platform and to nothing else."""
        if profile not in self.known:
            return
        body = {"@odata.id": bind(self.graph, trusted)}
        response = self.graph.send("PUT", self._link_path(profile, "$ref"), body)
        if trusted in self.known and self._type_for(trusted) == self.known[profile].name:
            assert response.status_code == 204
            self.known[profile].root = trusted
        else:
            assert response.status_code == 400

    @rule(profile=profiles)
    def unlink(self, profile: str) -> None:
        """DELETE $ref."""
        if profile not in self.known:
            return
        response = self.graph.send("DELETE", self._link_path(profile, "$ref"))
        assert response.status_code == (204 if self.known[profile].root else 404)
        self.known[profile].root = None

    @rule(profile=consumes(profiles))
    def delete_profile(self, profile: str) -> None:
        """DELETE, once."""
        self._delete(profile)

    @rule(trusted=roots)
    def delete_root(self, trusted: str) -> None:
        """DELETE unbinds every profile bound to the root."""
        self._delete(trusted)
        for profile, known in self.known.items():
            if known.root == trusted:
                known.root = None
                again = self.graph.send("DELETE", self._link_path(profile, "$ref"))
                assert again.status_code == 404

    @rule(label=NAMES, name=st.sampled_from(TYPES))
    def look_for(self, label: str, name: str) -> None:
        """$filter by name and type finds what the model finds."""
        literal = label.replace("'", "''")
        expression = quote(f"displayName eq '{literal}' and isof('microsoft.graph.{name}')")
        found = self.graph.all_of(f"{DEVICE_CONFIGURATIONS}?$filter={expression}")
        assert [each["id"] for each in found] == [
            key
            for key, known in self.known.items()
            if known.name == name and known.shown["displayName"] == label
        ]

    @invariant()
    def everything_is_as_known(self) -> None:
        """All pages of the list, with assignments, and every root link."""
        listed = self.graph.all_of(f"{DEVICE_CONFIGURATIONS}?$expand=assignments")
        assert [each["id"] for each in listed] == list(self.known)
        for each in listed:
            known = self.known[each["id"]]
            targets = [target_key(each["target"]) for each in each.pop("assignments")]
            assert targets == known.targets
            assert comparable(each) == comparable(known.shown)
        bindable = [each for each in self.known if "scep" in self.known[each].name.lower()]
        for start in range(0, len(bindable), 20):
            self._compare_roots(bindable[start : start + 20])

    def _compare_roots(self, profiles: list[str]) -> None:
        requests = [
            {"id": each, "method": "GET", "url": f"/{self._link_path(each)}"} for each in profiles
        ]
        answers = self.graph.send("POST", "$batch", {"requests": requests}).json()["responses"]
        assert {
            each["id"]: each["body"]["id"] if each["status"] == 200 else None for each in answers
        } == {each: self.known[each].root for each in profiles}

    def _remember(self, created: Json) -> str:
        assert created["id"] not in self.known
        assert created["version"] == 1
        self.known[created["id"]] = Known(created)
        return str(created["id"])

    def _patch(self, profile: str, changes: Json) -> Any:
        name = self.known[profile].name if profile in self.known else TYPES[0]
        body = {"@odata.type": wire_type(name), **changes}
        return self.graph.send("PATCH", one(profile or "none"), body)

    def _delete(self, profile: str) -> None:
        response = self.graph.send("DELETE", one(profile or "none"))
        assert response.status_code == (200 if profile in self.known else 404)
        self.known.pop(profile, None)

    def _link_path(self, profile: str, *more: str) -> str:
        cast = f"microsoft.graph.{self.known[profile].name}"
        return one(profile, cast, "rootCertificate", *more)

    def _type_for(self, trusted: str) -> str:
        if trusted not in self.known:
            return TYPES[0]
        return next(key for key in TYPES if SCEP_ROOTS[key] == self.known[trusted].name)


def target_key(target: Json) -> tuple[str, str | None]:
    """What tells one target from another."""
    return target["@odata.type"], target.get("groupId")


def comparable(profile: Json) -> Json:
    """A profile without annotations, except its type."""
    return {
        name: value for name, value in profile.items() if "@" not in name or name == "@odata.type"
    }


SimulatorMachine.TestCase.settings = BOUNDS
