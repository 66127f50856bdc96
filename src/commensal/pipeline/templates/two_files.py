"""The study file of a table of samples and tables of measurements: what was found and guessed, line by line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from commensal import io
from commensal.errors import UsageError, listing, nearest
from commensal.io import humann
from commensal.io.phyloseq import has_tree
from commensal.pipeline.templates import guesses, toml
from commensal.pipeline.templates.guesses import Column, Measured
from commensal.pipeline.templates.ids import Ids, find_ids

#: Names that mean something to commensal; a column that has one by accident is renamed.
_OURS = ("sample", "subject", "role")
#: Why a comparison is taken that nobody named.
_GUESS = "the only two-level column with a level named like a control"
_ENDING = re.compile(
    r"(\.(gz|tsv|csv|txt|tab|qza|biom|shared|parquet|xlsx|mztab|mwtab|json|rds|h5ad))+$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Who is compared with whom."""

    column: Column
    case: tuple[str, ...]
    control: tuple[str, ...]
    found: bool  #: True where nobody said so: the only candidate, with a level that is named like a control


def describe(
    *,
    samples: Path,
    tables: Sequence[Path],
    names: tuple[str, ...],
    title: str,
    column: str | None,
    case: tuple[str, ...],
    control: tuple[str, ...],
    block: str | None,
    again: str,
    tell: Callable[[str], None],
) -> str:
    """Return the text of a study file for two tables.

    Parameters
    ----------
    samples, tables
        The files.
    names
        Their names beside the study file: the samples', then each table's.
    title
        Name of the study.
    column, case, control, block
        As given to `commensal.init`.
    again
        The start of the command that an error tells to run next.
    tell
        Called with what was guessed of the comparison, and with names of samples that were read otherwise.

    Raises
    ------
    UsageError, TableError
        As `commensal.init`.
    """
    frame, (table, *others) = io.read_table(samples), tables
    columns = guesses.columns_of(frame, frame.attrs.get("q2_types"))
    for option, name in (("--column", column), ("--block", block)):
        if name is not None and name not in columns:
            raise UsageError(
                f"{samples.name} has no column {name!r}",
                where=option,
                expected=listing(nearest(name, columns, 3) or list(columns)),
            )
    ids = find_ids(columns, samples, table)
    sample = ids.column.name
    found = [(table, ids), *((other, _same_ids(columns, samples, other, ids, table)) for other in others)]
    subject, refused = guesses.subject_column(columns, sample)
    taken = [sample, subject]
    if column is not None and column in (sample, subject):
        raise UsageError(
            f"column {column} names {'samples' if column == sample else 'subjects'}, it does not group them",
            where="--column",
            expected="a column that says who has the disease" + _instead(columns, [*taken, block]),
        )
    comparison = _comparison(columns, column, case, control, [*taken, block], again)
    if comparison.found:
        told = f"{comparison.column.name}, {_side(comparison.case)} against {_side(comparison.control)}"
        tell(f"compared: {told}: {_GUESS}; --column chooses another, in another folder")
    for path, one in found:
        for words in _renamed(one):
            tell(f"{path.name}: {words}")
    unit = block if block is not None else guesses.block_column(columns, [*taken, comparison.column.name])
    if unit == comparison.column.name:
        raise UsageError("the block is the column that is compared", where="--block", found=unit)
    renamed = {f"{name}_in_file": name for name in _OURS if name in columns and name not in (sample, subject)}
    ours = {name: new for new, name in renamed.items()}
    sections = [
        _head(title, names, [one for _, one in found], comparison),
        _tables(names[0], sample, subject, renamed, refused),
        _variables(columns, [sample, subject], comparison, unit if unit != subject else None, ours),
        *_assays(names[1:], found),
        _question(comparison, unit, subject, columns, ours, given=block is not None),
    ]
    return "\n".join(sections)


def _same_ids(columns: Mapping[str, Column], samples: Path, table: Path, first: Ids, of: Path) -> Ids:
    """Find the ids of a further table, which must be in the column that the first table's are in."""
    ids = find_ids(columns, samples, table)
    if ids.column.values != first.column.values:
        raise UsageError(
            f"two tables name their samples by different columns of {samples.name}",
            where="--table",
            found=f"{of.name}: {first.column.name}; {table.name}: {ids.column.name}",
            expected="one column of ids, one row per specimen",
            mend=f"give {samples.name} a row for each specimen, with its id in one column, the person in another, and "
            "stool, serum … in a column specimen",
        )
    return ids


def _assays(names: Sequence[str], found: Sequence[tuple[Path, Ids]]) -> list[str]:
    """Describe each table as an assay; names that come out alike are numbered."""
    told: list[str] = []
    used: list[str] = []
    for file, (path, ids) in zip(names, found, strict=True):
        form = io.sniff(path)
        compounds = {"hmdb", "inchikey", "pubchem", "identity_level"}.intersection(ids.table.features.columns)
        kind = "molecules" if compounds and form == "workbook" else form
        guess = guesses.measured(ids.table.values, ids.table.features.index.astype(str), path.name, kind)
        known = guesses.profile_name(form, ids.table.features.index.astype(str))
        stem = known or (humann.holds(path) if form == "humann" else _name(_ENDING.sub("", file)) or "table")
        name = stem if stem.lower() not in used else f"{stem}_{len(used) + 1}"
        used.append(name.lower())
        told.append(_assay(name, file, guess, ids, form, tree=form == "phyloseq" and has_tree(path)))
    return told


def _comparison(
    columns: Mapping[str, Column],
    column: str | None,
    case: tuple[str, ...],
    control: tuple[str, ...],
    taken: Sequence[str | None],
    again: str,
) -> _Comparison:
    """Settle who is compared with whom, or raise with the candidates and the command to run next."""
    likely = guesses.candidates(columns, taken)
    if column is None:
        if case or control:
            raise UsageError("--case and --control are levels of a column", where="init", expected="--column as well")
        two = [one for one in likely if len(one.levels) == 2]
        if len(two) == 1 and len(guesses.control_levels(two[0])) == 1:
            controls = tuple(guesses.control_levels(two[0]))
            return _Comparison(two[0], tuple(level for level in two[0].levels if level not in controls), controls, True)
        raise UsageError(
            "say who is compared with whom",
            where="init",
            found="columns that could say it:\n    " + "\n    ".join(_lines(likely))
            if likely
            else "no column with 2–12 levels",
            expected="--column, --case and --control",
            mend=f"for example\n    {again}{_example(likely[0])}" if likely else "add a column with the groups",
        )
    chosen = columns[column]
    levels = list(chosen.levels)
    for option, given in (("--case", case), ("--control", control)):
        for level in given:
            if level not in levels:
                raise UsageError(
                    f"column {column} has no level {level!r}",
                    where=option,
                    found=chosen.summary(12),
                    expected=listing(nearest(level, levels, 2) or levels),
                )
    if both := sorted(set(case) & set(control)):
        raise UsageError("a level stands on both sides", where="--case, --control", found=listing(both))
    if len(levels) == 2 and bool(case) != bool(control):
        other = tuple(level for level in levels if level not in (case or control))
        case, control = case or other, control or other
    _require_groups(columns, chosen, taken, both=bool(case and control))
    if not case or not control:
        missing = " and ".join(name for name, given in (("--case", case), ("--control", control)) if not given)
        raise UsageError(
            f"{missing} is needed: the reference is always said, never guessed",
            where=f"--column {column}",
            found=chosen.summary(12),
            mend=f"for example\n    {again}{_example(chosen)}"
            if len(levels) > 1
            else "choose a column with two levels",
        )
    return _Comparison(chosen, tuple(case), tuple(control), False)


def _require_groups(columns: Mapping[str, Column], chosen: Column, taken: Sequence[str | None], *, both: bool) -> None:
    """Refuse a column of numbers or of ids: no list of its values is a comparison. Named levels are taken as codes."""
    if chosen.kind == "number" and not both:
        what = "holds numbers, not groups"
    elif chosen.unique:
        what = "has a value of its own in every row: it makes no groups"
    elif both:
        return
    elif len(chosen.levels) > guesses.MOST_LEVELS:
        what = f"has {len(chosen.levels)} levels"
    else:
        return
    raise UsageError(
        f"column {chosen.name} {what}",
        where="--column",
        found=chosen.summary(3),
        expected="a column that says who has the disease" + _instead(columns, taken),
        mend="choose such a column, or add one to the table of samples"
        + ("" if chosen.unique else "; if these are codes of groups, give --case and --control"),
    )


def _instead(columns: Mapping[str, Column], taken: Sequence[str | None]) -> str:
    likely = guesses.candidates(columns, taken)
    return f", for example {listing((column.name for column in likely), 3)}" if likely else ""


def _lines(likely: Sequence[Column], most: int = 10) -> list[str]:
    shown = [f"{column.name}: {column.summary()}" for column in likely[:most]]
    return shown + ([f"and {len(likely) - most} more"] if len(likely) > most else [])


def _example(column: Column) -> str:
    levels = list(column.levels)
    control = (guesses.control_levels(column) or levels)[:1]
    words = ["--column", column.name]
    words += [word for level in levels if level not in control for word in ("--case", level)]
    return " " + shlex.join([*words, "--control", control[0]])


def _head(title: str, names: Sequence[str], found: Sequence[Ids], comparison: _Comparison) -> str:
    matches = [
        toml.comment(
            f"{ids.matched} of {len(ids.column.values)} rows and of {ids.table.values.shape[0]} samples in "
            f"{'the table' if len(found) == 1 else name} match; {ids.table.values.shape[1]} features."
        )
        for name, ids in zip(names[1:], found, strict=True)
    ]
    lines = [
        toml.comment(f"Written by `commensal init` from {_listed(dict.fromkeys(names))}; change what is not right."),
        toml.comment("  commensal check study.toml              is it sound, can this design answer the question?"),
        toml.comment("  commensal run study.toml --out results  the answer, on results/report.html"),
        "",
        "[study]",
        f"name = {toml.string(title)}",
        f"title = {toml.string(f'{title}: {_side(comparison.case)} against {_side(comparison.control)}')}",
        "",
        "[design]" + " " * 10 + toml.comment('what a reviewer asks; "unknown" is an answer, silence is a finding'),
        toml.comment('randomised = "unknown"'),
        toml.comment('blinded = ["unknown"]'),
        toml.comment('exclusions = "unknown"'),
        toml.comment('primary = ["unknown"]     name assays or questions'),
        "",
        *matches,
    ]
    return "\n".join(lines)


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _side(levels: Sequence[str]) -> str:
    return " and ".join(levels)


def _tables(file: str, sample: str, subject: str | None, renamed: Mapping[str, str], refused: str | None) -> str:
    mapping = {"sample": sample} | ({"subject": subject} if subject else {}) | dict(renamed)
    lines = [
        "[tables.samples]",
        f"file = {toml.string(file)}",
        f"columns = {toml.table({name: toml.string(text) for name, text in mapping.items()})}",
    ]
    if refused:
        lines.append(toml.comment(refused))
    return "\n".join(lines) + "\n"


def _variables(
    columns: Mapping[str, Column],
    ids: Sequence[str | None],
    comparison: _Comparison,
    unit: str | None,
    ours: Mapping[str, str],
) -> str:
    """One line per column; the reference is the most frequent level until someone says otherwise."""
    lines = [
        "[variables]",
        toml.comment("reference: a level named like a control, else the most frequent; change it if wrong"),
    ]
    skipped = []
    for column in columns.values():
        name = ours.get(column.name, column.name)
        entries: dict[str, str] = {}
        if column.name == comparison.column.name:
            entries = {"type": toml.string("category"), "reference": toml.string(comparison.control[0])}
        elif column.name == unit:
            entries = {"type": toml.string("category")}
            if guesses.reused_label(column, comparison.column):
                outer = ours.get(comparison.column.name, comparison.column.name)
                entries["nested_in"] = f"[{toml.string(outer)}]"
                lines.append(
                    toml.comment("guessed: a cage number stands in several groups and means another cage in each")
                )
        elif column.name in ids or column.name in ("specimen", "role", "time"):
            continue
        elif column.kind in ("constant", "text") or not name.strip() or column.padded:
            skipped.append(column.name)
            continue
        else:
            entries["type"] = toml.string(column.kind)
            if column.kind == "category":
                entries["reference"] = toml.string([*guesses.control_levels(column), *column.levels][0])
        remark = "" if column.kind == "number" and not column.missing else f"  {toml.comment(_remark(column))}"
        lines.append(f"{toml.key(name)} = {toml.table(entries)}{remark}")
    if skipped:
        lines.append(
            toml.comment(
                f"not declared (one value only, free text, or blanks at the ends of cells): {listing(skipped, 12)}"
            )
        )
    return "\n".join(lines) + "\n"


def _remark(column: Column) -> str:
    return f"{column.missing} missing" if column.kind == "number" else column.summary()


def _assay(name: str, file: str, guess: Measured, ids: Ids, form: str, *, tree: bool) -> str:
    lines = [
        f"[assays.{toml.key(name)}]",
        f"kind = {toml.string(guess.kind)}  {toml.comment(f'guessed: {guess.why_kind}; change it if wrong')}",
        f"file = {toml.string(file)}",
        f"value = {toml.string(guess.value)}  {toml.comment(f'guessed: {guess.why_value}; change it if wrong')}",
    ]
    if guess.value == "intensity" and guess.zeros:
        lines.append(
            'zero = "below_detection"  ' + toml.comment('guessed: a 0 was not seen, and is no amount; else "value"')
        )
    lines += map(toml.comment, _renamed(ids))
    if tree:
        lines.append(f"tree = {toml.string(file)}  {toml.comment('the tree that the object holds')}")
    if ids.inside:
        lines.append(f"features = {toml.table({'columns': '[' + ', '.join(map(toml.string, ids.inside)) + ']'})}")
    if form == "mothur":
        lines.append(toml.comment('features = { file = "….cons.taxonomy" }   names for the OTUs, from mothur'))
    if guess.exclude:
        lines += [toml.comment(f"{guess.why_exclude}; change it if wrong"), "exclude = ["]
        lines += [*(f"    {toml.string(name)}," for name in guess.exclude), "]"]
    elif any(str(feature).endswith("(IS)") for feature in ids.table.features.index):
        lines.append('exclude = ["* (IS)"]  ' + toml.comment("internal standards"))
    return "\n".join(lines) + "\n"


def _renamed(ids: Ids) -> list[str]:
    """Say which names of samples were read without what a tool put around them."""
    told = [one for one in ids.table.dropped if "names of " in one.name]
    return [f"{one.name} {one.reason.partition(': ')[2]}" for one in told]


def _question(
    comparison: _Comparison,
    unit: str | None,
    subject: str | None,
    columns: Mapping[str, Column],
    ours: Mapping[str, str],
    *,
    given: bool,
) -> str:
    name = _name(f"{'_'.join(comparison.case)}_vs_{'_'.join(comparison.control)}")[:60].strip("_.-") or "comparison"
    column = ours.get(comparison.column.name, comparison.column.name)
    lines = [f"[contrasts.{toml.key(name)}]"]
    if comparison.found:
        lines.append(toml.comment(f"guessed: {_GUESS}; change it if wrong"))
    lines += [
        f"column = {toml.string(column)}",
        f"case = {toml.strings(comparison.case)}",
        f"control = {toml.strings(comparison.control)}",
        "",
        "[questions.main]",
        'kind = "cohort"',
        f"contrast = {toml.string(name)}",
    ]
    repeated = subject is not None and not columns[subject].unique
    if repeated:
        lines.append(toml.comment(f"the repeated samples of each subject ({subject}) are a block by themselves"))
    if unit is not None and unit != subject:
        entry = f"block = [{toml.string(ours.get(unit, unit))}]"
        if given:
            lines.append(entry)
        elif repeated:
            # One random intercept is fitted: a guess must not stop the run.
            why = "beside repeated samples; to use it, keep one sample per subject with where in the contrast"
            lines.append(toml.comment(f"{entry}   not {why}"))
        else:
            lines.append(f"{entry}  {toml.comment('guessed by its name; remove it if wrong')}")
    wanted = [c for c in columns.values() if c.says("age|sex|gender|bmi") and c.kind not in ("constant", "text")]
    if wanted:
        shown = ", ".join(toml.string(ours.get(c.name, c.name)) for c in wanted if c.name != comparison.column.name)
        gaps = listing(f"{c.name} is missing in {c.missing} rows" for c in wanted if c.missing)
        lines.append(
            toml.comment(f"covariates = [{shown}]" + (f"   ({gaps}: these samples would be left out)" if gaps else ""))
        )
    return "\n".join(lines) + "\n"


def _name(text: str) -> str:
    """Make a section name: letters, digits, _ - and dots, beginning with a letter or digit."""
    return re.sub(r"^[^\w]+", "", re.sub(r"[^\w.-]+", "_", text)).strip("_.-")
