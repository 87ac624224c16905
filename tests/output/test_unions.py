"""Unions in one JSON text: models of one name stay apart."""

import json
from typing import Any

from pydantic import BaseModel

from playhead.context import RunContext
from playhead.output import NativeOutput, OutputSchema
from playhead.usage import RunUsage


def models(type_: Any) -> tuple[type[BaseModel], type[BaseModel]]:
    class Inner(BaseModel):
        value: type_

    class Outer(BaseModel):
        inner: Inner
        others: list["Inner"] = []

    Outer.model_rebuild(_types_namespace={"Inner": Inner})
    return Inner, Outer


def defined(schema: Any, definitions: dict[str, Any]) -> Any:
    """`schema` with its references written out."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return defined(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
        return {key: defined(item, definitions) for key, item in schema.items() if key != "$defs"}
    return [defined(item, definitions) for item in schema] if isinstance(schema, list) else schema


def test_definitions_of_one_name_are_told_apart_also_where_only_what_they_refer_to_differs() -> None:
    _, numbers = models(int)
    _, texts = models(str)
    schema = OutputSchema.build(NativeOutput([list[numbers], list[texts]])).object_def  # type: ignore[valid-type]
    assert schema is not None
    whole = schema.json_schema
    kinds = [member["properties"]["data"] for member in whole["properties"]["result"]["anyOf"]]
    items = [defined(kind, whole["$defs"])["properties"]["response"]["items"] for kind in kinds]
    assert [item["properties"]["inner"]["properties"]["value"]["type"] for item in items] == ["integer", "string"]
    assert sorted(whole["$defs"]) == ["Inner", "Outer", "list_Inner_1", "list_Outer_1"]


async def test_members_of_one_name_are_chosen_by_their_kind() -> None:
    _, numbers = models(int)
    _, texts = models(str)
    schema: OutputSchema[Any] = OutputSchema.build(NativeOutput([numbers, texts]))
    context: RunContext[Any] = RunContext(deps=None, model=None, usage=RunUsage())
    for kind, type_, value in (("Outer", numbers, 1), ("Outer_2", texts, "1")):
        text = json.dumps({"result": {"kind": kind, "data": {"inner": {"value": value}}}})
        output = await schema.process_text(text, context)
        assert type(output) is type_ and output.inner.value == value
