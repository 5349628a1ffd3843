"""HTTP through a SOCKS proxy. Loaded only where there is one.

The library of sockets (websockets) knows the way by itself, that of HTTP needs to be shown it.
"""

import ssl

import httpx
from httpx_socks import AsyncProxyTransport
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType

from ephemeral.client.addresses import Proxy

__all__ = ["through_socks"]


class _Transport(AsyncProxyTransport):
    """As in the library, but what fails at the proxy is an error of httpx, as with HTTP proxies."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except ProxyTimeoutError as error:
            raise httpx.ConnectTimeout("", request=request) from error
        except ProxyConnectionError as error:
            raise httpx.ConnectError("", request=request) from error
        except (ProxyError, UnicodeError) as error:
            # The second: a name of labels that are too long can't be told to it.
            raise httpx.ProxyError("", request=request) from error


def through_socks(proxy: Proxy, tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    """Carries requests through the proxy, which is asked for names too."""
    return _Transport(
        proxy_type=ProxyType.SOCKS5,
        proxy_host=proxy.host,
        proxy_port=proxy.port,
        username=proxy.username,
        password=proxy.password,
        rdns=True,
        verify=tls,
        trust_env=False,
    )
