"""Translates aiohttp's errors into FetchError: the message names the host and the cause, and nothing of the request."""

from __future__ import annotations

import aiohttp

from watcher.errors import FetchError, FetchFailure
from watcher.net.connection import Budget


def fetch_error(error: BaseException, budget: Budget, *, tls: bool) -> FetchError:
    """The FetchError for an exchange that failed with this error; `tls`: a TLS handshake belongs to connecting."""
    invalid = isinstance(error, ValueError) and not isinstance(error, aiohttp.ClientError)
    if invalid or isinstance(error, aiohttp.InvalidURL):
        failure, message = FetchFailure.INVALID_URL, f"the request to {budget.name} cannot be sent"
    elif budget.sent:
        failure, message = FetchFailure.BAD_RESPONSE, _broken_answer(error, budget)
    else:
        failure, message = _failed_connection(error, budget, tls=tls)
    return FetchError(failure, message, sent=budget.sent)


def _broken_answer(error: BaseException, budget: Budget) -> str:
    match error:
        case aiohttp.ServerDisconnectedError() if not budget.received:
            return f"{budget.name} hung up without an answer"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return f"{budget.name} broke the rules of HTTP"
    return f"the connection to {budget.name} broke"


def _failed_connection(error: BaseException, budget: Budget, *, tls: bool) -> tuple[FetchFailure, str]:
    name = budget.name
    match error:
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", error.certificate_error)
            return FetchFailure.TLS, f"{name}: {reason}"
        case aiohttp.ClientConnectorSSLError():
            reason = getattr(error.os_error, "reason", None) or type(error.os_error).__name__
            return FetchFailure.TLS, f"{name} failed to agree on TLS: {reason}"
        case aiohttp.ClientConnectorError(os_error=ConnectionResetError() | ConnectionAbortedError()) if tls:
            return FetchFailure.TLS, f"{name} hung up during the TLS handshake"
        case aiohttp.ClientConnectorError():
            return FetchFailure.CONNECT, f"{name} cannot be reached: {error.os_error.strerror or error.os_error}"
        case aiohttp.ClientHttpProxyError():
            return FetchFailure.CONNECT, f"{name}: the proxy refused"
    if budget.tunnelled:
        return FetchFailure.TLS, f"{name} failed to agree on TLS through the proxy"
    return FetchFailure.CONNECT, f"{name} cannot be reached: the connection failed"
