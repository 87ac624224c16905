"""A function as a tool sees it: a JSON schema of its arguments, a validator for them, and a way to call it.

The arguments are validated as a dictionary, whose core schema is that of a `TypedDict` made for the purpose: it takes
any parameter name (a model's fields may neither begin with an underscore nor be called `schema`), and pydantic resolves
references between parameters itself. A function whose only parameter is a model, dataclass or TypedDict takes that
one's schema for its own: the model of a language sends the fields, not a field that holds them.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, is_dataclass
from functools import partial
from inspect import Parameter, Signature
from typing import Annotated, Any, NotRequired, Required, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    PydanticInvalidForJsonSchema,
    PydanticSchemaGenerationError,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema, SchemaValidator, core_schema, from_json, to_json
from typing_extensions import (
    TypeIs,
    get_type_hints,
    is_typeddict,
)

from playhead.context import RunContext
from playhead.exceptions import UserError
from playhead.messages import ToolReturn
from playhead.schema._arguments import arguments_type
from playhead.schema._docstring import DocstringFormat, read_docstring
from playhead.schema._json import GenerateToolJsonSchema
from playhead.schema._threads import SideBySide, run_in_thread


def _no_fields() -> list[str]:
    return []


def _no_schema() -> dict[str, Any]:
    return {}


@dataclass(kw_only=True)
class FunctionSchema:
    """What is known of a function whose arguments a model sends."""

    function: Callable[..., Any]
    name: str
    description: str | None
    validator: SchemaValidator | SingleArgument
    """Makes a dictionary of arguments for `call`; the value of the only argument, where that has the schema."""
    json_schema: dict[str, Any]
    takes_ctx: bool
    is_async: bool
    single_arg_name: str | None = None
    """The only parameter, where the schema is that of its type."""
    positional_fields: list[str] = field(default_factory=_no_fields)
    var_positional_field: str | None = None
    return_schema: dict[str, Any] = field(default_factory=_no_schema)
    core_schema: CoreSchema | None = field(default=None, repr=False, compare=False)
    """What `validator` was made of, for those who take it apart."""

    async def call(self, args_dict: dict[str, Any], ctx: RunContext[Any]) -> Any:
        """What the function returns for validated arguments. A sync function runs in a thread, in this context."""
        args, kwargs = self.arguments(args_dict, ctx)
        others = SideBySide.leave()
        if self.is_async:
            return await cast(Callable[..., Awaitable[Any]], self.function)(*args, **kwargs)
        call = run_in_thread(self.function, *args, **kwargs)
        return await (call if others is None else others.in_turn(call))

    def arguments(self, args_dict: dict[str, Any], ctx: RunContext[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments for a call of the function."""
        kwargs = dict(args_dict)
        args: list[Any] = [ctx] if self.takes_ctx else []
        for name in self.positional_fields:
            if name not in kwargs:
                break  # a default: those after it have theirs too
            args.append(kwargs.pop(name))
        if self.var_positional_field is not None:
            args.extend(kwargs.pop(self.var_positional_field, ()))
        return args, kwargs


def function_schema(
    function: Callable[..., Any],
    schema_generator: type[GenerateJsonSchema] = GenerateToolJsonSchema,
    *,
    takes_ctx: bool | None = None,
    docstring_format: DocstringFormat = "auto",
    require_parameter_descriptions: bool = False,
    tool_name: str | None = None,
) -> FunctionSchema:
    """Read `function`: signature, annotations and docstring.

    `takes_ctx` says whether the first parameter is the `RunContext`; None looks at its annotation. Raises `UserError`,
    with all that is wrong, for a signature that no tool can have, and pydantic's errors for types without a schema.
    """
    errors: list[str] = []
    try:
        signature = inspect.signature(function)
    except ValueError as error:
        errors.append(str(error))
        signature = Signature()
    hints = _type_hints(function)
    if takes_ctx is None:
        takes_ctx = takes_run_context(function)

    taken = _read_parameters(signature, hints, takes_ctx, errors)
    description, descriptions = read_docstring(function, signature, docstring_format)
    if require_parameter_descriptions:
        # Those of a variadic parameter are written with their stars.
        missing = [name for name in taken.fields if not (descriptions.get(name) or descriptions.get(f"*{name}"))]
        if missing:
            errors.append(f"Missing parameter descriptions for {', '.join(missing)}")
    if errors:
        what = getattr(function, "__qualname__", None) or repr(function)
        raise UserError(f"Error generating schema for {what}:\n  " + "\n  ".join(errors))

    single = None if taken.takes_extras else _single_model(taken.fields, taken.annotations)
    schema = _arguments_schema(taken.fields, taken.defaults, descriptions, taken.takes_extras, taken.extras)
    if single is not None:
        schema = _field_schema(schema, single)
    validator = SchemaValidator(schema, core_schema.CoreConfig(title=getattr(function, "__name__", "tool")))
    json_schema = schema_generator().generate(schema)
    if single is not None and not description and not taken.defaults:
        # The model's own description is the tool's, where the function has none.
        description = json_schema.pop("description", None)
    name = tool_name or getattr(function, "__name__", type(function).__name__)
    return FunctionSchema(
        function=function,
        name=name,
        description=description,
        validator=validator if single is None else SingleArgument(validator, single),
        json_schema=json_schema,
        takes_ctx=takes_ctx,
        is_async=is_async_callable(function),
        single_arg_name=single,
        positional_fields=taken.positional,
        var_positional_field=taken.var_positional,
        return_schema=_return_schema(name, hints, schema_generator),
        core_schema=schema,
    )


@dataclass(slots=True)
class _Parameters:
    """What a signature takes from a model, by name."""

    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    """The types of all but `**kwargs`; that of `*args` is a list."""
    annotations: dict[str, Any] = field(default_factory=dict[str, Any])
    """The types as they are written, without `*args`."""
    defaults: dict[str, Any] = field(default_factory=dict[str, Any])
    positional: list[str] = field(default_factory=list[str])
    """Those that the function is not given by name."""
    var_positional: str | None = None
    takes_extras: bool = False
    extras: Any = None
    """The type of `**kwargs`."""


def _read_parameters(signature: Signature, hints: dict[str, Any], takes_ctx: bool, errors: list[str]) -> _Parameters:
    """The parameters of `signature`, the context left out; what no tool can have is added to `errors`."""
    taken = _Parameters()
    parameters = list(signature.parameters.values())
    if takes_ctx and parameters:
        first = parameters.pop(0)
        if first.annotation is not Parameter.empty and not is_run_context(hints.get(first.name)):
            errors.append("the first parameter of a tool with a context is annotated `RunContext[...]`")
    for parameter in parameters:
        name = parameter.name
        annotation = hints.get(name, Any)
        if is_run_context(annotation):
            errors.append(
                "a `RunContext` comes first, before the tool's own parameters"
                if takes_ctx
                else "a parameter is a `RunContext`, but the tool is declared to take no context"
            )
            continue
        if parameter.kind is Parameter.VAR_KEYWORD:
            taken.takes_extras, taken.extras = True, annotation
            continue
        if parameter.kind is Parameter.VAR_POSITIONAL:
            taken.var_positional = name
            taken.fields[name] = list[annotation]
            continue
        if parameter.kind is Parameter.POSITIONAL_ONLY or (
            parameter.kind is Parameter.POSITIONAL_OR_KEYWORD
            and any(other.kind is Parameter.VAR_POSITIONAL for other in parameters)
        ):
            # Before `*args` a value by keyword would be given twice.
            taken.positional.append(name)
        taken.annotations[name] = taken.fields[name] = annotation
        if parameter.default is not Parameter.empty:
            taken.defaults[name] = parameter.default
    return taken


class SingleArgument:
    """Validates the only argument of a function, whose type is what the model is shown; gives `{name: value}`.

    Some models write the argument's name around it all the same: `{"city": {"name": ...}}`. Where the object itself is not
    valid, what is in it is tried.
    """

    def __init__(self, validator: SchemaValidator, single_arg_name: str) -> None:
        self.single_arg_name = single_arg_name
        self._validator = validator

    def validate_python(self, input: Any, *, allow_partial: Any = "off", **options: Any) -> dict[str, Any]:
        """The arguments, from what a model sent. Raises `ValidationError`."""
        return self._validate(input, input, self._validator.validate_python, options)

    def validate_json(
        self, input: str | bytes | bytearray, *, allow_partial: Any = "off", **options: Any
    ) -> dict[str, Any]:
        """The arguments, from the JSON a model sent. Raises `ValidationError`.

        The JSON may be a part (`allow_partial`), but what is there of it has to be valid.
        """
        try:
            value = from_json(input, allow_partial=_PARTIAL.get(allow_partial, allow_partial))
        except ValueError:  # which the validator says better
            return {self.single_arg_name: self._validator.validate_json(input, **options)}
        text = input if allow_partial in ("off", False) else to_json(value)
        return self._validate(text, value, self._validator.validate_json, options)

    def _validate(
        self, input: Any, value: Any, validate: Callable[..., Any], options: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            return {self.single_arg_name: validate(input, **options)}
        except ValidationError:
            inner = self._inside(value)
            if inner is _NOTHING:
                raise
        return {self.single_arg_name: validate(inner if input is value else to_json(inner), **options)}

    def _inside(self, value: Any) -> Any:
        if isinstance(value, dict) and [*cast("dict[str, Any]", value)] == [self.single_arg_name]:
            return cast("dict[str, Any]", value)[self.single_arg_name]
        return _NOTHING


_NOTHING: Any = object()
_PARTIAL: dict[Any, Any] = {"off": False, "on": True}


def is_run_context(annotation: Any) -> bool:
    """Whether a parameter with this annotation is given the context."""
    return annotation is RunContext or get_origin(annotation) is RunContext


def takes_run_context(function: Callable[..., Any]) -> bool:
    """Whether the first parameter of `function` is annotated as `RunContext`."""
    try:
        parameters = iter(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    first = next(parameters, None)
    if first is None or first.annotation is Parameter.empty:
        return False
    return is_run_context(_type_hints(function).get(first.name))


def is_async_callable(function: Any) -> TypeIs[Callable[..., Awaitable[Any]]]:
    """Whether calling `function` gives an awaitable: also for partials, and objects whose `__call__` is async."""
    source = _unwrap_partial(function)
    class_ = cast(Any, type(source))  # an object's `__call__` is looked up there, so a class is not its instances
    return inspect.iscoroutinefunction(source) or (callable(source) and inspect.iscoroutinefunction(class_.__call__))


def _unwrap_partial(function: Any) -> Any:
    while isinstance(function, partial):
        function = cast("partial[Any]", function).func
    return function


def is_model_like(type_: Any) -> bool:
    """Whether the values of a type have fields, so that its JSON schema is an object's."""
    origin = get_origin(type_)
    if origin is not None and origin is not Annotated:
        type_ = origin
    if not isinstance(type_, type):
        return False
    class_ = cast("type[Any]", type_)
    return (
        issubclass(class_, BaseModel)
        or is_dataclass(class_)
        or is_typeddict(class_)
        or bool(getattr(class_, "__is_model_like__", False))
    )


def _type_hints(function: Callable[..., Any]) -> dict[str, Any]:
    source = _unwrap_partial(function)
    if isinstance(source, type):
        source = source.__init__
    elif not hasattr(source, "__annotations__") and not inspect.isbuiltin(source):
        source = source.__call__
    try:
        return get_type_hints(source, include_extras=True)
    except TypeError:  # a builtin, which has none
        return {}


def _single_model(fields: dict[str, Any], annotations: dict[str, Any]) -> str | None:
    if len(fields) != 1 or len(annotations) != 1:
        return None
    name, annotation = next(iter(annotations.items()))
    return name if is_model_like(annotation) else None


_EXTRAS = "**"  # no parameter has this name


def _arguments_schema(
    fields: dict[str, Any],
    defaults: dict[str, Any],
    descriptions: dict[str, str],
    takes_extras: bool,
    extras: Any,
) -> CoreSchema:
    annotated = {
        name: _described(annotation, defaults.get(name), descriptions.get(name)) for name, annotation in fields.items()
    }
    if takes_extras:
        annotated[_EXTRAS] = extras
    return _with_defaults(TypeAdapter(arguments_type(annotated)).core_schema, defaults, takes_extras)


def _field_schema(schema: CoreSchema, name: str) -> CoreSchema:
    """The schema of one argument by itself."""
    if schema["type"] == "definitions":
        return core_schema.definitions_schema(_field_schema(schema["schema"], name), schema["definitions"])
    fields: dict[str, Any] = cast(Any, schema)["fields"]
    inner = fields[name]["schema"]
    return cast(CoreSchema, inner["schema"] if inner["type"] == "default" else inner)


def _described(annotation: Any, default: Any, description: str | None) -> Any:
    if get_origin(annotation) in (Required, NotRequired):
        annotation = get_args(annotation)[0]
    if isinstance(default, FieldInfo):
        annotation = Annotated[annotation, default]
    known = [item for item in getattr(annotation, "__metadata__", ()) if isinstance(item, FieldInfo)]
    if description is not None and not any(info.description for info in known):
        annotation = Annotated[annotation, FieldInfo(description=description)]
    return annotation


def _with_defaults(schema: CoreSchema, defaults: dict[str, Any], takes_extras: bool) -> CoreSchema:
    """The schema of the arguments, from that of their `TypedDict`, which can have neither defaults nor extras."""
    if schema["type"] == "definitions":
        inner = _with_defaults(schema["schema"], defaults, takes_extras)
        return core_schema.definitions_schema(inner, schema["definitions"])
    assert schema["type"] == "typed-dict"
    fields = dict(schema["fields"])
    extras = _described_schema(fields.pop(_EXTRAS)) if takes_extras else None
    for name, item in fields.items():
        fields[name] = {**item, "required": name not in defaults}
        if name in defaults:
            fields[name]["schema"] = _with_default(item["schema"], defaults[name])
    return core_schema.typed_dict_schema(
        fields, extra_behavior="allow" if takes_extras else "forbid", extras_schema=extras
    )


def _described_schema(field: Any) -> CoreSchema:
    """The schema of a field with what is said of the field."""
    schema = cast("dict[str, Any]", field["schema"])
    said = field.get("metadata")
    return cast(CoreSchema, {**schema, "metadata": {**(schema.get("metadata") or {}), **said}} if said else schema)


def _with_default(schema: CoreSchema, default: Any) -> CoreSchema:
    if not isinstance(default, FieldInfo):
        return core_schema.with_default_schema(schema, default=default)
    if default.is_required():
        return schema
    if default.default_factory is not None:
        factory = cast(Callable[[], Any], default.default_factory)
        return core_schema.with_default_schema(schema, default_factory=factory)
    return _with_default(schema, default.default)


def _return_schema(name: str, hints: dict[str, Any], schema_generator: type[GenerateJsonSchema]) -> dict[str, Any]:
    """The JSON schema of what the function returns; empty where nothing can be said of it."""
    returned = hints.get("return", ToolReturn)
    if get_origin(returned) is ToolReturn:
        returned = get_args(returned)[0]
    if returned is ToolReturn:
        return {}
    if schema_generator is GenerateToolJsonSchema and isinstance(returned, type) and returned in _PLAIN:
        return {"type": _PLAIN[returned]}
    try:
        return TypeAdapter(returned).json_schema(schema_generator=schema_generator, mode="serialization")
    except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema, PydanticUserError):
        warnings.warn(
            f"pydantic has no JSON schema for what {name!r} returns ({returned!r}): the model is told nothing about it.",
            UserWarning,
            stacklevel=4,
        )
        return {}


# What most functions return, without asking pydantic.
_PLAIN: dict[type, str] = {bool: "boolean", float: "number", int: "integer", str: "string", type(None): "null"}
