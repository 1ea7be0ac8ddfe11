"""What the migration writes, once Intune has resolved it, is what the inspection calls mapped."""

import re
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from intune_scep import certificates
from intune_scep.certificates import SID_TAG, MappingStatus, inspect_certificate
from intune_scep.profiles import SID_VARIABLE
from intune_scep.strong_mapping.choices import Choices
from intune_scep.strong_mapping.plan import append_sid_uri
from intune_scep.strong_mapping.run import plan_tenant

from .handmade import UTF8, certificate, extension, general_names, name, other_name, tlv, uri

UINT32 = st.integers(0, 2**32 - 1)
ACCOUNTS = st.builds(
    lambda domain, rid: "S-1-5-21-" + "-".join(map(str, (*domain, rid))),
    st.tuples(UINT32, UINT32, UINT32),
    UINT32,
)
VARIABLE = re.compile(r"\{\{[^{}]*\}\}")
NAMES = {
    "emailAddress": lambda text: tlv(0x81, text),
    "domainNameService": lambda text: tlv(0x82, text),
    "universalResourceIdentifier": lambda text: tlv(0x86, text),
    "userPrincipalName": lambda text: other_name("1.3.6.1.4.1.311.20.2.3", tlv(UTF8, text)),
}


def issued(sans, sid):
    """The certificate that Intune has issued for these names of a profile."""
    names = []
    for san in sans:
        text = san["name"]
        if text.strip().casefold() == SID_VARIABLE.casefold():
            text = SID_TAG + sid
        text = VARIABLE.sub("mira.voss", text)
        names.append(NAMES[san["sanType"]](text.encode()))
    return certificate(extension("2.5.29.17", general_names(*names)))


SANS = st.lists(
    st.sampled_from(
        [
            {"sanType": "userPrincipalName", "name": "{{UserPrincipalName}}"},
            {"sanType": "emailAddress", "name": "{{EmailAddress}}"},
            {"sanType": "domainNameService", "name": "{{DeviceName}}.contoso.example"},
            {"sanType": "universalResourceIdentifier", "name": "IntuneDeviceId://{{DeviceId}}"},
            {"sanType": "universalResourceIdentifier", "name": "urn:example:{{SerialNumber}}"},
        ]
    ),
    max_size=4,
)


@given(SANS, ACCOUNTS)
def test_whoever_the_account_is_what_is_written_maps_to_it(sans, sid):
    facts = inspect_certificate(issued(append_sid_uri(sans), sid))
    mapping = facts.strong_mapping
    assert (mapping.status, mapping.sid) == (MappingStatus.MAPPED, sid)
    assert [item.problem for item in facts.sids] == [None]


@pytest.mark.parametrize("sid", ["S-1-5-21-1-2-3-4", "S-1-5-21-4294967295-0-1-1157"])
def test_every_profile_of_a_tenant_that_the_migration_writes_to_maps_afterwards(simulated, sid):
    tenant = simulated("contoso")
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices(include_android=True)))
    written = [
        step.after["customSubjectAlternativeNames"]
        for action in plan.actions
        for step in action.steps
        if "customSubjectAlternativeNames" in getattr(step, "after", {})
    ]
    assert len(written) >= 5
    for sans in written:
        mapping = inspect_certificate(issued(sans, sid)).strong_mapping
        assert (mapping.status, mapping.sid) == (MappingStatus.MAPPED, sid), sans


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.lists(TEXTS | st.sampled_from([" x", "x ", " ", "#x", 'a,b+"c"', "a\0b"]), max_size=4))
def test_what_another_library_accepts_it_reads_as_this_one_does(texts):
    subject = name(*(("2.5.4.11", UTF8, text.encode()) for text in texts))
    uris = [f"https://{number}.contoso.example" for number in range(len(texts))]
    der = certificate(extension("2.5.29.17", general_names(*map(uri, uris))), subject=subject)
    loaded = x509.load_der_x509_certificate(der)
    sans = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    facts = inspect_certificate(der)
    assert facts.subject == loaded.subject.rfc4514_string()
    assert list(facts.subject_alternative_names.uri) == list(
        sans.get_values_for_type(x509.UniformResourceIdentifier)
    )
    assert facts.not_after == loaded.not_valid_after_utc
    assert int(facts.serial_number, 16) == loaded.serial_number


def test_no_answer_depends_on_how_cryptography_reads_certificates():
    """Its strictness changes with its version; only keys and signatures are left to it."""
    room = Path(certificates.__file__).parent
    using = {
        path.name: set(
            re.findall(r"^\s*(?:from|import) (cryptography[.\w]*)", path.read_text(), re.M)
        )
        for path in room.glob("*.py")
    }
    assert {name for name, modules in using.items() if modules} == {"keys.py"}
    assert not {module for module in using["keys.py"] if "x509" in module or "asn1" in module}
