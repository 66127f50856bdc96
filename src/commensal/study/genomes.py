"""Genomes of the strains in a study: where their annotation is, and what was read of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from commensal.errors import DesignError, StudyFileError, nearest


@dataclass(frozen=True, slots=True)
class Genomes:
    """Where the genomes' annotation is, and what models and cultures say: the section ``[genomes]``."""

    file: str | None = None  #: a table with columns genome, gene, ko and/or ec
    files: str | None = None  #: one file of annotations per genome, with ``{genome}`` in its path
    reference: str | None = None  #: a reference folder
    medium: tuple[str, ...] = ("gut",)  #: media that ship, and molecules
    culture: str | None = None  #: a table of supernatants and media
    models: str | None = None  #: one genome-scale model per genome (SBML), with ``{genome}`` in its path
    growth: float = 0.5  #: share of its best growth that a model keeps while it exports
    labels: Mapping[str, str] = field(default_factory=dict)  #: genome → its name for a reader


@dataclass(frozen=True, slots=True)
class Genome:
    """One genome as read.

    Parameters
    ----------
    name, label
        As the file calls it, and for a reader.
    kos, ecs
        KO numbers of hits that their tool held to be assignments; EC numbers of genes without a KO number.
    genes
        KO or EC number → names of the genes that carry it.
    model
        Path of its genome-scale model.
    exchanges
        Molecule → (largest export, largest import, best growth) of its model.
    source
        What the annotation was read from.
    note
        What a reader must know of it.
    """

    name: str
    label: str
    kos: frozenset[str] = frozenset()
    ecs: frozenset[str] = frozenset()
    genes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    model: str | None = None
    exchanges: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    source: str = ""
    note: str = ""


def check_genomes(genomes: Genomes | None, file: str) -> None:
    """Check that the annotation of genomes is said in exactly one way.

    Raises
    ------
    StudyFileError
        None or several of ``file``, ``files`` and ``reference``.
    """
    if genomes is None:
        return
    given = [key for key in ("file", "files", "reference") if getattr(genomes, key) is not None]
    if len(given) != 1:
        raise StudyFileError(
            "the genomes' annotation is said in one way",
            where=f"{file}, [genomes]",
            found=", ".join(given) or "none",
            expected="file (a table), files (one per genome) or reference (a folder)",
            mend='for example files = "annotations/{genome}_kofam.gff.gz"',
        )


def known_genomes(names: Iterable[str], known: Mapping[str, Genome], where: str) -> None:
    """Refuse names of genomes that were not read.

    Raises
    ------
    DesignError
        There is no ``[genomes]`` section, or no genome of this name.

    Examples
    --------
    >>> known_genomes(["YL4"], {"YL44": Genome("YL44", "A. muciniphila")}, "[questions.q] genomes")
    Traceback (most recent call last):
    commensal.errors.DesignError: [questions.q] genomes: there is no genome 'YL4'
      found: 'YL4'
      expected: one of YL44
      mend: did you mean 'YL44'?
    """
    for name in names:
        if name not in known:
            close = nearest(name, known)
            raise DesignError(
                f"there is no genome {name!r}",
                where=where,
                found=repr(name),
                expected=f"one of {', '.join(known)}" if known else "a section [genomes] with the strains' annotation",
                mend=f"did you mean {close[0]!r}?" if close else "add it to [genomes], or correct the name",
            )
