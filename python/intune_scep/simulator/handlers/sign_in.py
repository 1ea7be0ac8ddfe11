"""Entra's certificate-based authentication, as far as it looks at the SID of a certificate."""

from collections.abc import Mapping

from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import GraphError
from intune_scep.simulator.messages import Response, json_response
from intune_scep.simulator.odata.options import read_options
from intune_scep.simulator.odata.selection import check_selection
from intune_scep.simulator.schema import require_entity_type

_ID = "X509Certificate"
_TYPE = "x509CertificateAuthenticationMethodConfiguration"
_FRAGMENT = "policies/authenticationMethodsPolicy/authenticationMethodConfigurations"


def get_method(context: Context, parameters: Mapping[str, str]) -> Response:
    """GET one method of signing in; the tenant has no other than certificates."""
    if parameters["id"].lower() != _ID.lower():
        raise GraphError(404, "Request_ResourceNotFound", "The method does not exist.")
    kind = require_entity_type(_TYPE)
    options = read_options(context.request.query, ("$select",))
    check_selection(options.select, kind)
    settings = context.settings
    entity = {
        "id": _ID,
        "state": "enabled" if settings.certificate_sign_in else "disabled",
        "requireCertificateSidAlignment": settings.sid_alignment,
    }
    shown = {
        name: value
        for name, value in entity.items()
        if options.select is None or name in options.select
    }
    head = {
        "@odata.context": f"{context.base_url}/$metadata#{_FRAGMENT}/$entity",
        "@odata.type": kind.wire_name,
    }
    return json_response(200, head | shown)
