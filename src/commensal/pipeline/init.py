"""``init``: a starting folder, from a template or from your own two files."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from commensal import execution
from commensal.errors import OutputError, TableError, UsageError, listing, nearest
from commensal.io.paths import require_file
from commensal.study import parse_study, read_study

TEMPLATES = ("cohort", "animal", "full")


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a study, and where their copies go."""

    samples: Path
    tables: tuple[Path, ...]
    directory: Path

    @property
    def names(self) -> tuple[str, ...]:
        """The name in the folder of the samples, then of each table; names that several have are made different."""
        names = [self.samples.name]
        for table in self.tables:
            name, number = table.name, 1
            while name in names and not _same(table, self.samples):
                number += 1
                name = f"table-{table.name}" if number == 2 else f"table{number}-{table.name}"
            names.append(name)  # one file may hold samples and table: mwTab, mzTab-M, Metabolon's workbooks
        return tuple(names)

    @property
    def copies(self) -> dict[str, Path]:
        """Name in the folder → file."""
        return dict(zip(self.names, (self.samples, *self.tables), strict=True))


def init(
    directory: Path | str,
    *,
    like: str | None = None,
    samples: Path | str | None = None,
    table: Path | str | Sequence[Path | str] | None = None,
    column: str | None = None,
    case: Sequence[str] = (),
    control: Sequence[str] = (),
    block: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Write a study folder: from a template, or from a table of samples and a table of measurements.

    From your files, the column of ids is found by exact overlap, the files are copied beside the study file, and
    what was guessed (kind, value, types, subject) is written down as a comment with its reason. Who is compared with
    whom is never guessed: it is given, or one column has two levels and one of them is named like a control.

    Parameters
    ----------
    directory
        Folder to make. A folder that has a ``study.toml`` is refused; no file is overwritten.
    like
        Template: ``cohort``, ``animal`` or ``full``.
    samples, table
        Your files: one row per specimen; microbes or molecules of these specimens, one table or several (each becomes
        an assay). Any format that io reads.
    column
        Column of ``samples`` that says who has the disease.
    case, control
        Its levels on each side. When the column has two levels, one side is enough.
    block
        Column of the unit that people share (household, family); found by its name when not given.
    tell
        Called with a sentence where the comparison was guessed, and where samples were read by other names than the
        table's; the study file says both as well.

    Returns
    -------
    Path
        The study file.

    Raises
    ------
    UsageError
        Options that do not go together, an unknown column or level, or no comparison: the candidates are listed with
        the command to run next.
    TableError
        A table that cannot be read, or no shared ids.
    OutputError
        A file that would be overwritten, or a folder that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = init(Path(folder) / "mine", like="cohort")
    ...     study.name
    'study.toml'
    """
    folder = Path(directory)
    if (like is None) == (samples is None and table is None):
        raise UsageError(
            "a template, or your own two files",
            where="init",
            found="both" if like is not None else "neither",
            expected=f"--like {'|'.join(TEMPLATES)}, or --samples META --table TABLE",
        )
    if (folder / "study.toml").exists():
        raise UsageError(
            "the folder has a study.toml already",
            where=str(folder),
            mend="choose another folder; commensal never overwrites a study",
        )
    if like is not None:
        options = {"--column": column, "--case": case, "--control": control, "--block": block}
        if given := [name for name, value in options.items() if value]:
            raise UsageError(
                f"{listing(given)} go with your own files, not with a template",
                where="--like",
                expected="--like alone, or --samples META --table TABLE with them",
            )
        return _from_template(folder, like)
    if samples is None or table is None:
        raise UsageError(
            "two files are needed",
            where="init",
            found="--samples alone" if table is None else "--table alone",
            expected="--samples META --table TABLE",
        )
    tables = tuple(map(Path, [table] if isinstance(table, Path | str) else table))
    _require_others(tables)
    return _from_files(_Files(Path(samples), tables, folder), column, case, control, block, tell)


def _from_template(folder: Path, like: str) -> Path:
    if like not in TEMPLATES:
        raise UsageError(
            f"there is no template {like!r}",
            where="--like",
            expected=" or ".join(nearest(like, TEMPLATES, 3) or TEMPLATES),
        )
    source = resources.files("commensal.pipeline.templates") / like
    texts = {entry.name: entry.read_bytes() for entry in sorted(source.iterdir(), key=lambda entry: entry.name)}
    return _write(folder, texts, {})


def _from_files(
    files: _Files,
    column: str | None,
    case: Sequence[str],
    control: Sequence[str],
    block: str | None,
    tell: Callable[[str], None] | None,
) -> Path:
    from commensal.pipeline.templates.two_files import describe

    for option, path in (("--samples", files.samples), *(("--table", table) for table in files.tables)):
        _require_file(path, option)
    told: list[str] = []
    text = describe(
        samples=files.samples,
        tables=files.tables,
        names=files.names,
        title=files.directory.resolve().name or "study",
        column=column,
        case=tuple(case),
        control=tuple(control),
        block=block,
        again=_command(files),
        tell=told.append,
    )
    # A study file that cannot be read back is never written.
    parse_study(text, files.directory / "study.toml")
    path = _write(files.directory, {"study.toml": text.encode("utf-8")}, files.copies)
    if tell is not None:
        for words in told:
            tell(words)
    return path


def _require_others(tables: Sequence[Path]) -> None:
    """Refuse no table, and a table that is given twice."""
    for i, table in enumerate(tables):
        if table in tables[:i]:
            raise UsageError("a table is given twice", where="--table", found=str(table), mend="give each table once")
    if not tables:
        raise UsageError("a table is needed", where="--table", expected="--samples META --table TABLE")


def _require_file(path: Path, option: str) -> None:
    """Refuse a path that is no file, with a way out that ``init`` has."""
    try:
        require_file(path, option)
    except TableError as error:
        mend = error.mend if path.is_dir() else f"correct the path after {option}"
        raise TableError(error.what, where=option, found=error.found, expected=error.expected, mend=mend) from None


def next_steps(study: Path) -> list[str]:
    """Return the lines that tell what to do with a study file that ``init`` wrote.

    Parameters
    ----------
    study
        The study file.

    Raises
    ------
    StudyFileError
        It cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lines = next_steps(init(Path(folder) / "study", like="full"))
    >>> [line.split()[1] for line in lines]
    ['check', 'run']
    """
    read_study(study)
    check = shlex.join(["commensal", "check", str(study)])
    return [check, shlex.join(["commensal", "run", str(study), "--out", str(study.parent / "results")])]


def _command(files: _Files) -> str:
    """Return the start of the command to run next."""
    words = ["commensal", "init", str(files.directory), "--samples", str(files.samples)]
    return shlex.join([*words, *(word for table in files.tables for word in ("--table", str(table)))])


def _write(folder: Path, texts: Mapping[str, bytes], copies: Mapping[str, Path]) -> Path:
    """Write texts and copy files into a folder; the study file comes last, so that a half-made folder has none."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            "the folder cannot be written: a file has its name",
            where=str(folder),
            expected="a folder, or a name that is free",
            mend="choose another folder, or move the file",
        )
    # A file that lies in the folder already is the copy: people start where their tables are.
    to_copy = {name: path for name, path in copies.items() if not _same(folder / name, path)}
    there = [name for name in (*texts, *to_copy) if (folder / name).exists()]
    if there:
        raise OutputError(
            "files of these names are in the folder, and nothing is overwritten",
            where=str(folder),
            found=listing(there),
            mend="choose another folder, or move them",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in to_copy.items():
            with execution.whole(folder / name) as temporary:
                shutil.copyfile(path, temporary)
        for name in sorted(texts, key=lambda name: name == "study.toml"):
            execution.write_whole(folder / name, texts[name])
    except OSError as error:
        raise OutputError(
            "the folder cannot be written", where=str(folder), found=error, mend="choose a folder that can be written"
        ) from error
    return folder / "study.toml"


def _same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)
