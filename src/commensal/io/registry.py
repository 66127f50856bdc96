"""All formats, and which one a file is in."""

from __future__ import annotations

from pathlib import Path

from commensal.errors import FormatError, nearest
from commensal.io import (
    anndata_files,
    biom_tables,
    clades,
    eggnog,
    featurecounts,
    genome_profiles,
    humann,
    kofam,
    kraken,
    metaboanalyst,
    metabolon_text,
    mothur,
    msdial,
    mwtab,
    mztab,
    newick,
    parquet,
    phyloseq,
    qiime2,
    salmon,
    star,
    tximport,
    wide,
    workbook,
    xcms,
)
from commensal.io.contents import Format
from commensal.io.paths import require_file
from commensal.io.text import head_text, load_text

#: How files begin that are text and no table.
_OTHERS = {">": "FASTA", "@": "FASTQ or SAM", "##gff": "GFF", "##fileformat=VCF": "VCF"}

#: Name → format, in the order in which they are tried: the telling ones first, plain text last.
FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        qiime2.FORMAT,
        workbook.FORMAT,
        mwtab.FORMAT,
        mztab.FORMAT,
        anndata_files.FORMAT,
        biom_tables.FORMAT,
        phyloseq.FORMAT,
        parquet.FORMAT,
        newick.FORMAT,
        mothur.FORMAT,
        mothur.TAXONOMY,
        qiime2.METADATA,
        eggnog.FORMAT,
        kofam.FORMAT,
        featurecounts.FORMAT,
        star.FORMAT,
        salmon.SALMON,
        salmon.KALLISTO,
        tximport.FORMAT,
        clades.FORMAT,
        clades.SYLPHTAX,
        humann.FORMAT,
        kraken.KRAKEN,
        kraken.BRACKEN,
        genome_profiles.SYLPH,
        genome_profiles.MOTUS,
        metabolon_text.FORMAT,
        msdial.FORMAT,
        xcms.FORMAT,
        metaboanalyst.FORMAT,
        wide.FORMAT,
    )
}


def sniff(path: Path) -> str:
    r"""Name the format of a file, by its contents alone.

    Raises
    ------
    TableError
        No such file.
    FormatError
        None of the formats, with what the file is instead where that is known.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder, "anything.txt")
    ...     _ = place.write_text("label\tGroup\tnumOtus\tOtu1\n0.03\tS1\t1\t5\n")
    ...     sniff(place)
    'mothur'
    """
    require_file(path)
    other = next((name for mark, name in _OTHERS.items() if head_text(path).startswith(mark)), None)
    for form in FORMATS.values():
        if other is None and form.sniff(path):
            return form.name
    text = load_text(path)  # its errors say more: empty, damaged, a spreadsheet
    raise FormatError(
        "the format of the file is not known",
        where=path.name,
        found=f"{other}, which this version does not read"
        if other
        else f"{text.data[:60].decode(errors='replace')!r}, and no tab, comma or semicolon that cuts it into cells",
        expected=", ".join(f"{form.name} ({form.description})" for form in FORMATS.values()),
        mend="save it as TSV; or name the format in the study file: format = ...",
    )


def choose(path: Path, named: str | None, key: str | None = None) -> Format:
    """Return the named format, or the one that the file is in.

    Raises
    ------
    FormatError
        A name that no format has.
    """
    if named is None:
        return FORMATS[sniff(path)]
    if named not in FORMATS:
        close = nearest(named, FORMATS)
        raise FormatError(
            f"there is no format {named!r}",
            where=key,
            found=repr(named),
            expected=", ".join(FORMATS),
            mend=f"perhaps {close[0]!r}; or leave the key out: the format is found from the contents"
            if close
            else "leave the key out: the format is found from the contents",
        )
    return FORMATS[named]
