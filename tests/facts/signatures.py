"""Schemas of functions: signatures of all kinds, and what a tool makes of them."""

# ruff: noqa: B006, B008, B023, E701, E702, E731, F403, F405, F841, RUF100, SIM300
# The functions look as users write them: the point is what is read from them.
import datetime
import decimal
import enum
import pathlib
import uuid
from dataclasses import dataclass
from typing import *

import pydantic
import typing_extensions as te
from pydantic import BaseModel, ConfigDict, Field


class Color(enum.Enum):
    red = "r"
    blue = "b"


class IE(enum.IntEnum):
    a = 1


class City(BaseModel):
    "A city doc."

    name: str
    pop: int = 3


class Nested(BaseModel):
    city: City
    more: list[City] = Field(default_factory=list, description="more cities")


class Rec(BaseModel):
    v: int
    child: "Rec | None" = None


class Forbid(BaseModel):
    model_config = ConfigDict(extra="forbid", title="My title")
    x: int


@dataclass
class DC:
    "dc doc"

    a: int
    b: str = "x"


@dataclass
class DCPlain:
    a: int


class TD(te.TypedDict, total=False):
    "td doc"

    a: int
    b: te.Required[str]


class TDD(te.TypedDict):
    a: Annotated[int, Field(description="aa")]


class NT(NamedTuple):
    a: int
    b: str = "z"


T = TypeVar("T")


class Gen(BaseModel, Generic[T]):
    v: T


def functions(RunContext: Any) -> list[Any]:
    found: list[Any] = []

    def add(function: Any) -> Any:
        found.append(function)
        return function

    @add
    def f0():
        "nothing"

    @add
    def f1(a: int, b: str = "x", c: float = 1.5, d: bool = True, e: list[int] = [1]): ...
    @add
    def f2(a, b=3):
        "d"

    @add
    def f3(a: int, /, b: str, *args: int, c: bool, **kw: float):
        "x"

    @add
    def f4(*args, **kw): ...
    @add
    def f5(c: City):
        "take city"

    @add
    def f6(c: City = City(name="z")): ...
    @add
    def f7(c: City, n: int): ...
    @add
    def f8(ctx: RunContext[int], c: City): ...
    @add
    def f9(ctx: RunContext): ...
    @add
    def f10(d: DC): ...
    @add
    def f11(t: TD): ...
    @add
    def f12(t: TDD): ...
    @add
    def f13(r: Rec): ...
    @add
    def f14(r: Rec, s: Rec): ...
    @add
    def f15(n: Nested): ...
    @add
    def f16(a: Annotated[int, Field(gt=3, description="big")], b: Annotated[str, "meta"] = "q"): ...
    @add
    def f17(
        a: int = Field(default=3, description="dd"),
        b: str = Field(description="req"),
        c: int = Field(default_factory=int),
    ): ...
    @add
    def f18(a: Literal["x", "y"], b: Color, c: IE, d: Color = Color.red): ...
    @add
    def f19(
        a: datetime.datetime,
        b: datetime.date,
        c: datetime.timedelta,
        d: decimal.Decimal,
        e: uuid.UUID,
        f: pathlib.Path,
        g: bytes,
    ): ...
    @add
    def f20(a: int | str | None, b: Optional[City] = None, c: Union[City, DC, None] = None): ...
    @add
    def f21(
        a: dict[str, int], b: dict, c: list, d: tuple[int, str], e: set[int], f: tuple[int, ...], g: frozenset[str]
    ): ...
    @add
    def f22(a: NT): ...
    @add
    def f23(a: Gen[int], b: Gen[str]): ...
    @add
    def f24(a: Forbid): ...
    @add
    def f25(a: Any, b: object): ...
    @add
    def f26(_x: int, schema: str, json: int, model_config: int, model_x: int, self_: int): ...
    @add
    def f27(a: list[City]): ...
    @add
    def f28(a: int) -> str:
        """Foo

        More text here.
        two lines.

        Args:
            a: The a
               continued.

        Returns:
            The result.
        """

    @add
    def f29(a: int, b: str) -> City:
        """Foo num.

        Parameters
        ----------
        a : int
            The a
        b
            The b

        Returns
        -------
        City
            A city
        """

    @add
    def f30(a: int, b: str) -> int:
        """Sphinx it.

        :param a: The a
        :param int b: The b
        :return: the number
        """

    @add
    def f31(ctx: RunContext[int], a: int, *args: str, **kw: int):
        """Foo

        Args:
            a: AA
            *args: rest
            **kw: others
        """

    @add
    def f32(c: City):
        """Foo.

        Args:
            c: the city described
        """

    @add
    def f33(c: Annotated[City, Field(description="q")]): ...
    @add
    def f34(c: City | None): ...
    @add
    def f35(a: te.NotRequired[int]): ...
    @add
    def f36(a: Annotated[int, Field(alias="A")], b: Annotated[str, Field(title="TT")]): ...
    @add
    def f37(**kw: te.Unpack[TD]): ...
    @add
    def f38(title: str, c: int): ...
    @add
    def f39(a: Callable[[int], int] = None): ...
    @add
    def f40(c: DCPlain): ...
    @add
    async def f41(ctx: RunContext[int], a: int) -> list[City]:
        "async"

    @add
    def f43(a: int = 1, *, b: Nested | None = None) -> None:
        """Only summary with args.

        Args:
            a (int): typed a
            b (Nested, optional): typed b

        Raises:
            ValueError: x
        """

    @add
    def f44(a: "int", b: "City"): ...
    @add
    def f45(args: int, kwargs: str): ...
    @add
    def f46(*cities: City): ...
    @add
    def f47(**cities: City): ...
    @add
    def f48(a: te.Annotated[list[te.Annotated[int, Field(ge=0)]], Field(min_length=1)]): ...
    @add
    def f49(x: list[Color], y: dict[str, City], z: dict[Color, int]): ...
    @add
    def f50(x: T): ...
    @add
    def f51(x: type): ...
    @add
    def f52(ctx: RunContext[int], ctx2: RunContext[int]): ...
    @add
    def f53(a: int, ctx: RunContext[int]): ...
    @add
    def f54(x: complex, y: datetime.time, z: pydantic.AnyUrl): ...

    return found


def facts(api: Any) -> dict[str, Any]:
    """For each function: the JSON schema, the description, and how it is to be called."""
    from .api import attempt

    def read(function: Any) -> Any:
        tool = api.Tool(function)
        schema = tool.function_schema
        return {
            "schema": schema.json_schema,
            "description": tool.description,
            "returns": schema.return_schema,
            "takes_ctx": schema.takes_ctx,
            "is_async": schema.is_async,
            "single": schema.single_arg_name,
            "rest": schema.var_positional_field,
            "name": tool.name,
        }

    return {
        function.__name__: attempt(lambda function=function: read(function)) for function in functions(api.RunContext)
    }
