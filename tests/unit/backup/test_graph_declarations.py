"""Files of other tools, compared with a tenant: they amount to what an export would write."""

import json
from dataclasses import replace

import pytest

from intune_scep.backup.export import export_profiles
from intune_scep.backup.graph_declarations import declarations_of
from intune_scep.backup.sources import read_source
from intune_scep.declarations import parse_declaration
from intune_scep.declarations.reading import read_declarations
from intune_scep.desired_state.listing import list_profiles
from intune_scep.desired_state.run import plan_declarations
from intune_scep.errors import DeclarationError, SourceError
from intune_scep.profiles import ProfileKind
from intune_scep.simulator.scenario import build_scenario

from .foreign import (
    FORMS,
    GROUP,
    GROUP_TARGET,
    NO_ROOT_LINK,
    ROOT_NAME,
    SCEP_NAME,
    bound,
    root_wire,
    scep_wire,
    without,
    write,
)
from .tenants import directory


def small(*profiles, links=None, assignments=None):
    """A tenant with these profiles, and the group that the files speak of."""
    base = directory()
    group = {"id": GROUP, "displayName": "All Staff"}
    groups = [item for item in base.groups if item["displayName"] not in {"All Staff"}]
    return replace(
        base,
        groups=(*groups, group),
        profiles=tuple(profiles),
        root_links=links or {},
        assignments=assignments or {},
    )


def as_it_was():
    """The tenant of which every form is an export."""
    root, scep = root_wire(), scep_wire()
    target = {"@odata.type": GROUP_TARGET, "groupId": GROUP}
    return small(root, scep, links={scep["id"]: root["id"]}, assignments={scep["id"]: (target,)})


def plan(tenant, *paths):
    declarations, notes = declarations_of(read_source(paths))
    made = tenant.run(lambda graph: plan_declarations(graph, declarations))
    return made, notes


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_unchanged_in_the_tenant_it_is_from(form, simulated, tmp_path):
    tenant = simulated(as_it_was())
    made, notes = plan(tenant, FORMS[form](tmp_path))
    named = [ROOT_NAME, SCEP_NAME] if form != "one object with its root inside" else [SCEP_NAME]
    assert sorted(action.name for action in made.actions) == named
    assert [action.action for action in made.actions] == ["none"] * len(named)
    assert any("which trusted root" in note for note in notes) == (form in NO_ROOT_LINK)


@pytest.mark.parametrize("form", FORMS)
def test_what_differs_is_told_by_option(form, simulated, tmp_path):
    root, scep = root_wire(), scep_wire(renewalThresholdPercentage=33)
    given = {root["id"]: ({"@odata.type": GROUP_TARGET, "groupId": GROUP},)}
    tenant = simulated(small(root, scep, links={scep["id"]: root["id"]}, assignments=given))
    made, _ = plan(tenant, FORMS[form](tmp_path))
    [change] = made.writing
    assert (change.name, change.action) == (SCEP_NAME, "update")
    assert {item.property for item in change.diff} == {"renewal_threshold", "assignments"}


def test_a_root_in_the_tenant_is_found_by_the_name_or_id_that_the_file_has(simulated, tmp_path):
    root, other, scep = root_wire(), root_wire("Other"), scep_wire()
    target = {"@odata.type": GROUP_TARGET, "groupId": GROUP}
    everywhere = {wire["id"]: (target,) for wire in (root, other, scep)}
    links = {scep["id"]: other["id"]}
    tenant = simulated(small(root, other, scep, links=links, assignments=everywhere))
    custom = {"#CustomRef_rootCertificate": f"{ROOT_NAME}|:|{root['@odata.type']}"}
    for said in (custom, {"rootCertificateId": root["id"]}):
        made, _ = plan(tenant, write(tmp_path / "one.json", {**scep, **said}))
        [change] = made.writing
        assert [item.property for item in change.diff] == ["root_profile"]


def test_what_could_not_be_read_refuses_all_and_one_page_is_a_note(simulated, tmp_path):
    write(tmp_path / "one.json", {"value": [scep_wire()], "@odata.nextLink": "x"})
    _, notes = declarations_of(read_source([tmp_path]))
    assert any("one page of a listing" in note for note in notes)
    (tmp_path / "two.json").write_text("{")
    with pytest.raises(SourceError, match=r"two\.json"):
        declarations_of(read_source([tmp_path]))


@pytest.mark.parametrize(
    "wire",
    [
        without(scep_wire(), "displayName", "id"),
        {**root_wire(), "trustedRootCertificate": "bm90IGEgY2VydGlmaWNhdGU="},
        {**root_wire(), "trustedRootCertificate": None, "displayName": ""},
    ],
)
def test_what_no_declaration_can_say_is_refused_or_told(wire, tmp_path):
    path = write(tmp_path / "one.json", wire)
    try:
        declarations, notes = declarations_of(read_source([path]))
    except DeclarationError as error:
        assert "\n" not in str(error)
        return
    assert len(declarations) == 1
    assert any("Not compared" in note for note in notes)


@pytest.mark.parametrize(
    "more",
    [
        {"anythingNew": "x"},
        {"hashAlgorithm": "sha7"},
        {"subjectNameFormat": "commonNameAsWhatever"},
        {"keySize": 5},
        {"assignments": [{"intent": "remove", "target": {"@odata.type": GROUP_TARGET}}]},
    ],
)
def test_what_is_not_compared_is_named_by_its_property(more, tmp_path):
    path = write(tmp_path / "one.json", scep_wire(**more))
    _, notes = declarations_of(read_source([path]))
    assert [note for note in notes if "Not compared" in note and next(iter(more)) in note]


def test_several_paths_belong_together(simulated, tmp_path):
    root, scep = root_wire(), scep_wire()
    tenant = simulated(small(root, scep, links={scep["id"]: root["id"]}))
    one = write(tmp_path / "a" / "root.json", root)
    two = write(tmp_path / "b" / "scep.json", bound(scep, root))
    made, _ = plan(tenant, one, two)
    assert not made.writing
    assert len(made.actions) == 2


def _twins():
    """Two profiles of one name and type, of which a third of another platform has the name too."""
    one, two = scep_wire("Twin", key="1"), scep_wire("Twin", key="2")
    return small(one, two, scep_wire("Twin", "ios"), root_wire("Twin"))


def _twin_roots():
    one = root_wire("R")
    two = {**root_wire("R"), "id": "6b1d0000-0000-4000-8000-00000000000a"}
    scep = scep_wire()
    return small(one, two, scep, links={scep["id"]: two["id"]})


def _assigned_to_what_is_not_unique():
    scep = scep_wire()
    twin = {"id": "6b1d0000-0000-4000-8000-00000000000b", "displayName": "All Staff"}
    target = {"@odata.type": GROUP_TARGET, "groupId": GROUP}
    base = small(scep, assignments={scep["id"]: (target,)})
    return replace(base, groups=(*base.groups, twin))


def _nulls():
    return small(
        scep_wire(description=None, subjectNameFormatString=None),
        scep_wire("B", "macos", hashAlgorithm=None),
    )


TENANTS = {
    "contoso": lambda: build_scenario("contoso"),
    "two of one name and type": _twins,
    "two roots of one name": _twin_roots,
    "two groups of one name": _assigned_to_what_is_not_unique,
    "null where a new profile would get a default": _nulls,
    "an ordinary one": as_it_was,
}


def _said(declaration):
    """What a declaration says, wherever its certificate stands."""
    options = {
        name: value
        for name, value in declaration.given.items()
        if name not in {"certificate", "certificate_path"}
    }
    root = getattr(declaration, "trusted_root", None)
    return json.dumps([options, root.der.hex() if root else None], sort_keys=True)


@pytest.mark.parametrize("name", TENANTS)
def test_export_info_and_files_of_graph_amount_to_the_same_declarations(name, simulated, tmp_path):
    tenant = simulated(TENANTS[name]())
    tenant.run(lambda graph: export_profiles(graph, tmp_path / "export"))
    listing = tenant.run(list_profiles)
    exported = sorted(map(_said, read_declarations(tmp_path / "export")))
    rows = listing.to_dict()["profiles"]
    informed = [
        parse_declaration(row["declaration"], kind=ProfileKind(row["kind"])) for row in rows
    ]
    assert sorted(map(_said, informed)) == exported
    ids = {row["id"] for row in rows if "id" in row["declaration"]}
    twins = {
        row["id"]
        for row in rows
        if listing.snapshot.index.twins_of(listing.snapshot.index.by_id(row["id"])) > 1
    }
    assert ids == twins
    wires = [_linked(profile, listing) for profile in listing.profiles]
    declarations, _ = declarations_of(read_source([write(tmp_path / "list.json", wires)]))
    made = tenant.run(lambda graph: plan_declarations(graph, declarations))
    assert not made.writing
    assert not made.refused


def _linked(profile, listing):
    root = listing.root_links.get(profile.id)
    wire = profile.to_wire()
    return bound(wire, {"id": root.id}) if root is not None else wire
