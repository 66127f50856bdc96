"""``[genomes]`` of a study: annotation read by the annotation readers, cultures, and models through cobra."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from commensal import io, knowledge
from commensal.errors import StudyFileError, TableError, listing, nearest
from commensal.study import Genome, Genomes, Study

#: Columns that a table of cultures must have, and the words in its column ``material``.
CULTURE = ("genome", "molecule", "material", "value")
MATERIALS = ("supernatant", "medium")


def read_genomes(declared: Study, root: Path) -> tuple[dict[str, Genome], pd.DataFrame | None]:
    """Read the genomes of a study, and its table of cultures; nothing where it has no ``[genomes]``.

    Raises
    ------
    CommensalError
        A file is missing, empty, of a tool that is not known, has hits below its tool's threshold only, or no KO and no
        EC number; a label, a model or a culture is of an unknown genome; cobra is needed and not there.
    """
    asked = declared.genomes
    if asked is None:
        return {}, None
    _medium(asked.medium, declared.path.name)
    if asked.reference is not None:
        found = _of_reference(asked.reference, root)
    elif asked.files is not None:
        found = _of_files(asked.files, root)
    else:
        found = _of_table(str(asked.file), root)
    _known(asked.labels, found, "[genomes] labels")
    found = {name: replace(one, label=asked.labels.get(name, one.label)) for name, one in found.items()}
    if asked.models is not None:
        found = _with_models(found, asked, asked.models, root)
    return found, None if asked.culture is None else read_culture(asked.culture, root, found)


def _medium(names: Iterable[str], file: str) -> None:
    """Refuse a name that is neither a medium nor a molecule that a reaction uses: it would change nothing."""
    media, known = knowledge.media(), knowledge.known_compounds()
    for name in names:
        if name not in media and name not in known:
            close = nearest(name, [*media, *known])
            raise StudyFileError(
                f"neither a medium nor a molecule that a shipped reaction uses: {name!r}",
                where=f"{file}, [genomes] medium",
                found=repr(name),
                expected=f"{', '.join(media)}, and molecules",
                mend=f"did you mean {close[0]!r}?" if close else "leave it out",
            )


def _preferred(name: str) -> str:
    """Name a molecule as the shipped reactions do, if it is one of theirs or the table of compounds knows it."""
    lowered = {known.lower(): known for known in knowledge.known_compounds()}
    if name.lower() in lowered:
        return lowered[name.lower()]
    found = knowledge.resolve(name)
    return str(found.compound) if found.status == "exact" else name


def genome_files(asked: Genomes | None, root: Path) -> list[str]:
    """Name the files that ``[genomes]`` reads, relative to the study."""
    if asked is None:
        return []
    named = [name for name in (asked.file, asked.culture) if name]
    for pattern in (asked.files, asked.models):
        if pattern:
            named += [path.relative_to(root).as_posix() for path, _ in _matching(pattern, root)]
    return named


def _matching(pattern: str, root: Path) -> list[tuple[Path, str]]:
    """Find the files of a pattern with ``{genome}``, and what stands there."""
    shape = re.compile(re.escape(pattern).replace(r"\{genome\}", "([^/]+)", 1).replace(r"\{genome\}", r"\1"))
    hits = [
        (path, shape.fullmatch(path.relative_to(root).as_posix()))
        for path in root.glob(pattern.replace("{genome}", "*"))
    ]
    found = sorted((path, hit[1]) for path, hit in hits if hit and path.is_file())
    for path, _ in found:
        io.require_inside(root, path, "[genomes]")
    return found


def _of_files(pattern: str, root: Path) -> dict[str, Genome]:
    from commensal.reads.annotation_files import read_annotations

    files = _matching(pattern, root)
    if not files:
        raise TableError(
            "no file of annotations is there", where="[genomes] files", found=f"nothing like {pattern}",
            expected="one file per genome, with the genome's name where {genome} stands",
            mend="check the path, or pass --data with the folder that holds it",
        )  # fmt: skip
    found = {}
    for path, name in files:
        read = read_annotations(path)
        if not read.hits:
            raise _bare(path.name, name, read.below)
        note = f"{read.below} hits below the tool's threshold are not assignments" if read.below else ""
        found[name] = _genome(name, ((hit.gene, hit.id) for hit in read.hits), read.kind, note)
    return found


def _bare(where: str, genome: str, below: int) -> TableError:
    return TableError(
        f"the annotation of genome {genome!r} has no KO and no EC number that counts",
        where=where,
        found=f"{below} hits, all below the tool's threshold" if below else "no KO number like K00278, no EC number",
        expected="hits above the threshold (KofamScan marks them with *)" if below else "genes with KO or EC numbers",
        mend="annotate it with KofamScan or eggNOG-mapper, or leave its file out: it is then unknown, not unable",
    )


def _of_reference(folder: str, root: Path) -> dict[str, Genome]:
    from commensal.reads import open_reference

    io.require_inside(root, root / folder, "[genomes] reference")
    reference = open_reference(root / folder)
    rows = reference.functions()
    rows = rows[rows["namespace"].isin(["KO", "EC"])]
    genomes = reference.genomes()
    by_genome = dict(tuple(rows.groupby("genome", sort=False)))
    found = {}
    for name, label in zip(genomes["genome"], genomes["name"], strict=True):
        own = by_genome.get(name)
        pairs = [] if own is None else list(zip(own["gene"], own["id"], strict=True))
        one = _genome(str(name), pairs, "reference", "" if pairs else "without annotation: unknown, not unable")
        found[one.name] = one if pd.isna(label) else replace(one, label=str(label))
    if not any(one.kos or one.ecs for one in found.values()):
        raise TableError(
            "no genome of the reference has a KO or EC number", where="[genomes] reference", found=folder,
            mend="commensal reference build GENOMES --annotations FILES --out REF",
        )  # fmt: skip
    return found


def _of_table(file: str, root: Path) -> dict[str, Genome]:
    from commensal.reads.annotation_files import terms

    frame = io.read_table(io.locate(root, file, "[genomes] file"))
    names = {str(column).strip().lower(): column for column in frame.columns}
    numbers = [names[name] for name in ("ko", "ec", "kegg_ko", "ec_number") if name in names]
    if "genome" not in names or not numbers:
        close = nearest("genome", names)
        raise TableError(
            "the table of genomes has not the columns that it needs",
            where=file,
            found=listing(frame.columns),
            expected="genome, gene, and ko or ec (or both)",
            mend=f"perhaps {close[0]!r} is the genome" if close and "genome" not in names else
            "one file per tool and genome is given as files = \"…/{genome}…\"",
        )  # fmt: skip
    gene = names.get("gene", names.get("locus_tag"))
    pairs: dict[str, list[tuple[str, str]]] = {}
    for at, row in enumerate(frame.to_dict("records")):
        genome = str(row[names["genome"]]).strip()
        if not genome:
            line = frame.attrs["lines"][at]
            raise TableError("a row without a genome", where=f"{file}, line {line}", expected="the genome's name")
        own = pairs.setdefault(genome, [])
        own += [(str(row[gene]) if gene else "", number) for column in numbers for _, number in terms(str(row[column]))]
    if not any(pairs.values()):
        raise _bare(file, next(iter(pairs), "(none)"), 0)
    bare = "without annotation: unknown, not unable"
    return {name: _genome(name, own, "table", "" if own else bare) for name, own in pairs.items()}


def _genome(name: str, pairs: Iterable[tuple[str, str]], source: str, note: str) -> Genome:
    """Put a genome's entries together; an EC number counts only where its gene has no KO number, which says more."""
    entries = list(pairs)
    assigned = {gene for gene, number in entries if number.startswith("K")}
    genes: dict[str, dict[str, None]] = {}
    for gene, number in entries:
        if number.startswith("K") or gene not in assigned:
            genes.setdefault(number, {}).update({gene: None} if gene else {})
    kos = frozenset(number for number in genes if number.startswith("K"))
    ecs = frozenset(genes) - kos
    if ecs and not kos:
        note = "; ".join([part for part in (note, "EC numbers only: weaker than KO numbers") if part])
    return Genome(name, name, kos, ecs, {number: tuple(own) for number, own in genes.items()}, source=source, note=note)


def _known(names: Iterable[str], found: Mapping[str, Genome], where: str) -> None:
    for name in names:
        if name not in found:
            close = nearest(name, found)
            raise TableError(
                f"there is no genome {name!r}", where=where, found=repr(name), expected=f"one of {listing(found)}",
                mend=f"did you mean {close[0]!r}?" if close else "correct the name",
            )  # fmt: skip


def _with_models(found: dict[str, Genome], asked: Genomes, pattern: str, root: Path) -> dict[str, Genome]:
    """Ask each genome's model what it can export."""
    from commensal.reads.genome_models import exchanges

    files = _matching(pattern, root)
    if not files:
        raise TableError(
            "no model is there", where="[genomes] models", found=f"nothing like {pattern}", mend="check the path"
        )
    _known((name for _, name in files), found, "[genomes] models")
    for path, name in files:
        flows = exchanges(path, share=asked.growth)
        found[name] = replace(
            found[name],
            model=path.relative_to(root).as_posix(),
            exchanges={compound: (one.most_out, one.most_in, one.growth) for compound, one in flows.items()},
        )
    return found


def read_culture(file: str, root: Path, found: Mapping[str, Genome]) -> pd.DataFrame:
    """Read a table of cultures: genome, molecule, material, value; and medium, culture and unit where they are there.

    A row is a measurement of a supernatant, or of the medium alone (its genome may be empty: it is for all).

    Raises
    ------
    TableError
        A column is missing, a material is neither supernatant nor medium, a value is no number, a genome is unknown.
    """
    frame = io.read_table(io.locate(root, file, "[genomes] culture"))
    frame = frame.rename(columns={column: str(column).strip().lower() for column in frame.columns})
    missing = [column for column in CULTURE if column not in frame.columns]
    if missing:
        raise TableError(
            "the table of cultures has not the columns that it needs", where=file, found=listing(frame.columns),
            expected=f"{', '.join(CULTURE)}; and medium, culture, unit if you have them",
            mend=f"add {', '.join(missing)}",
        )  # fmt: skip
    lines = frame.attrs.get("lines", range(2, len(frame) + 2))
    kept = pd.DataFrame({name: frame[name].astype(str).str.strip() for name in ("genome", "molecule", "material")})
    kept["molecule"] = kept["molecule"].map({name: _preferred(name) for name in kept["molecule"].unique()})
    for name in ("medium", "culture", "unit"):
        kept[name] = frame[name].astype(str).str.strip() if name in frame.columns else ""
    kept["value"] = pd.to_numeric(frame["value"], errors="coerce").astype(float)
    for at, row in enumerate(kept.to_dict("records")):
        where = f"{file}, line {lines[at]}"
        if row["material"] not in MATERIALS:
            raise TableError(
                "the material is unknown", where=where, found=repr(row["material"]), expected="supernatant or medium"
            )
        if row["genome"] or row["material"] == "supernatant":
            _known([row["genome"]], found, where)
        if pd.isna(row["value"]) and str(frame["value"].iloc[at]).strip() not in ("", "NA", "nan"):
            raise TableError(
                "a value is no number", where=where, found=repr(frame["value"].iloc[at]), expected="a number, or NA"
            )
    return kept
