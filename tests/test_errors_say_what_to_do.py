"""Errors carry what was found, what was expected, how to mend it, and where."""

from __future__ import annotations

import pickle

from commensal.errors import CommensalError, DesignError, UsageError, listing, nearest


def test_the_message_has_all_parts_in_order():
    error = DesignError("nobody is left", where="[contrasts.x]", found="0", expected="1", mend="check it")
    assert str(error).splitlines() == [
        "[contrasts.x]: nobody is left",
        "  found: 0",
        "  expected: 1",
        "  mend: check it",
    ]


def test_errors_survive_a_process_boundary():
    error = pickle.loads(pickle.dumps(DesignError("a", where="b", found=3)))
    assert isinstance(error, DesignError)
    assert (error.what, error.where, error.found, error.mend) == ("a", "b", "3", None)


def test_exit_codes():
    assert CommensalError("x").exit_code == 1
    assert UsageError("x").exit_code == 2


def test_nearest_and_listing():
    assert nearest("houshold", ["household", "age"]) == ["household"]
    assert nearest("zzzzz", ["household"]) == []
    assert listing(["a", "b"]) == "a, b"
    assert listing(range(10), most=2) == "0, 1 and 8 more"
