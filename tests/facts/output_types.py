"""Output types of all kinds: the mode, the tools, the JSON schemas and the instructions that come of them."""

# ruff: noqa: B006, B008, B023, E701, E702, E731, F403, F405, F841, RUF100, SIM300
import enum
import functools
from dataclasses import dataclass
from typing import *  # noqa: F403

import typing_extensions as te
from pydantic import BaseModel, ConfigDict, Field, RootModel


def outputs(api: Any) -> dict[str, Any]:
    """Output types by name."""
    RunContext, ModelRetry = api.RunContext, api.exceptions.ModelRetry
    DeferredToolRequests, BinaryImage = api.tools.DeferredToolRequests, api.messages.BinaryImage
    ToolOutput, TextOutput, NativeOutput = api.output.ToolOutput, api.output.TextOutput, api.output.NativeOutput
    PromptedOutput, StructuredDict = api.output.PromptedOutput, api.output.StructuredDict

    class City(BaseModel):
        "A city."

        name: str

    class Box(BaseModel):
        w: int

    class Long(BaseModel):
        """First line.

        Second para.
        """

        x: int

    @dataclass
    class DC:
        a: int

    @dataclass
    class DCDoc:
        "dcdoc"

        a: City

    class TD(te.TypedDict):
        "tddoc"

        a: int
        c: list[City]

    T = TypeVar("T")

    class Gen(BaseModel, Generic[T]):
        v: T

    class Color(enum.Enum):
        "colors"

        red = "r"

    class Root(RootModel[list[int]]): ...

    class Rec(BaseModel):
        v: int
        kids: list["Rec"] = []

    class Titled(BaseModel):
        model_config = ConfigDict(title="my_Title", extra="forbid")
        x: int = Field(title="q", description="xx")

    def fn(name: str) -> int:
        "do fn"
        return 1

    def fn_nodoc(a: int, b: str = "x"): ...
    def fn_args(a: int):
        """Do it.

        Args:
            a: the a

        Returns:
            the res
        """

    async def fn2(ctx: RunContext, c: City) -> Box:
        "do fn2"

    def fn3(c: City): ...
    def fn4(ctx: RunContext[int]): ...
    def fn5(*a: int, **kw: str): ...

    class Cls:
        def m(self, x: int):
            "mdoc"

        def __call__(self, x: int):
            "calldoc"

    def up(s: str) -> str:
        return s.upper()

    def up2(ctx: RunContext, s: str) -> str:
        return s

    def up_bad(s: int) -> str:
        return s

    def up_two(a: str, b: str) -> str:
        return a

    Alias = te.TypeAliasType("Alias", Union[City, Box])
    NT = NewType("NT", int)
    SD1 = StructuredDict(
        {"type": "object", "properties": {"a": {"type": "string"}}, "title": "orig", "description": "od"}
    )
    SD2 = StructuredDict(
        {"type": "object", "properties": {"a": {"type": "string"}}, "title": "orig", "description": "od"},
        name="n",
        description="d",
    )
    SD3 = StructuredDict(
        {
            "$ref": "#/$defs/A",
            "$defs": {"A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}}, "B": {"type": "integer"}},
        }
    )
    return dict(
        long=Long,
        dc=DC,
        dcdoc=DCDoc,
        td=TD,
        gen=Gen[int],
        gens=[Gen[int], Gen[str]],
        color=Color,
        root=Root,
        rec=Rec,
        recs=[Rec, City],
        titled=Titled,
        titleds=[Titled, City],
        fnargs=fn_args,
        nodoc=fn_nodoc,
        fns=[fn_args, fn_nodoc, fn2],
        fn3=fn3,
        fn4=fn4,
        fn5=fn5,
        meth=Cls().m,
        lam=(lambda x: x),
        part=functools.partial(fn),
        up=TextOutput(up),
        up2=[TextOutput(up2), City],
        alias=Alias,
        alias2=list[Alias],
        nt=NT,
        nts=[NT, City],
        lit=Literal["a", "b"],
        lits=[Literal["a", "b"], City],
        ann=Annotated[int, Field(gt=3, description="annd")],
        anns=[Annotated[City, "x"], Box],
        optint=Optional[int],
        opt=[City, type(None)],
        listopt=list[City | None],
        lu=list[City] | Box,
        tup=tuple[int, str],
        nested=[[City, Box], str],
        any_=Any,
        dict_=dict,
        listplain=list,
        tO=ToolOutput(City | Box),
        tOs=[ToolOutput(City, name="a"), ToolOutput(Box, name="a")],
        tname=ToolOutput(City, name="my tool!"),
        tdesc=ToolOutput(Box, description="desc"),
        tstrict=ToolOutput(Long, strict=True, max_retries=4),
        tfn=ToolOutput(fn, description="over", name="nn"),
        tmix=[ToolOutput(City, name="final_result_Box"), Box],
        sd1=SD1,
        sd2=SD2,
        sd3=SD3,
        sds=[SD1, SD2],
        sds2=[StructuredDict({"type": "object", "properties": {}}), City],
        nat=NativeOutput([City, Box, int], strict=True, name="nn", description="dd"),
        natfn=NativeOutput(fn2),
        natname=NativeOutput(City, name="x", description="y", strict=False),
        natsd=NativeOutput(SD1),
        natu=NativeOutput(City | Box),
        pr=PromptedOutput([City, fn], name="pn", description="pd"),
        prf=PromptedOutput(City, template=False),
        prb=PromptedOutput(City, template="no placeholder"),
        prl=PromptedOutput(list[City]),
        proot=PromptedOutput([Rec, City]),
        rec_n=NativeOutput([Rec, City]),
        enumlist=list[Color],
        strlist=[str, list[str]],
        unionstr=str | int | City,
        defs=[DeferredToolRequests, str, City],
        bi=[BinaryImage, str],
        bi2=[BinaryImage, City, DeferredToolRequests],
        deft=DeferredToolRequests | City,
        nonefn=[fn, None],
        frozen=frozenset[int],
        emptyseq=(),
        natdef=[NativeOutput([City, Box]), DeferredToolRequests, None],
        prim=[PromptedOutput(City), BinaryImage],
        upbad=TextOutput(up_bad),
        uptwo=TextOutput(up_two),
        tostr=[ToolOutput(str), str],
        two_text=[TextOutput(up), TextOutput(up2)],
        natdt=NativeOutput([City, DeferredToolRequests]),
        prdt=PromptedOutput([City, DeferredToolRequests]),
        natbi=NativeOutput(BinaryImage),
        natstr=NativeOutput([str, City]),
        samename=[ToolOutput(City), City],
        typ=type,
    )


def facts(api: Any) -> dict[str, Any]:
    """For each output type what the model is shown."""
    from .api import attempt

    def read(spec: Any) -> Any:
        schema = api.OutputSchema.build(spec)
        toolset, template = schema.toolset, "SCHEMA {schema}"
        reference = api.package == "pydantic_ai"
        tools = [] if toolset is None else toolset._tool_defs if reference else toolset.tool_defs
        limits = (
            {} if toolset is None else toolset._max_retries_overrides if reference else toolset.max_retries_overrides
        )
        known: dict[str, Any] = {
            "mode": schema.mode,
            "text": schema.allows_text,
            "none": schema.allows_none,
            "deferred": schema.allows_deferred_tools,
            "image": schema.allows_image,
            "tools": [
                [
                    tool.name,
                    tool.description,
                    tool.parameters_json_schema,
                    tool.strict,
                    tool.outer_typed_dict_key,
                    tool.kind,
                ]
                for tool in tools
            ],
            "limits": limits,
        }
        if schema.object_def is not None:
            known["object"] = [
                getattr(schema.object_def, name) for name in ("name", "description", "strict", "json_schema")
            ]
        if schema.mode == "prompted" and schema.template is not False:
            template = schema.template or template
            known["instructions"] = (
                schema.build_instructions(template, schema.object_def) if reference else schema.instructions(template)
            )
        return known

    return {name: attempt(lambda spec=spec: read(spec)) for name, spec in outputs(api).items()}
