"""A backup loses nothing, and says so itself when something of it is lost."""

import json
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intune_scep.backup.backup import (
    MANIFEST,
    TENANT_FILE,
    back_up_profiles,
    is_backup,
    read_backup,
)
from intune_scep.backup.directory import to_json
from intune_scep.errors import BackupError, ExportError
from intune_scep.files import digest
from intune_scep.simulator.scenarios.wire import root_body, scep_body

from .tenants import FILTERS, GROUPS, URL, directory

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "backup"


@pytest.fixture
def backed_up(simulated, out):
    root = root_body("ios", "Root", "bulk-root")
    wire = scep_body("ios", "Wi-Fi", urls=[URL])
    target = {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupId": GROUPS["All Staff"],
        "deviceAndAppManagementAssignmentFilterId": FILTERS["Corporate"],
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    tenant = simulated(
        directory(
            profiles=(root, wire),
            root_links={wire["id"]: root["id"]},
            assignments={wire["id"]: (target,)},
        )
    )
    back_up(tenant, out)
    return out


def back_up(tenant, path, **options):
    return tenant.run(lambda graph: back_up_profiles(graph, path, **options))


async def raw_profiles(tenant):
    """What Graph sends, before anything of ours has looked at it."""
    found = {}
    for name in ("deviceConfigurations", "resourceAccessProfiles"):
        query = {"$expand": "assignments"} if name == "deviceConfigurations" else {}
        async for page in tenant.session.pages(f"deviceManagement/{name}", query=query):
            found |= {wire["id"]: wire for wire in page}
    return found


def test_every_profile_is_in_it_as_graph_sent_it(simulated, out):
    tenant = simulated("contoso")
    report = back_up(tenant, out)
    assert not report.failed
    raw = tenant.run(raw_profiles)
    backup = read_backup(out)
    assert len(backup.items) == 96
    for item in backup.items:
        wire = item.profile.to_wire()
        assert wire == raw[item.profile.id]
        assert list(wire) == list(raw[item.profile.id])


def test_it_has_the_root_link_that_graph_leaves_out_and_the_names_behind_the_ids(backed_up):
    """Peers' fault: the word root is not in a backed-up SCEP profile (IntuneCD 2.6.0)."""
    backup = read_backup(backed_up)
    scep = next(item for item in backup.items if item.profile.is_scep)
    assert scep.root_name == "Root"
    assert scep.root_id == next(i.profile.id for i in backup.items if not i.profile.is_scep)
    assert backup.names.groups.name_of(GROUPS["All Staff"]) == "All Staff"
    assert backup.names.filters.name_of(FILTERS["Corporate"]) == "Corporate"
    assert backup.names.scope_tags.name_of("0") == "Default"


def test_its_manifest_says_whose_it_is_and_its_files_are_private(simulated, out):
    tenant = simulated("contoso")
    back_up(tenant, out)
    manifest = json.loads((out / MANIFEST).read_text())
    assert manifest["tenant"] == tenant.door.tenant_id
    assert manifest["cloud"] == "simulator"
    assert manifest["tool"].startswith("intune-scep ")
    assert manifest["read_at"].endswith("+00:00")
    files = {path.name: path for path in out.iterdir() if path.name != MANIFEST}
    assert {name: digest(path.read_bytes()) for name, path in files.items()} == manifest["files"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}


def test_two_profiles_of_one_name_are_two_files(simulated, out):
    """Peers' fault: one backup file for two profiles, the other lost (IntuneCD 2.6.0)."""
    twins = [scep_body("ios", "Same", urls=[URL], key=key) for key in "ab"]
    back_up(simulated(directory(profiles=tuple(twins))), out)
    backup = read_backup(out)
    assert {item.profile.id for item in backup.items} == {wire["id"] for wire in twins}


def test_what_is_not_in_it_is_said(simulated, out):
    report = back_up(simulated("contoso"), out)
    assert any("Windows 10X" in note and "assignments" in note for note in report.notes)
    assert any("Windows 10X" in note for note in read_backup(out).notes)


def test_a_profile_whose_root_cannot_be_read_is_not_backed_up_without_it(simulated, out):
    tenant = simulated("contoso")
    fault = {"match": {"path": "rootCertificate", "nth": [1]}, "when": "before", "effect": 403}
    tenant.control("PUT", "faults", [fault])
    report = back_up(tenant, out)
    assert report.failed
    backup = read_backup(out)
    assert len(backup.items) == 95
    assert any("the root could not be read" in note for note in backup.notes)


@settings(max_examples=200)
@given(wire=st.dictionaries(st.text(min_size=1), JSON, max_size=5))
def test_any_json_survives_the_file(wire):
    again = json.loads(to_json({"profile": wire}))["profile"]
    assert again == wire
    assert list(again) == list(wire)


def files_of(path):
    return sorted(file.name for file in path.iterdir())


def test_every_missing_file_is_named_in_one_message(backed_up):
    names = [name for name in files_of(backed_up) if name != MANIFEST]
    for name in names:
        (backed_up / name).unlink()
    with pytest.raises(BackupError) as error:
        read_backup(backed_up)
    assert all(name in str(error.value) for name in names)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damage_goes_unseen(backed_up, data):
    name = data.draw(st.sampled_from([n for n in files_of(backed_up) if n != MANIFEST]))
    path = backed_up / name
    whole = path.read_bytes()
    where = data.draw(st.integers(0, len(whole) - 1))
    damaged = data.draw(
        st.sampled_from([whole[:where], whole[:where] + b"\x00" + whole[where + 1 :], whole + b" "])
    )
    path.write_bytes(damaged)
    try:
        with pytest.raises(BackupError) as error:
            read_backup(backed_up)
    finally:
        path.write_bytes(whole)
    assert name in str(error.value)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_manifest_cut_anywhere_is_one_message(backed_up, data):
    path = backed_up / MANIFEST
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 2))])
    try:
        assert is_backup(backed_up)
        with pytest.raises(BackupError, match=r"manifest\.json"):
            read_backup(backed_up)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "intune-scep/backup/9"},
        {"tenant": "another"},
        {"files": []},
        {"files": {"../x": "0"}},
        {"cloud": None},
    ],
)
def test_a_manifest_that_says_something_else_is_refused(backed_up, change):
    content = json.loads((backed_up / MANIFEST).read_text())
    (backed_up / MANIFEST).write_text(json.dumps({**content, **change}))
    with pytest.raises(BackupError):
        read_backup(backed_up)


@pytest.mark.parametrize("content", [[], {"profile": {}}, {"root": None, "profile": {"a": 1}}])
def test_a_file_that_is_no_profile_is_refused(backed_up, content):
    name = next(name for name in files_of(backed_up) if name.startswith("scep"))
    manifest = json.loads((backed_up / MANIFEST).read_text())
    data = json.dumps(content).encode()
    (backed_up / name).write_bytes(data)
    manifest["files"][name] = digest(data)
    (backed_up / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BackupError, match=name):
        read_backup(backed_up)


def test_files_that_do_not_belong_are_named(backed_up):
    (backed_up / "mine.json").write_text("{}")
    assert any("mine.json" in note for note in read_backup(backed_up).notes)


def test_a_directory_of_declarations_is_no_backup(tmp_path):
    (tmp_path / "a.yml").write_text("scep_profiles: []\n")
    assert not is_backup(tmp_path)
    assert not is_backup(tmp_path / "a.yml")
    assert not is_backup(tmp_path / "nothing")


def test_a_backup_is_not_written_into_an_export_of_something_else(backed_up, simulated):
    other = simulated("contoso")
    with pytest.raises(ExportError, match="form and tenant"):
        back_up(other, backed_up)
    assert TENANT_FILE in files_of(backed_up)
    assert len(read_backup(backed_up).items) == 2
