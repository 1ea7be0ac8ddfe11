"""What an exported file says, keeps quiet about, and never loses."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from intune_scep.backup import export as export_module
from intune_scep.backup.export import FAILED, LEDGER, LEFT_OUT, WRITTEN, export_profiles
from intune_scep.declarations.options import OPTIONS
from intune_scep.declarations.reading import read_declarations
from intune_scep.desired_state.run import plan_declarations
from intune_scep.profiles import PROFILE_TYPES
from intune_scep.simulator.scenario import build_scenario
from intune_scep.simulator.scenarios.wire import root_body, root_certificate, scep_body

from .tenants import GROUPS, TWINS, URL, directory


class Ansible(yaml.SafeLoader):
    """Reads as Ansible does: with its tag."""


Ansible.add_constructor("!unsafe", lambda loader, node: ("unsafe", loader.construct_scalar(node)))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def export(tenant, path, **options):
    return tenant.run(lambda graph: export_profiles(graph, path, **options))


def one_profile(**more):
    root = root_body("ios", "Root", "contoso-root-ca-2021")
    wire = scep_body(
        "ios",
        "Wi-Fi",
        urls=[URL],
        sans=[{"sanType": "userPrincipalName", "name": "{{UserPrincipalName}}"}],
    )
    wire |= more
    return directory(
        profiles=(root, wire),
        root_links={wire["id"]: root["id"]},
        assignments={
            wire["id"]: (
                {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": TWINS[0]},
            )
        },
    )


def test_a_file_reads_like_the_declaration_a_person_writes(simulated, out):
    report = export(simulated(one_profile()), out)
    assert [item.file for item in report.profiles] == ["root-ios-root.yml", "scep-ios-wi-fi.yml"]
    document = yaml.load((out / "scep-ios-wi-fi.yml").read_text(), Loader=Ansible)
    options = document["scep_profile"]
    assert list(options) == [name for name in OPTIONS if name in options]
    assert options["subject_name_format"] == ("unsafe", "CN={{UserName}},E={{EmailAddress}}")
    assert options["subject_alternative_names"] == [
        {"type": "upn", "value": ("unsafe", "{{UserPrincipalName}}")}
    ]
    assert options["root_profile"] == {"name": "Root"}
    assert options["scep_server_urls"] == [URL]
    assert options["scope_tags"] == ["Default"]


def test_the_root_stands_beside_as_der(simulated, out):
    export(simulated(one_profile()), out)
    document = yaml.safe_load((out / "root-ios-root.yml").read_text())
    path = out / document["trusted_root_profile"]["certificate_path"]
    assert path.name == "root-ios-root.cer"
    assert path.read_bytes() == base64.b64decode(root_certificate("contoso-root-ca-2021"))


def test_an_id_stands_where_a_name_is_not_unique_and_a_comment_says_why(simulated, out):
    export(simulated(one_profile()), out)
    content = (out / "scep-ios-wi-fi.yml").read_text()
    assert f"- group: {TWINS[0]}" in content
    assert f"# {TWINS[0]} is an id: more than one group has the name 'Twins'." in content


def test_an_assignment_whose_intent_is_null_is_exported(simulated, out, monkeypatch):
    read = export_module.read_everything

    async def with_null(*args, **options):
        found = await read(*args, **options)
        for profile in found.profiles:
            for assignment in profile.assignments or ():
                assignment["intent"] = None
        return found

    monkeypatch.setattr(export_module, "read_everything", with_null)
    report = export(simulated(one_profile()), out)
    assert [dict(item.not_expressed) for item in report.profiles] == [{}, {}]
    assert f"- group: {TWINS[0]}" in (out / "scep-ios-wi-fi.yml").read_text()


def test_comments_say_what_was_read_and_name_the_simulator(simulated, out):
    tenant = simulated(one_profile())
    export(tenant, out)
    head = (out / "scep-ios-wi-fi.yml").read_text().splitlines()[1:3]
    assert tenant.door.tenant_id in head[0]
    assert "SIMULATOR" in head[0]
    assert "iosScepCertificateProfile" in head[1]
    assert "version" in head[1]


def test_no_name_of_a_profile_breaks_out_of_a_comment(simulated, out):
    root = root_body("ios", "x", "contoso-root-ca-2021", displayName="R\n- evil: 1\u2028b: 2")
    twin = root_body("ios", "y", "bulk-root", displayName="R\n- evil: 1\u2028b: 2")
    wire = scep_body("ios", "Wi-Fi", urls=[URL])
    tenant = simulated(directory(profiles=(root, twin, wire), root_links={wire["id"]: root["id"]}))
    export(tenant, out)
    content = (out / "scep-ios-wi-fi.yml").read_text()
    assert "profiles have the name" in content
    assert list(yaml.load(content, Loader=Ansible)) == ["scep_profile"]


def test_two_profiles_of_one_name_get_two_files_and_are_declared_by_id(simulated, out):
    """Peers' fault: one file for two profiles, the other lost (IntuneCD 2.6.0)."""
    one = scep_body("ios", "Same", urls=[URL], key="a")
    two = scep_body("ios", "Same", urls=[URL], key="b", keySize="size4096")
    tenant = simulated(directory(profiles=(one, two)))
    report = export(tenant, out)
    files = {item.file for item in report.profiles}
    assert len(files) == 2
    declared = {item.given["id"]: item.given["key_size"] for item in read_declarations(out)}
    assert declared == {one["id"]: 2048, two["id"]: 4096}
    assert tenant.run(lambda graph: plan_declarations(graph, read_declarations(out))).is_empty


def test_an_unbound_profile_says_that_it_has_no_root(simulated, out):
    wire = scep_body("ios", "Lab", urls=[URL])
    export(simulated(directory(profiles=(wire,))), out)
    options = yaml.load((out / "scep-ios-lab.yml").read_text(), Loader=Ansible)
    assert options["scep_profile"]["root_profile"] is None


def test_a_group_that_is_gone_is_an_id_and_no_drift(simulated, out):
    gone = "0d3c5a5e-6a54-4b5e-8f6f-0d3c5a5e6a54"
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": gone}
    wire = scep_body("ios", "Wi-Fi", urls=[URL])
    tenant = simulated(directory(profiles=(wire,), assignments={wire["id"]: (target,)}))
    export(tenant, out)
    assert (
        f"{gone} is an id: no group with it was found." in (out / "scep-ios-wi-fi.yml").read_text()
    )


def test_what_no_option_can_say_is_in_a_comment_and_in_the_report(simulated, out):
    rule = {"ruleType": "include", "deviceMode": "sModeConfiguration", "name": "x"}
    wire = scep_body("ios", "Wi-Fi", urls=[URL], deviceManagementApplicabilityRuleDeviceMode=rule)
    report = export(simulated(directory(profiles=(wire,))), out)
    [item] = report.profiles
    assert item.status == WRITTEN
    assert list(item.not_expressed) == ["deviceManagementApplicabilityRuleDeviceMode"]
    assert report.incomplete
    assert (
        "# Not expressed here: deviceManagementApplicabilityRuleDeviceMode"
        in (out / "scep-ios-wi-fi.yml").read_text()
    )


def test_retired_platforms_are_left_out_loudly(simulated, out):
    report = export(simulated("contoso"), out)
    left_out = [item for item in report.profiles if item.status == LEFT_OUT]
    assert {item.profile.profile_type.platform for item in left_out} == {
        "windows_phone",
        "windows_10x",
    }
    assert all("A backup in JSON has it." in item.message for item in left_out)
    assert report.incomplete
    assert not report.failed


def test_only_certificate_profiles_are_exported(simulated, out):
    scenario = build_scenario("contoso")
    report = export(simulated("contoso"), out)
    known = [row.odata_type for row in PROFILE_TYPES]
    certificate = [wire for wire in scenario.profiles if wire["@odata.type"] in known]
    assert len(certificate) < len(scenario.profiles)
    assert len(report.profiles) == len(certificate) + len(scenario.resource_access_profiles)


def test_a_second_export_touches_no_file(simulated, out):
    tenant = simulated("contoso")
    export(tenant, out)
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.name != LEDGER}
    report = export(tenant, out)
    assert len(report.files.unchanged) == len(before)
    assert not report.files.changed
    after = {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.name != LEDGER}
    assert after == before


def test_the_file_of_a_deleted_profile_is_named_and_kept(simulated, out):
    scenario = one_profile()
    export(simulated(scenario), out)
    fewer = replace(scenario, profiles=scenario.profiles[:1], root_links={}, assignments={})
    report = export(simulated(fewer), out)
    assert report.files.left_over == ("scep-ios-wi-fi.yml",)
    assert report.incomplete
    assert any("scep-ios-wi-fi.yml" in note for note in report.notes)
    assert (out / "scep-ios-wi-fi.yml").exists()
    export(simulated(fewer), out, remove_left_over=True)
    assert not (out / "scep-ios-wi-fi.yml").exists()


def test_a_profile_whose_root_cannot_be_read_fails_and_keeps_its_old_file(simulated, out):
    tenant = simulated(one_profile())
    export(tenant, out)
    before = (out / "scep-ios-wi-fi.yml").read_bytes()
    tenant.control(
        "PUT",
        "faults",
        [{"match": {"path": "rootCertificate"}, "when": "before", "effect": 403}],
    )
    report = export(tenant, out, remove_left_over=True)
    assert report.failed
    [failed] = [item for item in report.profiles if item.status == FAILED]
    assert failed.profile.display_name == "Wi-Fi"
    assert "403" in failed.message
    assert (out / "scep-ios-wi-fi.yml").read_bytes() == before


def expired_root():
    """Base64 of a CA certificate whose validity is over."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Expired Root")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2001, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2002, 1, 1, tzinfo=UTC)
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return base64.b64encode(der).decode()


def test_an_expired_root_is_exported_so_that_it_can_be_applied(simulated, out):
    root = root_body("ios", "Old", "bulk-root", trustedRootCertificate=expired_root())
    tenant = simulated(directory(profiles=(root,)))
    export(tenant, out)
    [declaration] = read_declarations(out)
    assert declaration.given["allow_expired"] is True
    assert tenant.run(lambda graph: plan_declarations(graph, read_declarations(out))).is_empty


def test_a_null_that_has_a_default_is_said(simulated, out):
    wire = scep_body("ios", "Old", urls=[URL], certificateStore=None)
    export(simulated(directory(profiles=(wire,))), out)
    options = yaml.load((out / "scep-ios-old.yml").read_text(), Loader=Ansible)
    assert options["scep_profile"]["certificate_type"] == "not_configured"


def test_exporting_costs_the_pages_one_in_twenty_and_a_few(simulated, out):
    tenant = simulated("contoso")
    export(tenant, out)
    # 2 collections, 80 links in batches, groups by id and by name, filters, scope tags.
    assert len(tenant.sent()) <= 2 + -(-80 // 20) + 4
    assert all(item["method"] in {"GET", "POST"} for item in tenant.sent())
    assert all(item["path"].endswith("$batch") for item in tenant.sent("POST"))


def test_group_names_that_yaml_would_read_as_something_else_stay_names(simulated, out):
    wire = scep_body("ios", "Wi-Fi", urls=[URL])
    targets = tuple(
        {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": identifier}
        for identifier in GROUPS.values()
    )
    tenant = simulated(directory(profiles=(wire,), assignments={wire["id"]: targets}))
    export(tenant, out)
    [declaration] = read_declarations(out)
    assert {item["group"] for item in declaration.given["assignments"]} == set(GROUPS)
