"""OpenAI's strict mode for JSON schemas: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas."""

from __future__ import annotations

from typing import Any, cast

from playhead.wire._schema import walk_schema

__all__ = ["strict_schema"]

_UNSUPPORTED = (
    "minLength",
    "maxLength",
    "patternProperties",
    "unevaluatedProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "unevaluatedItems",
    "contains",
    "minContains",
    "maxContains",
    "uniqueItems",
)
_FORMATS = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"))


def strict_schema(schema: dict[str, Any], strict: bool | None) -> tuple[dict[str, Any], bool]:
    """The schema as OpenAI takes it, and whether it is sent as strict.

    `strict=True` makes the schema fit, at the price of what strict mode does not know (which moves into descriptions);
    `None` changes nothing that matters and says whether it fits; `False` leaves it loose.
    """
    change = _Change(strict, cast("str | None", schema.get("$ref")))
    walked = walk_schema(schema, change)
    if change.root is not None:
        # A recursive model: the root is itself a reference, which strict mode does not allow.
        walked.pop("$ref", None)
        definitions = walked.pop("$defs", {})
        walked.update(definitions.get(change.root.removeprefix("#/$defs/")) or {})
        walked["$defs"] = definitions
    return walked, change.fits if strict is None else strict


class _Change:
    """What is done to each part of a schema; `fits` turns false at the first that strict mode could not take."""

    def __init__(self, strict: bool | None, root: str | None) -> None:
        self.strict = strict
        self.root = root
        self.fits = True

    def __call__(self, part: dict[str, Any]) -> dict[str, Any]:
        for key in ("title", "$schema", "discriminator"):
            # A property may have such a name; its schema is an object then.
            if not isinstance(part.get(key), dict) or key == "discriminator":
                part.pop(key, None)
        if "default" in part:
            if self.strict is True:
                del part["default"]
            else:
                self.fits = False
        if reference := part.get("$ref"):
            if reference == self.root:
                part["$ref"] = "#"
            if len(part) > 1:
                # Strict mode knows no neighbours of a reference, but those of a union.
                part["anyOf"] = [{"$ref": part.pop("$ref")}]
        self._unsupported(part)
        if "oneOf" in part:
            if self.strict is True:
                part["anyOf"] = part.pop("oneOf")
            else:
                self.fits = False
        if part.get("type") == "object":
            self._object(part)
        return part

    def _unsupported(self, part: dict[str, Any]) -> None:
        found = {key: part[key] for key in _UNSUPPORTED if key in part}
        if part.get("format") and part["format"] not in _FORMATS:
            found["format"] = part["format"]
        if not found:
            return
        if self.strict is not True:
            self.fits = False
            return
        for key in found:
            del part[key]
        notes = ", ".join(f"{key}={value}" for key, value in found.items())
        description = part.get("description")
        part["description"] = f"{description} ({notes})" if description else notes

    def _object(self, part: dict[str, Any]) -> None:
        properties = part.setdefault("properties", {})
        if self.strict is True:
            part["additionalProperties"] = False
            if "required" not in part or set(part["required"]) != set(properties):
                part["required"] = list(properties)
        elif self.strict is None:
            if part.get("additionalProperties") not in (None, False):
                self.fits = False
            else:
                part["additionalProperties"] = False
            if set(part.get("required", ())) < set(properties) or "required" not in part:
                self.fits = False
