"""Declarations from files."""

import json

import pytest

from intune_scep.declarations import read_declarations
from intune_scep.errors import DeclarationError

from .material import ROOT_DER

SCEP = """
scep_profile:
  name: Staff
  platform: ios
  subject_name_format: !unsafe "CN={{UserName}}"
  root_profile: {name: Root}
"""
ROOT = """
intune.scep.trusted_root_profile:
  name: Root
  platform: ios
  certificate_path: files/root.cer
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_directory_is_read_with_certificates_beside_their_declarations(tmp_path):
    write(tmp_path / "b" / "scep.yml", SCEP)
    write(tmp_path / "a" / "root.yaml", ROOT)
    (tmp_path / "a" / "files").mkdir()
    (tmp_path / "a" / "files" / "root.cer").write_bytes(ROOT_DER)
    write(tmp_path / ".git" / "x.yml", "broken: [")
    write(tmp_path / "notes.txt", "not read")
    root, scep = read_declarations(tmp_path)
    assert root.trusted_root.der == ROOT_DER
    assert scep.subject_name_format == "CN={{UserName}}"
    assert scep.source.endswith("scep.yml")


def test_lists_documents_and_json_are_read(tmp_path):
    profile = {"name": "A", "platform": "ios"}
    write(
        tmp_path / "lists.yml",
        "scep_profiles:\n- {name: A, platform: ios}\n- {name: B, platform: ios}\n---\n"
        "- scep_profile: {name: C, platform: macos}\n",
    )
    write(tmp_path / "one.json", json.dumps({"scep_profiles": [profile]}))
    assert [item.name for item in read_declarations(tmp_path)] == ["A", "B", "C", "A"]
    assert [item.name for item in read_declarations(tmp_path / "one.json")] == ["A"]


def test_what_is_wrong_in_all_files_is_said_at_once(tmp_path):
    write(tmp_path / "a.yml", "scep_profile: {name: A, platform: ios, key_size: 3}")
    write(tmp_path / "b.yml", "scep_profile: {name: B, platform: amiga}")
    write(tmp_path / "c.yml", "scep_profile: [")
    write(tmp_path / "d.yml", "hosts: all")
    write(tmp_path / "e.yml", "scep_profile: {name: E, name: F, platform: ios}")
    write(tmp_path / "f.yml", "scep_profiles: {name: E}")
    with pytest.raises(DeclarationError) as caught:
        read_declarations(tmp_path)
    message = str(caught.value)
    for name, what in [
        ("a.yml", "key_size"),
        ("b.yml", "platform"),
        ("c.yml", "not valid"),
        ("d.yml", "an Ansible play"),
        ("e.yml", "stands twice"),
        ("f.yml", "must be a list"),
    ]:
        [problem] = [p for p in caught.value.problems if name in p]
        assert what in problem
    assert "\n" not in message


@pytest.mark.parametrize("name", ["nothing-there", "empty"])
def test_a_path_without_declarations_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DeclarationError, match=name):
        read_declarations(tmp_path / name)


def test_yaml_cannot_make_objects(tmp_path):
    write(tmp_path / "x.yml", "scep_profile: !!python/object/apply:os.system ['true']")
    with pytest.raises(DeclarationError, match="not valid"):
        read_declarations(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"@odata.type": "#microsoft.graph.iosScepCertificateProfile"}', "profiles plan read"),
        ('{"@odata.context": "x", "value": []}', "an answer of Graph"),
        ("<html>", "an HTML page"),
        ("-----BEGIN CERTIFICATE-----\nMII", "a certificate in PEM"),
        ("hosts: all", "an Ansible play"),
        ("apiVersion: v1\nkind: x\nmetadata: {}", "a Kubernetes object"),
        ("my secret", "plain text"),
        ("- 1", "a number"),
    ],
)
def test_a_file_of_something_else_is_named_and_never_shown(tmp_path, text, says):
    write(tmp_path / "x.yml", text)
    with pytest.raises(DeclarationError) as caught:
        read_declarations(tmp_path)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_declarations_are_read_in_every_unicode_encoding(tmp_path, encoding):
    (tmp_path / "x.yml").write_bytes(SCEP.replace("Staff", "Zürich").encode(encoding))
    [declaration] = read_declarations(tmp_path)
    assert declaration.name == "Zürich"
