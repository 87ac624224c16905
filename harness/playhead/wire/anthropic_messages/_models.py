"""What the provider's models differ in, as far as it decides what a request may say."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Abilities", "abilities"]


@dataclass(slots=True, frozen=True)
class Abilities:
    """What a model takes. `sampling`: temperature and its kin; `budget_thinking`: reasoning by a budget of tokens."""

    json_schema: bool = False
    adaptive_thinking: bool = False
    effort: bool = False
    xhigh_effort: bool = False
    sampling: bool = True
    budget_thinking: bool = True


def abilities(model: str) -> Abilities:
    """By the beginning of the model's name."""
    return Abilities(
        json_schema=model.startswith(_JSON_SCHEMA),
        adaptive_thinking=model.startswith(_ADAPTIVE),
        effort=model.startswith((*_ADAPTIVE, "claude-opus-4-5")),
        xhigh_effort=model.startswith(_NEWEST),
        sampling=not model.startswith(_NEWEST),
        budget_thinking=not model.startswith(_NEWEST),
    )


_NEWEST = ("claude-opus-4-7",)
_ADAPTIVE = ("claude-sonnet-4-6", "claude-opus-4-6", *_NEWEST)
_JSON_SCHEMA = ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-1", "claude-opus-4-5", *_ADAPTIVE)
