"""The token endpoint: client secrets, certificates and federated tokens of registered clients."""

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from intune_scep.simulator.messages import Request, Response, json_response
from intune_scep.simulator.scenario import Application
from intune_scep.simulator.store import Store, read_meta
from intune_scep.simulator.tokens import issue_token

_TOKEN = "/oauth2/v2.0/token"  # noqa: S105 - a path
_CONFIGURATION = "/v2.0/.well-known/openid-configuration"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FEDERATED_AUDIENCE = "api://AzureADTokenExchange"
_SECONDS = 3599


class _RefusedError(Exception):
    """The token endpoint's error answer: OAuth code, AADSTS number, sentence."""

    def __init__(self, error: str, number: int, reason: str, status: int = 401) -> None:
        super().__init__(reason)
        self.error, self.number, self.reason, self.status = error, number, reason, status


def is_oauth(path: str) -> bool:
    """Whether `path` belongs to the sign-in service."""
    return path.endswith((_TOKEN, _CONFIGURATION))


def handle_oauth(store: Store, request: Request, clock: Callable[[], float]) -> Response:
    """Answer a request to the sign-in service. Its requests and secrets are not journalled."""
    with store.transaction() as connection:
        meta = read_meta(connection)
        try:
            _check_tenant(meta, request.path)
            if request.path.endswith(_CONFIGURATION):
                return json_response(200, _configuration(meta, request))
            return json_response(200, _token(connection, meta, request, clock()))
        except _RefusedError as refused:
            return _refusal(refused)


def _check_tenant(meta: Mapping[str, Any], path: str) -> None:
    named = path.split("/")[1]
    if named.lower() not in (meta["tenant_id"], meta["default_domain"], "organizations", "common"):
        raise _RefusedError(
            "invalid_request", 90002, f"Tenant '{named[:64]}' not found.", status=400
        )


def _configuration(meta: Mapping[str, Any], request: Request) -> dict[str, Any]:
    root = f"{request.scheme}://{request.host}/{meta['tenant_id']}"
    return {
        "token_endpoint": f"{root}{_TOKEN}",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "jwks_uri": f"{root}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": f"{root}/v2.0",
        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
    }


def _token(
    connection: sqlite3.Connection, meta: Mapping[str, Any], request: Request, now: float
) -> dict[str, Any]:
    form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
    if form.get("grant_type") != "client_credentials":
        raise _RefusedError(
            "unsupported_grant_type", 70003, "The grant type is not supported.", 400
        )
    application = _find_application(connection, form.get("client_id", ""))
    endpoint = f"{request.scheme}://{request.host}{request.path}"
    _check_credential(application, form, endpoint)
    scope = form.get("scope", "")
    if not scope.endswith("/.default"):
        raise _RefusedError(
            "invalid_scope", 70011, "The provided value for scope is not valid.", 400
        )
    skewed = now + meta["clock_skew"]
    return {
        "token_type": "Bearer",
        "expires_in": _SECONDS,
        "ext_expires_in": _SECONDS,
        "access_token": issue_token(
            meta,
            now=skewed,
            application=application.client_id,
            roles=application.roles,
            expires_in=_SECONDS,
            audience=scope.removesuffix("/.default"),
        ),
    }


def _find_application(connection: sqlite3.Connection, client_id: str) -> Application:
    row = connection.execute(
        "SELECT body FROM application WHERE client_id = ?", (client_id.lower(),)
    ).fetchone()
    if row is None:
        raise _RefusedError(
            "unauthorized_client",
            700016,
            f"Application with identifier '{client_id[:64]}' was not found in the directory.",
            400,
        )
    content = json.loads(row[0])
    roles = content.pop("roles")
    return Application(**content, roles=None if roles is None else tuple(roles))


def _check_credential(application: Application, form: Mapping[str, str], endpoint: str) -> None:
    if "client_assertion" in form:
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise _RefusedError(
                "invalid_request", 900144, "The client_assertion_type is missing.", 400
            )
        _check_assertion(application, form["client_assertion"], endpoint)
        return
    secret = form.get("client_secret")
    if secret is None:
        raise _RefusedError(
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or"
            " 'client_secret'.",
        )
    if application.secret is None or not hmac.compare_digest(
        secret.encode(), application.secret.encode()
    ):
        raise _RefusedError(
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the"
            " client secret value, not the client secret ID, for a secret added to app"
            f" '{application.client_id}'.",
        )


def _check_assertion(application: Application, assertion: str, endpoint: str) -> None:
    import jwt

    try:
        header = jwt.get_unverified_header(assertion)
        unverified = jwt.decode(assertion, options={"verify_signature": False})
        if unverified.get("iss") == application.client_id:
            _check_certificate_assertion(application, assertion, header, endpoint)
        else:
            _check_federated_assertion(application, assertion)
    except jwt.ExpiredSignatureError:
        raise _RefusedError(
            "invalid_client", 700024, "Client assertion is not within its valid time range."
        ) from None
    except jwt.PyJWTError:
        raise _RefusedError(
            "invalid_client", 700027, "The client assertion failed signature validation."
        ) from None


def _check_certificate_assertion(
    application: Application, assertion: str, header: Mapping[str, Any], endpoint: str
) -> None:
    import jwt
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if application.certificate is None:
        raise jwt.InvalidKeyError("no certificate")
    certificate = x509.load_pem_x509_certificate(application.certificate.encode())
    der = certificate.public_bytes(Encoding.DER)
    thumbprints = {
        "x5t": hashlib.sha1(der).digest(),  # noqa: S324 - x5t is SHA-1 by definition
        "x5t#S256": hashlib.sha256(der).digest(),
    }
    for name, digest in thumbprints.items():
        expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if name in header and header[name].rstrip("=") != expected:
            raise jwt.InvalidKeyError("another certificate")
    # azure-identity signs RS256 through its sync credential and PS256 through its async one.
    jwt.decode(
        assertion,
        certificate.public_key(),  # type: ignore[arg-type]  # an RSA key, as both algorithms need
        algorithms=["RS256", "PS256"],
        audience=[endpoint, endpoint.replace(_TOKEN, "/v2.0")],
        options={"require": ["exp", "aud", "iss", "sub"]},
    )


def _check_federated_assertion(application: Application, assertion: str) -> None:
    import jwt

    if application.federated_key is None:
        raise jwt.InvalidKeyError("no federated credential")
    claims = jwt.decode(
        assertion,
        application.federated_key,
        algorithms=["RS256", "ES256"],
        audience=_FEDERATED_AUDIENCE,
        issuer=application.federated_issuer,
        options={"require": ["exp", "aud", "iss", "sub"]},
    )
    if claims["sub"] != application.federated_subject:
        raise _RefusedError(
            "invalid_request",
            700213,
            "No matching federated identity record found for presented assertion subject.",
            400,
        )


def _refusal(refused: _RefusedError) -> Response:
    return json_response(
        refused.status,
        {
            "error": refused.error,
            "error_description": f"AADSTS{refused.number}: {refused.reason}",
            "error_codes": [refused.number],
        },
    )
