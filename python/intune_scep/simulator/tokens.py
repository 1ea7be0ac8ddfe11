"""Access tokens: issued by the tenant, signed, verified on every Graph call."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import GraphError
from intune_scep.simulator.permissions import ALL_ROLES

GRAPH_AUDIENCES = frozenset(
    {
        "00000003-0000-0000-c000-000000000000",
        "https://graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://graph.simulator.invalid",
    }
)
DEFAULT_AUDIENCE = "https://graph.microsoft.com"
SIMULATOR_CLIENT = "00000000-0000-4000-8000-000000000001"
"""The client of `intune-scep simulator token`: only who can read the file speaks for it."""
_CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
    ', client_id="00000003-0000-0000-c000-000000000000"'
)
_HEADER = {"typ": "JWT", "alg": "HS256"}


@dataclass(frozen=True)
class Caller:
    """Whom a verified token speaks for."""

    application: str
    roles: frozenset[str]
    user: str | None = None


def issue_token(
    meta: Mapping[str, Any],
    *,
    now: float,
    application: str,
    roles: Iterable[str] | None = None,
    expires_in: float = 3600,
    audience: str = DEFAULT_AUDIENCE,
    user: str | None = None,
) -> str:
    """A signed bearer token.

    Args:
        meta: Facts about the tenant.
        now: Epoch seconds.
        application: The client's id.
        roles: Application permissions; None for every one the simulator knows.
        expires_in: Lifetime in seconds; negative for a token that has expired.
        audience: `aud`.
        user: Object id of the user who signed in; None for an application by itself.
    """
    claims: dict[str, Any] = {
        "aud": audience,
        # A client can tell by it that this is no real tenant.
        "iss": f"https://sts.simulator.invalid/{meta['tenant_id']}/",
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now + expires_in),
        "appid": application,
        "app_displayname": "Simulator client",
        "idtyp": "app",
        "roles": sorted(ALL_ROLES if roles is None else roles),
        "tid": meta["tenant_id"],
        "ver": "1.0",
    }
    if user is not None:
        granted = " ".join(claims.pop("roles"))
        claims |= {"idtyp": "user", "oid": user, "scp": granted}
    signed = f"{_encode(json.dumps(_HEADER).encode())}.{_encode(json.dumps(claims).encode())}"
    return f"{signed}.{_encode(_sign(meta, signed))}"


def authenticate(context: Context) -> Caller:
    """Verify the request's bearer token.

    Raises:
        GraphError: 401 `InvalidAuthenticationToken`.
    """
    return verify_bearer(context.meta, context.request.headers, context.now)


def verify_bearer(meta: Mapping[str, Any], headers: Mapping[str, str], now: float) -> Caller:
    """Verify a bearer token.

    The algorithm is fixed to HS256 with the tenant's own key, so that the hot path of a short
    process needs no cryptography package.

    Args:
        meta: Facts about the tenant.
        headers: The request's, names in lower case.
        now: Epoch seconds by which the token must not have expired.

    Raises:
        GraphError: 401 `InvalidAuthenticationToken`.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _refuse("Access token is empty.")
    claims = _verified_claims(meta, token.strip())
    if str(claims.get("aud", "")).rstrip("/") not in GRAPH_AUDIENCES:
        raise _refuse("Access token validation failure. Invalid audience.")
    if claims.get("tid") != meta["tenant_id"]:
        raise _refuse("Access token validation failure. Invalid tenant.")
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= now:
        raise _refuse("Lifetime validation failed, the token is expired.")
    roles = [*claims.get("roles", ()), *str(claims.get("scp", "")).split()]
    user = claims.get("oid") if claims.get("idtyp") == "user" else None
    return Caller(str(claims.get("appid", "")), frozenset(roles), user)


def _verified_claims(meta: Mapping[str, Any], token: str) -> Mapping[str, Any]:
    signed, dot, signature = token.rpartition(".")
    if not dot or signed.count(".") != 1:
        raise _refuse("IDX14100: JWT is not well formed, there are no dots (.).")
    try:
        header, claims = (json.loads(_decode(part)) for part in signed.split("."))
        genuine = hmac.compare_digest(_decode(signature), _sign(meta, signed))
    except (ValueError, binascii.Error):
        raise _refuse("CompactToken parsing failed with error code: 80049217") from None
    if header != _HEADER or not genuine or not isinstance(claims, dict):
        raise _refuse("Access token validation failure. Invalid signature.")
    return claims


def _refuse(reason: str) -> GraphError:
    return GraphError(
        401,
        "InvalidAuthenticationToken",
        reason,
        form="plain",
        headers={"WWW-Authenticate": _CHALLENGE},
    )


def _sign(meta: Mapping[str, Any], signed: str) -> bytes:
    return hmac.digest(meta["signing_key"].encode(), signed.encode(), hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
