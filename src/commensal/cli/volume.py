"""``--quiet`` and ``--verbose``, the same on every verb that works rather than answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_type_hints

import typer

from commensal.cli import show
from commensal.errors import UsageError

_QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors; the exit status says the rest.")]
_VERBOSE = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print each step on stderr as it begins, also where no terminal is.")
]


def spoken(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the options ``--quiet`` and ``--verbose``.

    Raises
    ------
    UsageError
        From the verb that is made: both at once.
    """

    @wraps(verb)
    def call(*arguments: Any, quiet: bool = False, verbose: bool = False, **options: Any) -> None:
        if quiet and verbose:
            raise UsageError("--quiet and --verbose say opposite things", expected="one of them")
        with show.volume(-1 if quiet else int(verbose)):
            verb(*arguments, **options)

    hints = get_type_hints(verb, include_extras=True)  # in the verb's own module, where its names mean something
    own = [one.replace(annotation=hints[one.name]) for one in signature(verb).parameters.values()]
    told = {"quiet": _QUIET, "verbose": _VERBOSE}
    more = [Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=kind) for name, kind in told.items()]
    call.__signature__ = Signature([*own, *more])  # type: ignore[attr-defined]
    call.__annotations__ = {**hints, **told}
    # Else the annotations of what is wrapped are read in place of these.
    del call.__wrapped__
    return call
