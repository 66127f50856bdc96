"""A run that lets nothing of single people out: what it hides, where, and what it says instead."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from commensal import execution
from commensal.errors import CommensalError, OutputError, UsageError
from commensal.pipeline.hidden_names import SOMEBODY, Names, hidden, shown_study
from commensal.pipeline.private_points import left_out, private_points
from commensal.pipeline.unchanged import is_asked
from commensal.questions import Answer
from commensal.study import Dropped, LoadedStudy, Match, Study
from commensal.tables import Finding, estimates

#: What a private run was made from, beside its key.
INPUTS = "inputs.json"
#: Sizes of inputs are told in steps of so many bytes.
PAGE = 4096
#: Findings made while tables are read that are of features; whatever else is made then is of samples and files.
OF_FEATURES = frozenset({"identity", "identity_open", "same_compound", "no_functions"})
#: Findings whose sentences tell the value of whoever is first or last, without a name.
OF_ONE = frozenset({"missing_baseline", "shallow_samples"})
#: Findings of ids that met nothing: how many they are is told among what was left out, and few are not counted.
OF_IDS = frozenset(
    {
        "samples_without_data",
        "data_without_samples",
        "subjects_unused",
        "subjects_unlisted",
        "rows_without_subject",
    }
)
#: Parts of notes that tell of one person, by name or without, and what stands in their place.
OF_ONE_PERSON = (
    (re.compile(r"(?:^|; )without any one [^;]*"), ""),  # the estimate without the most influential
    (re.compile(r" \(the widest [^()]*\)"), ""),
    (re.compile(r"( in the median), \S+ at most"), r"\1"),
)
_READ_IT = (
    "`commensal check STUDY.toml` says it on your screen, or a run with --no-private into another folder does; keep"
    " what they print to yourself"
)


@dataclass(slots=True)
class Veil:
    """What a run lets out. This one is of ordinary runs: everything passes."""

    folder: Path
    private: bool = False

    @property
    def hidden(self) -> Path:
        """Where the run keeps what it keeps for the next one."""
        return self.folder / execution.KEPT

    @property
    def profiles(self) -> Path:
        """Where samples of reads are profiled to."""
        return self.folder / "profiles"

    @property
    def options(self) -> dict[str, object]:
        """What the crate says of it."""
        return {}

    def start(self, study: Path) -> dict[str, object]:
        """Return what the journal begins with."""
        return {"study": study.name}

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Let nothing of single people out in an error."""
        yield

    def told(self, tell: Callable[[int, int, str], None]) -> Callable[[int, int, str], None]:
        """Return who is told of samples while they are read."""
        return tell

    def put(self, study: Path, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Keep a copy of the study file, and return the inputs as they may be told of."""
        _copy(study, self.folder)
        return [dict(one) for one in inputs]

    def hide(self, loaded: LoadedStudy) -> LoadedStudy:
        """Return the study as the questions may see it."""
        return loaded

    def early(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return findings that were made while the study was read."""
        return list(findings)

    def findings(self, found: Sequence[Finding]) -> list[Finding]:
        """Return findings as they may be read."""
        return list(found)

    def journal(self, finding: Finding) -> dict[str, object]:
        """Return what the journal is told of a finding: no sentence and no number, as they may be of single people."""
        return {key: value for key, value in finding.to_dict().items() if key not in ("message", "mend", "counts")}

    def key(self, told: dict[str, object]) -> dict[str, object]:
        """Return what the journal is told of a kept result."""
        return told

    def words(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table with the texts that may be read."""
        return table

    def answer(self, answer: Answer, loaded: LoadedStudy) -> Answer:  # noqa: ARG002  whose samples are whose
        """Return estimates and points as they may be seen."""
        return answer

    def dropped(self, items: Sequence[Dropped]) -> tuple[Dropped, ...]:
        """Return what was left out, by names that may be read."""
        return tuple(items)

    def matches(self, matches: Mapping[str, Match]) -> Mapping[str, Match]:
        """Return ids that met nothing, by names that may be read."""
        return matches

    def study(self, declared: Study) -> Study:
        """Return the declaration as the page may show it."""
        return declared

    def command(self, words: str) -> str:
        """Return the command line as the page may show it."""
        return words

    def missing(self) -> tuple[str, ...]:
        """Name the kinds of points that nothing stands for."""
        return ()


@dataclass(slots=True)
class Private(Veil):
    """A run whose folder tells of nobody."""

    private: bool = True
    _key: bytes = field(default=b"", repr=False)
    _names: Names | None = field(default=None, repr=False)
    _missing: tuple[str, ...] = ()

    @property
    def hidden(self) -> Path:
        """Where it keeps what the next run may take up: beside its folder."""
        return execution.own_place(self.folder) / "kept"

    @property
    def profiles(self) -> Path:
        """Where samples of reads are profiled to: beside its folder, as profiles are of single people."""
        return execution.own_place(self.folder) / "profiles"

    @property
    def options(self) -> dict[str, object]:
        """What the crate says of it."""
        return {"private": True}

    def start(self, study: Path) -> dict[str, object]:  # noqa: ARG002  a file may be called after somebody
        """Return what the journal begins with: no name of a file."""
        return {"private": True}

    @property
    def names(self) -> Names:
        """Who is called what; empty before the study is read."""
        return self._names or Names(self._key, {}, {})

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Let errors say that something is wrong, and not of whom."""
        try:
            yield
        except (UsageError, OutputError):
            raise  # of the command line and the disk
        except CommensalError as error:
            what = "the study cannot be run; what is wrong may tell of single people, so it is not written here"
            raise type(error)(what, where="a private run", mend=_READ_IT) from None

    def told(self, tell: Callable[[int, int, str], None]) -> Callable[[int, int, str], None]:
        """Return who is told of samples while they are read: not which."""
        return lambda done, total, _what: tell(done, total, "reading samples")

    def put(self, study: Path, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Keep the study file and the inputs beside the folder; tell of inputs by number and keyed hash."""
        place = execution.own_place(self.folder)
        _copy(study, place)
        execution.write_whole(place / INPUTS, (json.dumps(list(inputs), default=str, indent=1) + "\n").encode())
        return [
            {
                "file": f"input {number}",
                "bytes": -(-int(one["bytes"]) // PAGE) * PAGE,
                "sha256": f"keyed {execution.keyed(self._key, 'input ' + str(one['sha256']))}",
            }
            for number, one in enumerate(inputs, 1)
        ]

    def hide(self, loaded: LoadedStudy) -> LoadedStudy:
        """Return the study with tokens for ids."""
        made, self._names = hidden(loaded, self._key)
        return made

    def early(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return findings that were made while the study was read: what they say of samples and files is left out."""

        def clean(one: Finding) -> Finding:
            if one.code in OF_FEATURES:
                return one
            kind = one.code.replace("_", " ")
            message = f"{kind}: it is of single samples and their files. `commensal check` prints it."
            mend = "read it with `commensal check`"
            return replace(
                one, where=f"assay {one.assay}" if one.assay else "reads", message=message, mend=mend, counts={}
            )

        return [clean(one) for one in findings]

    def findings(self, found: Sequence[Finding]) -> list[Finding]:
        """Return findings whose sentences name nobody."""
        return [self._finding(one) for one in found]

    def _finding(self, one: Finding) -> Finding:
        """Return a finding whose sentence names nobody: one that does may tell of their values, too."""
        named = self.names.named(f"{one.where} {one.message} {one.mend}")
        if one.code in OF_ONE:
            message = f"{one.code.replace('_', ' ')}: it tells a single subject's value. `commensal check` prints it."
            return replace(one, message=message, counts={})
        if one.code in OF_IDS:
            message = f"{one.code.replace('_', ' ')}: which ids and how many is left out. `commensal check` prints it."
            return replace(one, message=message, counts={})
        if not named:
            where, message, mend = map(self.names.shown, (one.where, one.message, one.mend))
            return replace(one, where=where, message=message, mend=mend)
        named = sorted(named)  # not in the order of the tables
        listed = ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")
        kind = one.code.replace("_", " ")
        message = f"{kind}: it is about {listed}. What it says of them is left out; `commensal check` prints it."
        mend = "read it with `commensal check`" if self.names.named(one.mend) else one.mend
        return replace(one, where=self.names.shown(one.where), message=message, mend=mend, counts={})

    def journal(self, finding: Finding) -> dict[str, object]:
        """Return what the journal is told of a finding: that there is one."""
        return {"code": finding.code, "severity": finding.severity}

    def key(self, told: dict[str, object]) -> dict[str, object]:  # noqa: ARG002  a hash of values
        """Tell the journal of no hash of values."""
        return {}

    def words(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table without texts that tell of single people."""
        made = table.copy()
        for name in made.columns:
            if made[name].dtype == object or str(made[name].dtype).startswith("string"):
                made[name] = made[name].map(self._word, na_action="ignore").astype(table[name].dtype)
        return made

    def _word(self, text: Any) -> Any:
        if not isinstance(text, str):
            return text
        for pattern, instead in OF_ONE_PERSON:
            text = pattern.sub(instead, text)
        text = text.removeprefix("; ")
        if not (named := self.names.named(text)):
            return self.names.shown(text)
        return f"(told of {', '.join(sorted(named)[:3])}: left out)"

    def answer(self, answer: Answer, loaded: LoadedStudy) -> Answer:
        """Return estimates without notes on single people, and points that are of nobody."""
        self._missing = tuple(left_out(answer.points))
        shown = self.words(private_points(answer.points, loaded))
        return replace(answer, estimates=estimates(self.words(answer.estimates)), points=shown)

    def dropped(self, items: Sequence[Dropped]) -> tuple[Dropped, ...]:
        """Return what was left out; somebody is counted and not named, as why they were tells of them."""
        return tuple(
            replace(
                one,
                name="" if one.what in SOMEBODY else self.names.shown(one.name),
                where=self.names.shown(one.where),
                reason="its reason names others" if self.names.named(one.reason) else one.reason,
            )
            for one in items
        )

    def matches(self, matches: Mapping[str, Match]) -> Mapping[str, Match]:
        """Return how many ids met nothing; none is named."""

        def people(ids: Sequence[str]) -> tuple[str, ...]:
            return ("",) * len(ids)

        return {
            name: Match(one.assay, *map(people, (one.matched, one.samples_without_data, one.data_without_samples)))
            for name, one in matches.items()
        }

    def study(self, declared: Study) -> Study:
        """Return the declaration with pseudonyms for tokens, and no name of its file."""
        return replace(shown_study(declared, self.names), path=Path("study.toml"))

    def command(self, words: str) -> str:  # noqa: ARG002  the words hold paths
        """Return the command line without its paths."""
        return "commensal run STUDY.toml --out DIR --private"

    def missing(self) -> tuple[str, ...]:
        """Name the kinds of points that nothing stands for."""
        return self._missing


def veil_of(study: Path | str, folder: Path, private: bool | None, *, look: bool = False) -> Veil:
    """Return what a run of this study into this folder lets out; one that only looks (``look``) draws no key.

    Raises
    ------
    OutputError
        The folder holds results of the other way, or its own place cannot be written.
    """
    wanted = is_asked(study, private)
    execution.require_apart(folder, private=wanted)
    if not wanted:
        return Veil(folder)
    return Private(folder, _key=b"" if look else execution.key_of(folder))


def kept_inputs(folder: Path) -> list[dict[str, Any]] | None:
    """Return the inputs that a private run noted in its own place; None where that is not at hand."""
    try:
        held = json.loads((execution.own_place(folder) / INPUTS).read_bytes())
        return [dict(one) for one in held]
    except (OSError, ValueError, TypeError):
        return None


def _copy(study: Path, folder: Path) -> None:
    with execution.whole(folder / execution.STUDY_COPY) as path:
        path.write_bytes(study.read_bytes())


__all__ = ["Private", "Veil", "kept_inputs", "veil_of"]
