"""What a job does for each profile does not depend on how many others there are.

Counted in steps of the interpreter within the library, never in time.
"""

import base64
import difflib
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import intune_scep
from intune_scep.backup.backup import BackedUpProfile
from intune_scep.backup.directory import write_files
from intune_scep.backup.matching import match_profiles
from intune_scep.changes.plan import Action, in_order
from intune_scep.compliance.baseline import Baseline
from intune_scep.compliance.drift import find_drift
from intune_scep.declarations import names, parse_declaration
from intune_scep.declarations.names import NameIndex
from intune_scep.declarations.resolution import resolve
from intune_scep.desired_state import PlanChoices, ProfileListing
from intune_scep.desired_state.plan import Change
from intune_scep.desired_state.planner import make_plan
from intune_scep.errors import UnresolvedNameError
from intune_scep.profiles import ProfileIndex, ProfileKind, parse_profile
from intune_scep.simulator.scenarios.wire import root_certificate
from intune_scep.tenant import Snapshot

COUNTED = (str(Path(intune_scep.__file__).parent), difflib.__file__)
FEW, MANY = 20, 80
DER = base64.b64decode(root_certificate("contoso-root-ca-2021"))


def steps(work):
    """How many instructions of the library a piece of work takes, comparing of names included."""
    count = 0

    def trace(frame, event, _argument):
        nonlocal count
        if not frame.f_code.co_filename.startswith(COUNTED):
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def identifier(kind, number):
    return f"{kind:08d}-0000-4000-8000-{number:012d}"


def root(number):
    return parse_profile(
        {
            "@odata.type": "#microsoft.graph.iosTrustedRootCertificate",
            "id": identifier(1, number),
            "displayName": f"Root {number}",
            "trustedRootCertificate": base64.b64encode(DER + number.to_bytes(2, "big")).decode(),
            "assignments": [],
        }
    )


def scep(number):
    return parse_profile(
        {
            "@odata.type": "#microsoft.graph.iosScepCertificateProfile",
            "id": identifier(2, number),
            "displayName": f"Staff {number}",
            "description": f"Number {number}",
            "assignments": [],
        }
    )


@dataclass(frozen=True)
class Material:
    """As many roots as SCEP profiles, each pointing at one of its own."""

    size: int

    @property
    def snapshot(self):
        roots = [root(number) for number in range(self.size)]
        staff = [scep(number) for number in range(self.size)]
        links = {item.id: link for item, link in zip(staff, roots, strict=True)}
        return Snapshot(profiles=(*roots, *staff), root_links=links)

    def declared(self, kind=ProfileKind.SCEP, name="Staff", **more):
        return [
            parse_declaration(
                {
                    "platform": "ios",
                    "name": f"{name} {number}",
                    **{key: value(number) for key, value in more.items()},
                },
                kind=kind,
            )
            for number in range(self.size)
        ]


def planning(material, declarations, **choices):
    snapshot = material.snapshot
    chosen = PlanChoices(**{key: value(material.size) for key, value in choices.items()})

    def work():
        resolved = resolve(declarations, snapshot.profiles, snapshot.index)
        plan = make_plan("tenant", "public", resolved, snapshot, chosen)
        refused = [item.message for item in plan.actions if item.change is Change.REFUSED]
        assert not refused

    return work


def converged(material):
    roots = lambda number: {"name": f"Root {number}"}  # noqa: E731 - one of many such
    return planning(material, material.declared(root_profile=roots))


def by_id(material):
    declared = material.declared(
        name="Renamed",
        id=lambda number: identifier(2, number),
        root_profile=lambda number: {"id": identifier(1, number)},
    )
    return planning(material, declared)


def leaving(material):
    """Every root goes, and every SCEP profile that points at it."""
    absent = {"state": lambda _: "absent"}
    declared = material.declared(**absent)
    declared += material.declared(ProfileKind.TRUSTED_ROOT, "Root", **absent)
    return planning(material, declared)


def pruned(material):
    return planning(
        material,
        [],
        managed_by=lambda _: "set",
        prune=lambda _: True,
        prune_list=lambda size: tuple(f"Nobody {number}" for number in range(size)),
    )


def listed(material):
    listing = ProfileListing("tenant", "public", material.snapshot, material.snapshot.profiles)
    return listing.to_dict


def matched(material):
    profiles = material.snapshot.profiles
    backup = [BackedUpProfile(f"{item.id}.json", item) for item in profiles]
    there = [parse_profile({**item.to_wire(), "id": f"9{item.id}"}) for item in profiles]
    return lambda: match_profiles(backup, there, same_tenant=False)


def drifted(material):
    snapshot = material.snapshot
    links = {
        key: identifier(1, (number + 1) % material.size)
        for number, key in enumerate(snapshot.root_links)
    }
    wires = tuple(item.to_wire() for item in snapshot.profiles)
    nothing = frozenset()
    baseline = Baseline("t", "c", "", None, None, wires, links, nothing, nothing, "")
    assert len(find_drift(baseline, snapshot)) == material.size
    return lambda: find_drift(baseline, replace(snapshot))


def nameless(material):
    """Every declaration names a root of its own that does not exist; as many others do."""
    snapshot = material.snapshot
    roots = [root(number) for number in range(80, 80 + 4 * material.size)]
    declared = material.declared(root_profile=lambda number: {"name": f"Rooot {number}"})
    profiles = (*snapshot.profiles, *roots)

    def work():
        resolved = resolve(declared, profiles, ProfileIndex(profiles))
        assert all("Candidates: 'Root " in item.root_refusal for item in resolved)

    return work


def groupless(material):
    """Every profile is assigned to a group whose name is a little wrong."""
    groups = NameIndex(
        "group", tuple((identifier(3, n), f"Staff {n}") for n in range(4 * material.size))
    )
    wanted = [f"Stafff {number}" for number in range(material.size)]

    def work():
        for name in wanted:
            with pytest.raises(UnresolvedNameError, match="Candidates: 'Staff "):
                groups.resolve(name)

    return work


def twins(material):
    """All profiles of a backup and of the tenant have one name, and differ in something else."""
    wires = [{**scep(number).to_wire(), "displayName": "Twin"} for number in range(material.size)]
    backup = [BackedUpProfile(f"{wire['id']}.json", parse_profile(wire)) for wire in wires]
    there = [parse_profile({**wire, "id": f"9{wire['id']}"}) for wire in reversed(wires)]

    def work():
        found = match_profiles(backup, there, same_tenant=False)
        assert all(found[item.file].existing.id == f"9{item.profile.id}" for item in backup)

    return work


def chained(material):
    """Each action of a plan waits for the one before it."""
    wire = "#microsoft.graph.iosScepCertificateProfile"
    actions = [
        Action(str(number), "none", wire, "Staff", after=(str(number - 1),) if number else ())
        for number in range(material.size)
    ]

    def work():
        assert in_order(reversed(actions)) == actions

    return work


@pytest.mark.parametrize(
    ("job", "slack"),
    [
        *((job, 1.02) for job in (converged, by_id, leaving, pruned, listed, matched, drifted)),
        *((job, 1.02) for job in (twins, chained)),
        # How long two names are compared depends on their letters.
        *((job, 1.25) for job in (nameless, groupless)),
    ],
)
def test_four_times_the_profiles_take_four_times_the_steps(job, slack, monkeypatch):
    monkeypatch.setattr(names, "_NEIGHBOURS", 5)
    few, many = (job(Material(size)) for size in (FEW, MANY))
    for work in (few, many):
        work()  # What is imported or cached at the first use is not what grows.
    few, many = (steps(job(Material(size))) for size in (FEW, MANY))
    assert few > FEW
    assert many / few <= MANY / FEW * slack


class Name(str):
    """The name of a file, which counts how often it is compared."""

    __slots__ = ()
    __hash__ = str.__hash__
    compared = 0

    def __eq__(self, other):
        Name.compared += 1
        return str.__eq__(self, other)


class Files(dict):
    """The files of an export, which count how often somebody walks through them."""

    walked = 0

    def __iter__(self):
        Files.walked += 1
        return super().__iter__()

    def keys(self):
        Files.walked += 1
        return super().keys()


@pytest.mark.parametrize("remove", [True, False])
def test_a_directory_is_written_without_comparing_each_file_with_all_others(tmp_path, remove):
    """Half of the files change, half of the earlier ones go."""

    def looked(size):
        directory = tmp_path / str(size)
        about = {"format": "test", "tenant": "t", "cloud": "c"}
        earlier = {f"old-{number}.yml": b"old" for number in range(size)}
        same = {f"same-{number}.yml": b"same" for number in range(size)}
        write_files(directory, earlier | same, ledger="ledger", about=about)
        new = {f"new-{number}.yml": b"new" for number in range(size)}
        files = Files({Name(name): data for name, data in {**same, **new}.items()})
        Name.compared = Files.walked = 0
        written = write_files(
            directory, files, ledger="ledger", about=about, remove_left_over=remove
        )
        assert len(written.new) == len(written.unchanged) == size
        assert len(written.removed) == (size if remove else 0)
        return Name.compared, Files.walked

    (few, walked_few), (many, walked_many) = looked(FEW), looked(MANY)
    assert few > FEW
    assert many / few <= MANY / FEW * 1.1
    assert walked_few == walked_many
