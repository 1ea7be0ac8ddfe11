"""A root that a tenant holds in another form: exported, found by its thumbprint, put right."""

import base64

import pytest

from intune_scep.declarations.names import root_certificate
from intune_scep.desired_state.differences import _described
from intune_scep.profiles import parse_profile

from .handmade import CA, certificate

ROOT = certificate(CA)
PEM = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(ROOT) + b"-----END CERTIFICATE-----\n"
HELD = {
    "DER": ROOT,
    "DER and a line feed": ROOT + b"\n",
    "PEM": PEM,
    "PEM in UTF-16": PEM.decode().encode("utf-16"),
    "base64": base64.b64encode(ROOT),
    "the same twice": PEM * 2,
}


@pytest.mark.parametrize("form", HELD)
def test_the_certificate_is_found_and_its_form_is_told(form):
    encoded = base64.b64encode(HELD[form]).decode()
    profile = parse_profile(
        {
            "@odata.type": "#microsoft.graph.iosTrustedRootCertificate",
            "displayName": "Root",
            "trustedRootCertificate": encoded,
        }
    )
    assert root_certificate(profile) == ROOT
    described = _described(encoded)
    assert described.startswith("subject “CN=Contoso Root”")
    assert ("DER" in described) == (form != "DER")


@pytest.mark.parametrize("octets", [b"", b"no certificate", b"\0\1", ROOT[:-3]])
def test_what_is_no_certificate_keeps_its_octets(octets):
    encoded = base64.b64encode(octets).decode()
    profile = parse_profile(
        {
            "@odata.type": "#microsoft.graph.iosTrustedRootCertificate",
            "trustedRootCertificate": encoded,
        }
    )
    assert root_certificate(profile) == octets
    assert _described(encoded) == "(not a certificate)"
