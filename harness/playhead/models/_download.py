"""Files by URL that a provider wants by value: fetched before the request is written."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playhead.exceptions import UserError
from playhead.messages import (
    BinaryContent,
    FileUrl,
    ModelMessage,
    ModelRequest,
    ToolReturnPart,
    UserPromptPart,
    VideoUrl,
)
from playhead.wire import Dialect

if TYPE_CHECKING:
    import httpx

__all__ = ["with_downloads"]

SIZE_BYTES_MAX = 256 * 1024 * 1024


async def with_downloads(
    messages: list[ModelMessage], dialect: Dialect, provider: str, client: Callable[[], httpx.AsyncClient]
) -> list[ModelMessage]:
    """`messages` with the content of each URL that `dialect.needs_download`, in its place. The originals stay as they are.

    `UserError` for a URL that is not to be fetched: of another scheme than http, or of this machine or its network
    (unless it says `force_download="allow-local"`).
    """
    needs = partial(_decide, dialect, provider)
    if not any(_wanted(message, needs) for message in messages):
        return messages
    found: list[ModelMessage] = []
    for message in messages:
        if _wanted(message, needs):
            parts: list[Any] = []
            for part in message.parts:
                if isinstance(part, (UserPromptPart, ToolReturnPart)):
                    part = replace(part, content=await _resolve(part.content, needs, client))
                parts.append(part)
            message = replace(message, parts=parts)
        found.append(message)
    return found


def _decide(dialect: Dialect, provider: str, item: FileUrl) -> bool:
    return dialect.needs_download(item, provider)


def _wanted(message: ModelMessage, needs: Callable[[FileUrl], bool]) -> bool:
    return isinstance(message, ModelRequest) and any(
        isinstance(item, FileUrl) and needs(item)
        for part in message.parts
        if isinstance(part, (UserPromptPart, ToolReturnPart))
        for item in _items(part.content)
    )


def _items(content: Any) -> list[Any]:
    return list(content) if isinstance(content, (list, tuple)) else [content]  # pyright: ignore[reportUnknownArgumentType]


async def _resolve(content: Any, needs: Callable[[FileUrl], bool], client: Callable[[], httpx.AsyncClient]) -> Any:
    if isinstance(content, FileUrl):
        return await _fetch(content, client()) if needs(content) else content
    if isinstance(content, (list, tuple)):
        return [await _resolve(item, needs, client) for item in content]  # pyright: ignore[reportUnknownVariableType]
    return content


async def _fetch(item: FileUrl, client: httpx.AsyncClient) -> BinaryContent:
    import httpx

    if isinstance(item, VideoUrl) and item.is_youtube:
        raise UserError("Videos on YouTube cannot be downloaded.")
    if item.url.startswith("data:"):
        return BinaryContent.from_data_uri(item.url)
    url = item.url
    for _ in range(10):
        await _check(url, local=item.force_download == "allow-local")
        try:
            async with client.stream("GET", url, follow_redirects=False) as response:
                if response.next_request is not None:
                    url = str(response.next_request.url)
                    continue
                if response.status_code >= 400:
                    raise UserError(f"{url} cannot be downloaded: its server answers {response.status_code}.")
                return BinaryContent(
                    await _body(response, url),
                    media_type=_media_type(item, response.headers.get("content-type")),
                    vendor_metadata=item.vendor_metadata,
                )
        except (httpx.DecodingError, httpx.TransportError) as error:
            raise UserError(f"{url} cannot be downloaded: {error or type(error).__name__}.") from error
    raise UserError(f"{item.url} redirects more than ten times.")


async def _body(response: httpx.Response, url: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > SIZE_BYTES_MAX:
            raise UserError(f"{url} is longer than {SIZE_BYTES_MAX:,} bytes.")
    return b"".join(pieces)


def _media_type(item: FileUrl, content_type: str | None) -> str:
    try:
        return item.media_type
    except ValueError:
        if content_type is None:
            raise
        return content_type.split(";")[0].strip()


async def _check(url: str, *, local: bool) -> None:
    """A prompt may name any URL; it must not make this program ask its own network."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{url} cannot be downloaded: only http and https URLs can.")
    try:
        addresses = [ipaddress.ip_address(parts.hostname)]
    except ValueError:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
        except OSError:
            return  # nobody has this name here: a recording may still answer
        addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    for address in addresses:
        if address.is_link_local or (not local and not address.is_global):
            raise UserError(
                f"{url} is at {address}, which is not on the public network. If that is meant, say "
                '`force_download="allow-local"`.'
            )
