"""A model behind a dialect: the fake provider, on a socket, as an ASGI app and in process.

Comes in: HTTP requests in any provider's format. Goes out: replies in that format, chunk by chunk.
"""

from playhead.server._asgi import asgi_app
from playhead.server._core import ConnectionCut, Fault, Handler, Provider, ServerReply, ServerRequest
from playhead.server._h11 import SmallServer, open_ports
from playhead.server._journal import Journal, ProviderRequest
from playhead.server._proxy import Proxy
from playhead.server._running import RunningProvider
from playhead.server._transport import provider_transport

__all__ = [
    "ConnectionCut",
    "Fault",
    "Handler",
    "Journal",
    "Provider",
    "ProviderRequest",
    "Proxy",
    "RunningProvider",
    "ServerReply",
    "ServerRequest",
    "SmallServer",
    "asgi_app",
    "open_ports",
    "provider_transport",
]
