"""Tokens at the right moment: asked for in time, with a deadline, and failing in our words."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from intune_scep.connection import called
from intune_scep.errors import AuthenticationError, GraphTransportError, IntuneScepError
from intune_scep.graph.clouds import Cloud
from intune_scep.graph.credentials import Credential, StaticCredential, Token
from intune_scep.graph.redaction import Redactor

T = TypeVar("T")

SIGN_IN_SECONDS = 30.0
# azure-identity renews a token that has less left than this.
_FRESH_SECONDS = 300
_LOG = logging.getLogger("intune_scep.graph")
_LONGEST_REASON = 600


class TokenSource:
    """The tokens of one connection, as kiota asks for them.

    A failure is not remembered: the next request tries to sign in anew.

    Args:
        credential: Gives tokens (azure-identity's protocol).
        redactor: Gets to know each token.
    """

    def __init__(self, credential: Credential, cloud: Cloud, redactor: Redactor) -> None:
        self._credential = credential
        self._cloud = cloud
        self._redactor = redactor
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        silence_loggers()

    async def refresh(self) -> Token:
        """Have a token that lasts for the next request.

        Raises:
            AuthenticationError: there is none to be had.
            GraphTransportError: the sign-in service cannot be reached or does not answer in time;
                trying again may help.
        """
        async with self._lock:
            if self._token is None or self._token.expires_on - time.time() < _FRESH_SECONDS:
                self._token = await self._ask()
            return self._token

    async def get_token(self, *_scopes: str, claims: str | None = None, **_options: Any) -> Token:
        """Return the token, or a new one where Graph asks for more claims.

        Raises:
            AuthenticationError, GraphTransportError: as for `refresh`.
        """
        if claims is None and self._token is not None:
            return self._token
        async with self._lock:
            self._token = await self._ask(**({"claims": claims} if claims else {}))
            return self._token

    async def _ask(self, **claims: str) -> Token:
        started = time.monotonic()
        try:
            token = await self._request(**claims)
        except Exception as error:
            ours = self._translated(error)
            if ours is error:
                raise
            raise ours from self._redactor.cause(error)
        self._redactor.add(token.token)
        if not isinstance(self._credential, StaticCredential):
            _LOG.debug(
                "Signed in at %s in %.2f s", self._cloud.authority, time.monotonic() - started
            )
        return token

    async def _request(self, **claims: str) -> Token:
        if isinstance(self._credential, StaticCredential):
            return self._credential.get_token(self._cloud.scope)
        return await in_own_thread(
            lambda: self._credential.get_token(self._cloud.scope, enable_cae=True, **claims),
            SIGN_IN_SECONDS,
        )

    def _translated(self, error: Exception) -> IntuneScepError:
        if isinstance(error, IntuneScepError):
            return error
        from azure.core.exceptions import AzureError

        if isinstance(error, TimeoutError):
            return GraphTransportError(
                f"The sign-in at {self._cloud.authority} did not end within {SIGN_IN_SECONDS:g} s.",
                hides_commit=False,
            )
        reason = self._reason(error)
        if _is_unreachable(error):
            return GraphTransportError(
                f"The sign-in service {self._cloud.authority} cannot be reached: {reason}",
                hides_commit=False,
            )
        return AuthenticationError(
            f"No token for {self._cloud.name} from {self._cloud.authority}: {reason}",
            hint=f"Check {called('tenant')}, {called('client_id')} and the credential itself."
            if isinstance(error, AzureError)
            else None,
        )

    def _reason(self, error: Exception) -> str:
        lines = self._redactor.clean(str(error)).strip().splitlines()
        return lines[0][:_LONGEST_REASON] if lines else type(error).__name__


def _is_unreachable(error: BaseException | None) -> bool:
    """Whether the network is to blame; azure-identity says so in the cause only."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    while error is not None:
        if isinstance(error, ServiceRequestError | ServiceResponseError):
            return True
        error = error.__cause__ or error.__context__
    return False


async def sign_in(tokens: TokenSource) -> Token:
    """Get a first token, so that a wrong credential is found at once.

    Raises:
        AuthenticationError: no token could be had, for whatever reason.
    """
    try:
        return await tokens.refresh()
    except GraphTransportError as error:
        raise AuthenticationError(error.message, hint=error.hint) from error


async def in_own_thread(call: Callable[[], T], seconds: float) -> T:
    """Call what may block, and leave it alone when its time is over.

    The thread is a daemon: one that hangs keeps nobody from leaving.

    Raises:
        TimeoutError: it took longer.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def answer(give: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            give(value)

    def work() -> None:
        give: Callable[[Any], None] = future.set_result
        value: Any
        try:
            value = call()
        except BaseException as error:
            give, value = future.set_exception, error
        # The loop may have been closed in the meantime.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(answer, give, value)

    threading.Thread(target=work, name="intune-scep sign-in", daemon=True).start()
    async with asyncio.timeout(seconds):
        return await future


def silence_loggers() -> None:
    """Keep warnings and tracebacks off stderr where nobody set up logging."""
    for name in ("azure", "msal", "intune_scep"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
