"""How a server is reached: who vouches for it, through which proxy, and in words why it isn't."""

import ssl
from pathlib import Path
from socket import gaierror

import httpx
from websockets.exceptions import InvalidProxyStatus, ProxyError

from ephemeral.client.addresses import Proxy
from ephemeral.client.exits import ClientError, unreachable, usage

__all__ = ["http_client", "lost", "tls_context"]


def http_client(
    tls: ssl.SSLContext, proxy: Proxy | None, *, headers: dict[str, str], timeout: float
) -> httpx.AsyncClient:
    """Asks for what it is told and follows nothing; through the proxy, if there is one."""
    way: httpx.AsyncBaseTransport | None = None
    if proxy is not None and proxy.scheme != "http":
        from ephemeral.client.through_socks import through_socks  # noqa: PLC0415

        way = through_socks(proxy, tls)
    return httpx.AsyncClient(
        verify=tls,
        proxy=None if proxy is None or way is not None else proxy.url,
        transport=way,
        trust_env=False,
        follow_redirects=False,
        timeout=timeout,
        headers=headers,
    )


def lost(address: str, proxy: Proxy | None, error: BaseException) -> ClientError:
    """What to tell whoever can't reach a server."""
    through = "" if proxy is None else f" through the proxy {proxy}"
    return unreachable(f"{address} can't be reached{through}: {_reason(error, proxy)}.")


def _reason(error: BaseException, proxy: Proxy | None) -> str:
    """Why a connection failed, in words that hold nothing of what was sent.

    With a proxy, only this has been connected to and looked up by its name.
    """
    whose = "its" if proxy is None else "the proxy's"
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (httpx.ProxyError, ProxyError)):
            return _refusal_of_proxy(seen)
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not to be trusted ({seen.verify_message})"
        if isinstance(seen, ssl.SSLError):
            return "it does not speak TLS as it should"
        if isinstance(seen, ConnectionRefusedError):
            return "nothing listens there" if proxy is None else "the proxy doesn't listen"
        if isinstance(seen, gaierror):
            return f"{whose} name is not known"
        if isinstance(seen, (TimeoutError, httpx.TimeoutException)):
            return "it does not answer in time"
        if isinstance(seen, ExceptionGroup):
            seen = seen.exceptions[0]
        else:
            seen = seen.__cause__ or seen.__context__
    return "the connection failed"


def _refusal_of_proxy(error: httpx.ProxyError | ProxyError) -> str:
    """By its status, if it has one of three digits. Of its own words nothing is shown."""
    status = str(error)[:3]
    if isinstance(error, InvalidProxyStatus):
        status = str(error.response.status_code)
    if status == "407":
        return "the proxy asks for a name and a password, or for others"
    by = f" with status {status}" if status.isascii() and status.isdigit() else ""
    return f"the proxy refuses{by}, or can't reach it either"


def tls_context(address: str, authorities: Path | None) -> ssl.SSLContext:
    """What certificates are verified by: the system's authorities, or those of a file.

    To read the system's takes longer than many a command: over http nobody is trusted.
    """
    if authorities is None and address.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    except (OSError, ssl.SSLError):
        raise usage(f"No certificates can be read from {authorities}.") from None
