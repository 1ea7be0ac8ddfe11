"""Certificate profiles in files of other tools are judged like the tenant that they are from."""

import json
import os
from pathlib import Path

import pytest
from tests.unit.backup.foreign import (
    CONFIGURATIONS,
    CONTEXT,
    DSC,
    FORMS,
    NO_ROOT_LINK,
    ROOT_NAME,
    SCEP_NAME,
    assigned,
    bound,
    referring,
    root_wire,
    scep_wire,
    without,
    write,
)

from intune_scep.compliance import check_files
from intune_scep.errors import SourceError

from .conftest import NOW

CASES = Path(__file__).parents[4] / "shared" / "cases" / "14-foreign-exports" / "foreign"
ABOUT_THE_ROOT = {"R-120", "R-121", "R-122"}


def judged(path):
    return check_files(path, now=NOW)


def rules(report):
    return {(item.profile_name, item.rule_id) for item in report.findings}


def skipped(report):
    return {item.rule_id for item in report.skipped}


def refusal(path):
    with pytest.raises(SourceError) as caught:
        judged(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_findings_of_the_plain_listing(form, tmp_path):
    root = root_wire()
    plain = judged(write(tmp_path / "plain.json", [root, bound(assigned(scep_wire()), root)]))
    (tmp_path / "form").mkdir()
    report = judged(FORMS[form](tmp_path / "form"))
    about_roots = {rule for _, rule in rules(plain) if rule in ABOUT_THE_ROOT or rule == "R-123"}
    only_scep = form == "one object with its root inside"
    expected = {
        (name, rule)
        for name, rule in rules(plain)
        if (name == SCEP_NAME or not only_scep) and rule not in about_roots
    }
    assert {pair for pair in rules(report) if pair[1] not in about_roots} == expected
    assert not report.unread
    [scep] = [item for item in report.profiles if item.kind == "scep"]
    assert (scep.name, scep.verdict) == (SCEP_NAME, "mapped")
    assert (scep.root is None) == (form in NO_ROOT_LINK)
    assert (skipped(report) >= ABOUT_THE_ROOT) == (form in NO_ROOT_LINK)
    assert "R-120" not in {rule for _, rule in rules(report)}


@pytest.mark.parametrize(
    "form", [name for name in FORMS if name.startswith(("IntuneM", "IntuneCD", "a configuration"))]
)
def test_groups_have_their_names_where_the_files_have_them(form, tmp_path):
    report = judged(FORMS[form](tmp_path))
    [scep] = [item for item in report.profiles if item.kind == "scep"]
    assert scep.assignments == ("All Staff",)


def _hinted(**more):
    return {**scep_wire(), **more}


ROOT = root_wire()
TYPE = ROOT["@odata.type"]
ABSENT = "b7f0a3c4-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("said", "root"),
    [
        ({"rootCertificate@odata.bind": f"{CONFIGURATIONS}('{ROOT['id']}')"}, ROOT_NAME),
        ({"rootCertificate@odata.bind": [f"{CONFIGURATIONS}/{ROOT['id']}"]}, ROOT_NAME),
        ({"rootCertificate": {"id": ROOT["id"]}}, ROOT_NAME),
        ({"rootCertificate": {"@odata.id": f"{CONFIGURATIONS}('{ROOT['id']}')"}}, ROOT_NAME),
        ({"rootCertificate": without(ROOT, "@odata.type")}, ROOT_NAME),
        ({"#CustomRef_rootCertificate": f"{ROOT_NAME}|:|{TYPE}"}, ROOT_NAME),
        ({"#CustomRef_rootCertificate": ROOT_NAME}, ROOT_NAME),
        (
            {
                "#CustomRef_rootCertificate": f"other|:|{TYPE}|:|deviceManagement"
                f"/deviceConfigurations/{ROOT['id']}"
            },
            ROOT_NAME,
        ),
        ({"rootCertificateId": ROOT["id"].upper()}, ROOT_NAME),
        ({"rootCertificateDisplayName": ROOT_NAME}, ROOT_NAME),
        ({"rootCertificate@odata.bind": f"{CONFIGURATIONS}('{ABSENT}')"}, None),
        ({"#CustomRef_rootCertificate": f"Gone|:|{TYPE}"}, None),
        ({"#CustomRef_rootCertificate": f"{ROOT_NAME}|:|#microsoft.graph.nothing"}, None),
        ({"rootCertificateId": ABSENT, "rootCertificateDisplayName": ROOT_NAME}, None),
        ({"rootCertificate": None}, None),
        ({"rootCertificate": "x", "rootCertificateId": 7}, None),
        ({}, None),
    ],
)
def test_a_root_is_taken_from_whatever_names_it_and_is_else_unknown_not_absent(
    said, root, tmp_path
):
    report = judged(write(tmp_path / "list.json", [ROOT, _hinted(**said)]))
    [scep] = [item for item in report.profiles if item.kind == "scep"]
    assert scep.root == root
    assert not report.unread
    assert ("R-120" in skipped(report)) == (root is None)
    assert "R-120" not in {rule for _, rule in rules(report)}
    told = [note for note in report.notes if SCEP_NAME in note and "root" in note]
    assert bool(told) == (root is None)


def test_of_two_roots_of_one_name_neither_is_taken(tmp_path):
    twin = {**ROOT, "id": ABSENT, "description": "another"}
    wires = [ROOT, twin, referring(scep_wire(), ROOT)]
    report = judged(write(tmp_path / "list.json", wires))
    assert "R-120" in skipped(report)
    assert any("not the only ones" in note for note in report.notes)


def test_a_file_of_a_backup_or_of_profiles_show_is_read_alone(tmp_path):
    wire = scep_wire()
    for name, content in {
        "backup": {"root": {"id": ROOT["id"], "name": ROOT_NAME}, "profile": wire},
        "show": {"tenant": "x", "cloud": "y", "profile": wire, "root_profile": None},
    }.items():
        report = judged(write(tmp_path / f"{name}.json", content))
        assert ("R-120" in {rule for _, rule in rules(report)}) == (name == "show")


def _graph(name, **more):
    return {"@odata.type": f"#microsoft.graph.{name}", "id": "x", "displayName": "X", **more}


def _text(text):
    return lambda path: path.write_text(text, encoding="utf-8")


def _json(value):
    return _text(json.dumps(value))


STRANGERS = {
    "a settings catalog policy": _json({"name": "x", "settings": [], "technologies": "mdm"}),
    "a Wi-Fi profile": _json(_graph("windowsWifiEnterpriseEAPConfiguration")),
    "a VPN profile": _json(_graph("iosVpnConfiguration")),
    "a wired network profile": _json(_graph("macOSWiredNetworkConfiguration")),
    "a compliance policy": _json(_graph("windows10CompliancePolicy")),
    "an e-mail profile": _json(_graph("iosEasEmailProfileConfiguration")),
    "a custom profile": _json(_graph("iosCustomConfiguration")),
    "an app": _json(_graph("win32LobApp")),
    "a conditional access policy": _json({"conditions": {}, "grantControls": {}, "id": "x"}),
    "an Ansible play": _text("- hosts: all\n  tasks: []\n"),
    "a Kubernetes object": _text("apiVersion: v1\nkind: Pod\nmetadata: {}\n"),
    "a configuration of the rules": _text("waivers: []\n"),
    "a policy of check": _text("fail_on: {errors: true}\n"),
    "a saved plan": _json({"format": "intune-scep/plan/2"}),
    "a baseline": _json({"format": "intune-scep/baseline/1"}),
    "an error answer of Graph": _json({"error": {"code": "Forbidden", "message": "no"}}),
    "an object with the keys a, b": _json({"a": 1, "b": 2}),
    "an empty object": _json({}),
    "an empty list": _json({"@odata.context": CONTEXT, "value": []}),
    "plain text": _text('"only words"'),
    "a number": _text("17"),
}
IN_YAML = {"an Ansible play", "a Kubernetes object", "a configuration of the rules"}
IN_YAML |= {"a policy of check"}
UNREADABLE = {
    "an HTML page": _text("<!DOCTYPE html>\n<html><body>Sign in</body></html>"),
    "an XML file": _text('<?xml version="1.0"?><a/>'),
    "an Apple property list": _text('<?xml version="1.0"?>\n<!DOCTYPE plist PUBLIC "x">'),
    "a certificate in PEM": _text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"),
    "a private key": _text("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n"),
    "a certificate request in PEM": _text("-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n"),
    "a certificate or key in DER": lambda path: path.write_bytes(b"\x30\x82\x01\x0a\x02"),
    "a ZIP archive": lambda path: path.write_bytes(b"PK\x03\x04rest"),
    "a PDF file": lambda path: path.write_bytes(b"%PDF-1.7"),
    "a PowerShell script": _text("function Get-X { 1 }"),
    "an empty file": _text(" \n"),
    "not text in UTF-8": lambda path: path.write_bytes(b'{"a": "\xff\xfe\xfd"}'),
    "not valid JSON: line 1, column 6": _text('{"a" 1}'),
    "a number has 5000 digits": _text('{"version": ' + "9" * 5000 + "}"),
    "is too large": _text('{"version": 1e999}'),
    "nested deeper than 100": _text("[" * 5000),
    "JSON lines, such as a journal": _text('{"a": 1}\n{"a": 2}\n'),
    "stands twice": _text('{"id": 1, "id": 2}'),
    "NaN is no JSON number": _text('{"version": NaN}'),
}


@pytest.mark.parametrize("kind", [*STRANGERS, *UNREADABLE])
def test_a_file_that_is_none_of_ours_is_named_in_one_line_with_what_it_seems_to_be(kind, tmp_path):
    path = tmp_path / "file.json"
    {**STRANGERS, **UNREADABLE}[kind](path)
    if kind in IN_YAML:
        path = path.rename(tmp_path / "file.yml")
    for named in (path, tmp_path):
        message = refusal(named)
        assert kind in message
        assert "file." in message
        assert "Expected: declarations" in message


@pytest.mark.parametrize("kind", STRANGERS)
def test_beside_profiles_it_is_a_note(kind, tmp_path):
    STRANGERS[kind](tmp_path / "stranger.yaml")
    write(tmp_path / "one.json", scep_wire())
    report = judged(tmp_path)
    assert [note for note in report.notes if kind in note and "stranger.yaml" in note]
    assert not report.unread


@pytest.mark.parametrize("kind", UNREADABLE)
def test_beside_profiles_what_may_have_been_one_is_not_judged(kind, tmp_path):
    UNREADABLE[kind](tmp_path / "broken.json")
    write(tmp_path / "one.json", scep_wire())
    report = judged(tmp_path)
    assert [item.what for item in report.unread] == ["broken.json"]
    assert kind in report.unread[0].why
    assert report.outcome.exit_code == 3
    assert len(report.profiles) == 1


def test_files_of_other_names_are_told_too(tmp_path):
    write(tmp_path / "one.json", scep_wire())
    (tmp_path / "root.cer").write_bytes(b"\x30\x82\x01\x0a")
    (tmp_path / "README.md").write_text("words")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.json").write_text("{")
    notes = " ".join(judged(tmp_path).notes)
    assert "being a certificate or key in DER: root.cer." in notes
    assert "being neither JSON nor YAML: README.md." in notes


def test_what_is_no_regular_file_is_told_and_not_waited_for(tmp_path):
    write(tmp_path / "one.json", scep_wire())
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.txt")
    report = judged(tmp_path)
    assert {item.what: item.why for item in report.unread} == {
        "gone.json": "No such file or directory.",
        "pipe.json": "it is a named pipe, not a regular file.",
    }
    assert any("pipe.txt" in note and "named pipe" in note for note in report.notes)
    assert "named pipe" in refusal(tmp_path / "pipe.json")


@pytest.mark.parametrize("name", ["x" * 5000, "none.json", "a\nb.json", "a/b/c", "\x1b[31m"])
def test_a_path_that_leads_to_nothing_is_one_line(name, tmp_path):
    assert "does not exist" in refusal(tmp_path / name)


def test_a_name_with_a_line_break_stays_on_its_line(tmp_path):
    (tmp_path / "a\nb.json").write_text("{")
    assert "a\\nb.json" in refusal(tmp_path)
    assert "a\\nb.json" in refusal(tmp_path / "a\nb.json")


def test_what_intunecd_archived_is_left_out_and_told(tmp_path):
    path = FORMS["IntuneCD in JSON"](tmp_path)
    folder = path / "__archive__" / "Device Configurations"
    write(folder / "SCEP [prod].json", scep_wire(renewalThresholdPercentage=5))
    report = judged(path)
    assert len(report.profiles) == 2
    assert any("archived by IntuneCD" in note for note in report.notes)


@pytest.mark.skipif(not CASES.is_dir(), reason="the collection of cases is not here")
@pytest.mark.parametrize("name", ["one.json", "list.json", "Device Configurations", "."])
def test_the_collected_exports_are_read(name):
    report = judged(CASES / name)
    [scep] = [item for item in report.profiles if item.kind == "scep"]
    # It has no key usage, so it would not be changed just like that.
    assert scep.verdict == "review"
    assert "Would be required" in scep.reason and "R-110" in scep.reason
    assert (scep.root is None) == (name == "one.json")
    assert not report.unread


def test_one_kind_in_many_files_is_one_sentence(tmp_path):
    for number in range(70):
        write(tmp_path / f"{number:02}.json", _graph("iosVpnConfiguration", id=str(number)))
    write(tmp_path / "scep.json", scep_wire())
    [note] = [note for note in judged(tmp_path).notes if "VPN" in note]
    assert "00.json" in note
    assert "and 50 more" in note


@pytest.mark.parametrize(
    ("wire", "findings"),
    [
        (_graph("windows10PkcsCertificateProfile"), {"R-087"}),
        (_graph("macOSPkcsCertificateProfile"), {"R-087"}),
        (_graph("windows10SCEPCertificateProfile"), {"R-001"}),
    ],
)
def test_certificate_profiles_of_other_kinds_are_judged_beside_ours_and_named_alone(
    wire, findings, tmp_path
):
    write(tmp_path / "other.json", wire)
    assert wire["@odata.type"] in refusal(tmp_path)
    write(tmp_path / "one.json", scep_wire())
    report = judged(tmp_path)
    assert [item.kind for item in report.profiles] == ["scep", "foreign"]
    assert {rule for name, rule in rules(report) if name == "X"} == findings


@pytest.mark.parametrize("form", ["value", "batch", "folder"])
def test_one_page_of_a_listing_is_told_and_not_taken_for_all(form, tmp_path):
    page = {"@odata.context": CONTEXT, "@odata.nextLink": f"{CONFIGURATIONS}?$skiptoken=x"}
    page["value"] = [scep_wire()]
    content = {"responses": [{"id": "1", "status": 200, "body": page}]} if form == "batch" else page
    path = write(tmp_path / "page.json", content)
    report = judged(tmp_path if form == "folder" else path)
    assert report.outcome.exit_code == 3
    assert "one page of a listing" in report.unread[0].why
    assert "page.json" in report.unread[0].why


def test_pages_that_are_all_there_by_graphs_own_count_are_whole(tmp_path):
    first = {"@odata.context": CONTEXT, "@odata.count": 2, "@odata.nextLink": "x"}
    write(tmp_path / "1.json", {**first, "value": [ROOT]})
    assert judged(tmp_path).unread
    write(tmp_path / "2.json", {"@odata.context": CONTEXT, "value": [scep_wire()]})
    assert not judged(tmp_path).unread


def test_assignments_of_which_the_rest_is_missing_are_told(tmp_path):
    wire = {**assigned(scep_wire()), "assignments@odata.nextLink": "x"}
    report = judged(write(tmp_path / "one.json", wire))
    assert [item.what for item in report.unread] == [
        f"all assignments of {SCEP_NAME!r} in {tmp_path / 'one.json'}"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customSubjectAlternativeNames", ["@{sanType=userPrincipalName; name=x}"]),
        ("extendedKeyUsages", "System.Object[]"),
        ("extendedKeyUsages", ["System.Collections.Hashtable"]),
        ("scepServerUrls", "System.Object[]"),
        ("customSubjectAlternativeNames", ["System.Management.Automation.PSCustomObject"]),
    ],
)
def test_what_powershell_cut_off_is_told_with_the_way_out(name, value, tmp_path):
    report = judged(write(tmp_path / "one.json", {**scep_wire(), name: value}))
    assert name in report.unread[0].why
    assert "-Depth" in report.unread[0].why


def test_an_object_without_its_type_is_told_unless_the_listing_has_it(tmp_path):
    wire = without(scep_wire(), "@odata.type")
    assert "has no @odata.type" in refusal(write(tmp_path / "one.json", wire))
    context = f"{CONTEXT}/microsoft.graph.windows81SCEPCertificateProfile"
    answer = {"@odata.context": context, "value": [wire]}
    [profile] = judged(write(tmp_path / "one.json", answer)).profiles
    assert profile.platform == "windows"


@pytest.mark.parametrize(
    "value", ["x", {"target": {}}, ["x"], [{"target": "everybody"}], [None], 5]
)
def test_assignments_of_another_form_are_told(value, tmp_path):
    write(tmp_path / "odd.json", {**scep_wire("Odd"), "assignments": value})
    write(tmp_path / "one.json", scep_wire())
    report = judged(tmp_path)
    assert [item.what for item in report.unread] == ["'Odd' in odd.json"]


def test_a_profile_in_several_files_is_one_if_they_agree(tmp_path):
    write(tmp_path / "plain.json", scep_wire())
    write(tmp_path / "list.json", {"value": [assigned(scep_wire()), ROOT]})
    loud = {"id": scep_wire()["id"].upper(), "@odata.type": scep_wire()["@odata.type"].upper()}
    write(tmp_path / "linked.json", {**bound(scep_wire(), ROOT), **loud})
    report = judged(tmp_path)
    [scep] = [item for item in report.profiles if item.kind == "scep"]
    assert scep.root == ROOT_NAME
    assert scep.assignments
    write(tmp_path / "older.json", {**scep_wire(), "version": 0})
    message = refusal(tmp_path)
    assert "several editions" in message
    assert "older.json" in message


def test_declarations_and_objects_of_graph_are_not_mixed(tmp_path):
    write(tmp_path / "one.json", scep_wire())
    (tmp_path / "mine.yml").write_text("scep_profile: {name: x, platform: ios}")
    message = refusal(tmp_path)
    assert "mine.yml holds declarations" in message
    assert "one.json" in message


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("= 20;", "= $Threshold;"), "is only known to PowerShell"),
        (('"sha2"', '"$Hash"'), "is only known to PowerShell"),
        (("= 20;", "= 20 * 2;"), "line "),
        (('CertificateStore = "user";', 'CertificateStore "user"'), "= is missing there"),
        (("HashAlgorithm", "KeySize"), "stands twice"),
        (("Node localhost\n    {", "Node localhost\n"), None),
        (('@("keyEncipherment"', '("keyEncipherment"'), "not written out"),
    ],
)
def test_a_configuration_of_dsc_is_read_literally_or_refused_with_its_line(change, says, tmp_path):
    text = DSC.format(root=ROOT_NAME, scep=SCEP_NAME, url="https://x.example", certificate="MIIB")
    assert change[0] in text
    path = tmp_path / "dsc.ps1"
    path.write_text(text.replace(*change), encoding="utf-8")
    if says is None:
        assert len(judged(path).profiles) == 2
        return
    assert says in refusal(path)


def test_resources_of_dsc_that_are_none_of_ours_are_named(tmp_path):
    text = DSC.format(root=ROOT_NAME, scep=SCEP_NAME, url="https://x.example", certificate="MIIB")
    other = "IntuneWifiConfigurationPolicyWindows10 'W' { DisplayName = 'W' }\n        IntuneDev"
    path = tmp_path / "dsc.ps1"
    path.write_text(text.replace("IntuneDev", other, 1), encoding="utf-8")
    report = judged(path)
    assert len(report.profiles) == 2
    assert any("the resource IntuneWifiConfigurationPolicyWindows10" in n for n in report.notes)
    path.write_text(text.replace("CertificatePolicyWindows10", "X"), encoding="utf-8")
    assert "IntuneDeviceConfigurationSCEPX" in refusal(path)


def test_a_profile_that_dsc_is_to_remove_is_not_there(tmp_path):
    text = DSC.format(root=ROOT_NAME, scep=SCEP_NAME, url="https://x.example", certificate="MIIB")
    path = tmp_path / "dsc.ps1"
    path.write_text(text.replace('"Present"', '"Absent"'), encoding="utf-8")
    assert [item.name for item in judged(path).profiles] == [SCEP_NAME]
