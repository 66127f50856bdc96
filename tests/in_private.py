"""What a private run says of a study that some test makes findings of: of everybody's id nothing is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commensal.checks import linter
from commensal.checks.units import is_counter
from commensal.checks.withheld import withheld
from commensal.pipeline import hidden_names
from commensal.pipeline.private import Private
from commensal.study import LoadedStudy
from commensal.tables import Finding

#: What ids are called here occurs nowhere else; its places keep their order.
CANARY = "qz{place:05d}x{kind:02d}zq"
KEY = b"k" * 32


def called_otherwise(loaded: LoadedStudy) -> LoadedStudy:
    """Return the study with recognisable ids for people, households, cages and whatever else is an id."""
    names = hidden_names._names

    def canaries(study: LoadedStudy, columns: tuple[str, ...], key: bytes) -> hidden_names.Names:
        made = names(study, columns, key)
        tokens = {
            kind: {
                one: one if is_counter(one) else CANARY.format(place=int(token[3:11]), kind=int(token[12:15]))
                for one, token in own.items()
            }
            for kind, own in made.tokens.items()
        }
        return hidden_names.Names(key, tokens, {})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hidden_names, "_names", canaries)
        return hidden_names.hidden(loaded, KEY)[0]


def private_findings(loaded: LoadedStudy) -> list[Finding]:
    """Return what a private run finds in the study with recognisable ids."""
    veil = Private(Path("nowhere"), _key=KEY)
    return veil.findings(linter.check(veil.hide(called_otherwise(loaded))))


def require_nobody(loaded: LoadedStudy, found: list[Finding]) -> set[str]:
    """Hold that no finding of a private run names anybody; return the codes that it has."""
    told = private_findings(loaded)
    for one in told:
        said = json.dumps(one.to_dict()) + json.dumps(Private(Path("nowhere")).journal(one))
        assert "qz" not in said, said
        assert "id~" not in said, said
    lost = {one.code for one in found} - {one.code for one in told}
    assert not lost, f"a private run does not find {lost}"
    hidden, open_ = (withheld(one) for one in (Private(Path("nowhere"), _key=KEY).hide(loaded), loaded))
    assert {key: one.status for key, one in hidden.items()} == {key: one.status for key, one in open_.items()}
    return {one.code for one in told}
