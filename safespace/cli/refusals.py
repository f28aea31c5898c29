"""What every command refuses, and how: an option that would change nothing, an option twice, an address for a folder."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from typer.core import TyperCommand

from safespace.errors import InputError, SafeSpaceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import typer

Verb = TypeVar("Verb", bound=Callable[..., None])
_RULES = "__only_used__"


@dataclass(frozen=True)
class OnlyUsed:
    """When some options of a command are used: ``when`` is asked with everything that was given."""

    options: tuple[str, ...]
    when: Callable[[Mapping[str, Any]], bool]
    remedy: str


def only_used(
    *options: str, when: Callable[[Mapping[str, Any]], bool], remedy: str
) -> Callable[[Verb], Verb]:
    """Declare that a command uses some options only then; typed at any other time they are refused.

    Parameters
    ----------
    options
        Names of the command's parameters.
    when
        Asked with the values of every parameter by name.
    remedy
        What to do instead, as a sentence.
    """

    def declare(verb: Verb) -> Verb:
        rules = (OnlyUsed(options, when, remedy), *getattr(verb, _RULES, ()))
        setattr(verb, _RULES, rules)
        return verb

    return declare


class Command(TyperCommand):
    """A command that refuses what it cannot use, and whose errors name the option they come from."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words typed; an option that takes one value is taken once."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        _refuse_repeated(order)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command unless an option was given that it would leave unused."""
        typed = [part for part in self.params if _was_typed(part, ctx)]
        for rule in getattr(self.callback, _RULES, ()):
            _refuse_unused(rule, typed, ctx.params)
        try:
            return super().invoke(ctx)
        except SafeSpaceError as problem:
            raise _naming(problem, typed, ctx.params) from problem


@contextlib.contextmanager
def naming(option: str) -> Iterator[None]:
    """Name an option in the errors that are raised within."""
    try:
        yield
    except SafeSpaceError as problem:
        where = option if problem.where is None else f"{option}, {problem.where}"
        raise problem.located(where) from problem


def _was_typed(part: Any, ctx: typer.Context) -> bool:
    source = ctx.get_parameter_source(part.name)
    return part.param_type_name == "option" and source is not None and source.name == "COMMANDLINE"


def option_of(part: Any) -> str:
    """Return the name an option is typed by, the longest of those it has."""
    name: str = max(part.opts, key=len)
    return name


def _refuse_repeated(order: Sequence[Any]) -> None:
    for part in order:
        if part.param_type_name == "option" and not part.multiple and order.count(part) > 1:
            raise InputError(
                "This option takes one value.",
                code="option-given-twice",
                where=option_of(part),
                seen=f"given {order.count(part)} times",
                remedy="Give it once.",
            )


def _refuse_unused(rule: OnlyUsed, typed: Iterable[Any], given: Mapping[str, Any]) -> None:
    for part in typed:
        if part.name in rule.options and not rule.when(given):
            raise InputError(
                "This option would change nothing here.",
                code="option-not-used",
                where=option_of(part),
                seen=", ".join(_texts(given[part.name])) or None,
                remedy=rule.remedy,
            )


def _naming(problem: SafeSpaceError, typed: Iterable[Any], given: Mapping[str, Any]) -> SafeSpaceError:
    """Return the error with the options whose values it is about, by the values it saw and where."""
    told = problem.told("cli")
    named = [
        option_of(part)
        for part in typed
        if option_of(part) not in told and _is_about(problem, _texts(given[part.name]))
    ]
    if not named:
        return problem
    options = " and ".join(named)
    return problem.located(options if problem.where is None else f"{options}, {problem.where}")


def _is_about(problem: SafeSpaceError, texts: Iterable[str]) -> bool:
    parts = [str(part) for part in (problem.where, problem.seen) if part is not None]
    return any(
        re.search(rf"(?<!\w){re.escape(text)}(?!\w)", part) for text in texts for part in parts
    ) or any(_is_about(cause, texts) for cause in problem.causes)


def _texts(value: Any) -> list[str]:
    """Return how a value is told: each of several, days as days, and whole numbers without their point."""
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, datetime):
        return [f"{value:%Y-%m-%d}"]
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return [text] if text else []
