"""`use_cassette(...)` as a decorator: each call of the function opens its cassette anew."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playhead.cassette._open import UseCassette
    from playhead.cassette._options import Options

__all__ = ["decorated", "path_for"]


def decorated(function: Any, again: Callable[[], UseCassette], *, injects: bool) -> Any:
    """`function`, within a cassette that `again` makes for each call. With `injects` it gets that as first argument."""
    if isinstance(function, type):
        raise TypeError(
            f"use_cassette(...) decorates functions, not the class {function.__name__}: decorate its methods"
        )
    if not callable(function):
        raise TypeError(f"use_cassette(...) decorates functions, not {function!r}")
    make = next((make for is_kind, make in _KINDS if is_kind(function)), _plain)
    wrapped: Any = functools.wraps(function)(make(function, again, injects))
    if injects:
        # Callers, pytest above all, must not be asked for the argument that is given here.
        signature = inspect.signature(function)
        wrapped.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
    return wrapped


def path_for(function: Any, options: Options) -> str:
    """Where the cassette of a function is, if nobody says: `cassettes/<module>/<function>.yaml` beside its module."""
    if options.func_path_generator is not None:
        return options.func_path_generator(function)
    name = f"{function.__qualname__.replace('.<locals>', '')}.yaml"
    if options.cassette_library_dir is not None:
        return name
    folder, file = os.path.split(inspect.getfile(function))
    return os.path.join(folder, "cassettes", os.path.splitext(file)[0], name)


Again = Callable[[], "UseCassette"]


def _coroutine(function: Any, again: Again, injects: bool) -> Any:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        async with again() as cassette:
            return await function(*((cassette, *args) if injects else args), **kwargs)

    return wrapper


def _async_generator(function: Any, again: Again, injects: bool) -> Any:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        async with again() as cassette:
            async for item in function(*((cassette, *args) if injects else args), **kwargs):
                yield item

    return wrapper


def _generator(function: Any, again: Again, injects: bool) -> Any:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with again() as cassette:
            yield from function(*((cassette, *args) if injects else args), **kwargs)

    return wrapper


def _plain(function: Any, again: Again, injects: bool) -> Any:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with again() as cassette:
            return function(*((cassette, *args) if injects else args), **kwargs)

    return wrapper


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any, Again, bool], Any]], ...] = (
    (inspect.iscoroutinefunction, _coroutine),
    (inspect.isasyncgenfunction, _async_generator),
    (inspect.isgeneratorfunction, _generator),
)
