"""Data that fits a JSON schema, the same for the same seed: the least that will do, all of it required fields."""

from __future__ import annotations

import string
from datetime import date, timedelta
from typing import Any

__all__ = ["CHARACTERS", "JsonSchemaTestData"]

CHARACTERS = string.ascii_letters + string.digits + string.punctuation
_FIRST_DAY = date(2024, 1, 1)


class JsonSchemaTestData:
    """Makes data for `schema`. Each unique item moves the seed on, so that the next one differs."""

    def __init__(self, schema: dict[str, Any], seed: int = 0) -> None:
        self.schema = schema
        self.defs: dict[str, Any] = schema.get("$defs", {})
        self.seed = seed

    def generate(self) -> Any:
        """Data for the whole schema. `RecursionError` where it can only be endless."""
        return self._any(self.schema)

    def _any(self, schema: dict[str, Any]) -> Any:
        if "const" in schema and schema["const"] is not None:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][self.seed % len(schema["enum"])]
        if schema.get("examples"):
            return schema["examples"][self.seed % len(schema["examples"])]
        if "$ref" in schema:
            return self._any(self.defs[schema["$ref"].rsplit("/", 1)[-1]])
        if schema.get("anyOf"):
            return self._any(schema["anyOf"][self.seed % len(schema["anyOf"])])
        kind = schema.get("type")
        if kind is None:
            return self._character()
        maker = _MAKERS.get(kind) if isinstance(kind, str) else None
        if maker is None:
            raise NotImplementedError(f"Unknown type: {kind} is none of the types that JSON Schema has.")
        return maker(self, schema)

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        required = set(schema.get("required", ()))
        for name, item in schema.get("properties", {}).items():
            if name in required:
                data[name] = self._any(item)
        extra = schema.get("additionalProperties")
        if extra:
            name = "additionalProperty"
            while name in data:
                name += "_"
            data[name] = self._character() if extra is True else self._any(extra)
        return data

    def _string(self, schema: dict[str, Any]) -> str:
        shortest, longest = schema.get("minLength"), schema.get("maxLength")
        if longest == 0:
            return ""
        if schema.get("format") == "date":
            return (_FIRST_DAY + timedelta(days=self.seed)).isoformat()
        return self._character() * (1 if shortest is None else shortest)

    def _integer(self, schema: dict[str, Any]) -> int:
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is None and "exclusiveMinimum" in schema:
            low = schema["exclusiveMinimum"] + 1
        if high is None and "exclusiveMaximum" in schema:
            high = schema["exclusiveMaximum"] - 1
        if low is not None and high is not None:
            return low + self.seed % (high - low)
        if low is not None:
            return low + self.seed
        if high is not None:
            return high - self.seed
        return self.seed

    def _number(self, schema: dict[str, Any]) -> float:
        return float(self._integer(schema))

    def _boolean(self, schema: dict[str, Any]) -> bool:
        return bool(self.seed % 2)

    def _null(self, schema: dict[str, Any]) -> None:
        return None

    def _array(self, schema: dict[str, Any]) -> list[Any]:
        data: list[Any] = []
        unique = schema.get("uniqueItems")
        if prefix := schema.get("prefixItems"):
            for item in prefix:
                data.append(self._any(item))
                if unique:
                    self.seed += 1
        items = schema.get("items", {})
        least = schema.get("minItems", 0)
        if least > len(data):
            for _ in range(least - len(data)):
                data.append(self._any(items))
                if unique:
                    self.seed += 1
        elif items and ((most := schema.get("maxItems")) is None or len(data) < most):
            data.append(self._any(items))
            if unique:
                self.seed += 1
        return data

    def _character(self) -> str:
        """`a` for the first seed, then on through letters, digits and signs; more of them when these are used up."""
        rounds, place = divmod(self.seed, len(CHARACTERS))
        text = CHARACTERS[place]
        while rounds > 0:
            rounds, place = divmod(rounds - 1, len(CHARACTERS))
            text = CHARACTERS[place] + text
        return text


_MAKERS = {
    "string": JsonSchemaTestData._string,
    "integer": JsonSchemaTestData._integer,
    "number": JsonSchemaTestData._number,
    "boolean": JsonSchemaTestData._boolean,
    "object": JsonSchemaTestData._object,
    "null": JsonSchemaTestData._null,
    "array": JsonSchemaTestData._array,
}
