"""A directory of declarations or a backup is checked without a network, by the same rules."""

import pytest

from intune_scep.backup.backup import back_up_profiles
from intune_scep.backup.export import export_profiles
from intune_scep.compliance import approve, check_files, read_baseline
from intune_scep.errors import BackupError, DeclarationError, IntuneScepError, SourceError

from .conftest import NOW

SCEP = """
scep_profile:
  name: Staff Wi-Fi
  platform: ios
  certificate_type: user
  subject_name_format: CN={{UserName}}
  subject_alternative_names:
    - {type: uri, value: "{{OnPremisesSecurityIdentifier}}"}
  key_usage: [digital_signature, key_encipherment]
  key_size: 2048
  extended_key_usages: [client_authentication]
  validity: {value: 1, unit: years}
  renewal_threshold: 20
  scep_server_urls: [%s]
  root_profile: %s
  assignments: [{group: Staff}, {group: Leavers, exclude: true}]
"""


def keys(report, rules=None):
    return {
        (item.profile_id, item.rule_id, item.message)
        for item in report.findings
        if rules is None or item.rule_id in rules
    }


def test_a_backup_has_the_findings_of_its_tenant(contoso, check, tmp_path):
    contoso.run(lambda graph: back_up_profiles(graph, tmp_path / "backup"))
    tenant = check(contoso)
    backup = check_files(tmp_path / "backup", now=NOW)
    assert (backup.tenant, backup.cloud) == (tenant.tenant, tenant.cloud)
    assert backup.verdicts == tenant.verdicts
    without = {
        "R-163",
        "R-186",
        "R-194",
        "R-084",
        "R-087",
        "R-001",
    }  # Dependants and PKCS are in no backup.
    rules = {item.rule_id for item in tenant.findings} - without
    assert keys(backup, rules) == keys(tenant, rules)
    skipped = {item.rule_id for item in backup.skipped}
    assert "R-186" in skipped
    assert [root.status for root in backup.roots] == [root.status for root in tenant.roots]


def test_a_backup_can_be_compared_with_a_baseline_of_the_tenant(contoso, check, tmp_path):
    contoso.run(lambda graph: back_up_profiles(graph, tmp_path / "backup"))
    approve(check(contoso), tmp_path / "baseline.json")
    baseline = read_baseline(tmp_path / "baseline.json")
    assert not check_files(tmp_path / "backup", baseline=baseline, now=NOW).drift


def test_exported_declarations_keep_the_verdicts(contoso, check, tmp_path):
    contoso.run(lambda graph: export_profiles(graph, tmp_path / "export"))
    declared = check_files(tmp_path / "export", now=NOW)
    profiles = [item for item in check(contoso).profiles if item.kind == "scep"]
    verdicts = {(item.name, item.platform): item.verdict for item in profiles}
    by_id = {item.id: item.verdict for item in profiles}
    found = [item for item in declared.profiles if item.kind == "scep"]
    assert len(found) > 50
    for item in found:
        # Twins of one name are exported by id.
        expected = by_id[item.id] if item.id else verdicts[item.name, item.platform]
        assert item.verdict == expected
    assert not declared.unread


@pytest.mark.parametrize(
    ("url", "rule"), [("https://ndes.contoso.com/x", None), ("http://ndes.contoso.com/x", "R-152")]
)
def test_declarations_are_judged_as_new_profiles(tmp_path, url, rule):
    path = tmp_path / "staff.yml"
    path.write_text(SCEP % (url, "{name: Contoso Root}"), encoding="utf-8")
    report = check_files(path, now=NOW)
    [profile] = report.profiles
    assert (profile.verdict, profile.name) == ("mapped", "Staff Wi-Fi")
    assert profile.assignments == ("Staff", "not Leavers")
    assert ("R-152" in {item.rule_id for item in profile.findings}) is (rule is not None)
    assert any("not among the files" in note for note in report.notes)
    assert {item.rule_id for item in report.skipped} >= {"R-120", "R-186"}


def test_a_root_given_as_null_is_none_and_not_unknown(tmp_path):
    path = tmp_path / "staff.yml"
    path.write_text(SCEP % ("https://ndes.contoso.com/x", "null"), encoding="utf-8")
    assert "R-120" in {item.rule_id for item in check_files(path, now=NOW).findings}


def test_wrong_files_are_refused(contoso, tmp_path):
    with pytest.raises(SourceError, match="does not exist"):
        check_files(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(IntuneScepError):
        check_files(tmp_path / "empty")
    path = tmp_path / "absent.yml"
    path.write_text("scep_profile: {name: x, platform: ios, state: absent}", encoding="utf-8")
    with pytest.raises(SourceError, match="no certificate profile"):
        check_files(path)
    path = tmp_path / "wrong.yml"
    path.write_text("scep_profile: {name: x, platform: amiga}", encoding="utf-8")
    with pytest.raises(DeclarationError, match="platform"):
        check_files(path)
    contoso.run(lambda graph: back_up_profiles(graph, tmp_path / "backup"))
    victim = next((tmp_path / "backup").glob("windows*.json"), None) or next(
        item for item in (tmp_path / "backup").glob("*.json") if item.name != "manifest.json"
    )
    victim.write_bytes(victim.read_bytes() + b" ")
    with pytest.raises(BackupError, match="was changed"):
        check_files(tmp_path / "backup")
