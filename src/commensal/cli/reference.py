"""``commensal reference``: build, add, info, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commensal.cells import tsv
from commensal.cli import show

if TYPE_CHECKING:
    from commensal.reads.reference_folder import Reference

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What samples are profiled against.")

_Genomes = Annotated[list[Path], typer.Argument(help="Folder of FASTA files, or files.", metavar="GENOMES")]
_Folder = Annotated[Path, typer.Argument(help="Folder of the reference.", metavar="REF")]
_Taxonomy = Annotated[
    list[Path] | None, typer.Option("--taxonomy", help="Table of lineages (GTDB, NCBI ranks, any); may be given again.")
]
_Annotations = Annotated[
    list[Path] | None, typer.Option("--annotations", help="Folder or file of gene calls and KO/EC; may be given again.")
]
_Host = Annotated[list[Path] | None, typer.Option("--host", help="FASTA of a host; may be given again.")]
_Layout = Annotated[str, typer.Option("--layout", help="auto, plain, gtdb, uhgg or mgbc.")]
_Call = Annotated[bool, typer.Option("--call-genes", help="Call genes with pyrodigal (GPL) where no file gives any.")]
_Profiles = Annotated[
    list[Path] | None, typer.Option("--profiles", help="HMMER profiles named by KO; may be given again.")
]
_Thresholds = Annotated[Path | None, typer.Option("--thresholds", help="KofamScan's ko_list, for --profiles.")]
_Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes.")]


@app.command("build")
def build(
    genomes: _Genomes,
    out: Annotated[Path, typer.Option("--out", help="Folder to make.")],
    taxonomy: _Taxonomy = None,
    annotations: _Annotations = None,
    host: _Host = None,
    layout: _Layout = "auto",
    c: Annotated[int, typer.Option("--c", min=1, help="sylph keeps one k-mer of so many.")] = 200,
    k: Annotated[int, typer.Option("--k", help="Length of k-mers: 21 or 31.")] = 31,
    sequences: Annotated[bool, typer.Option(help="Keep the sequences (mapping mode and growth need them).")] = True,
    call_genes: _Call = False,
    profiles: _Profiles = None,
    thresholds: _Thresholds = None,
    workers: _Workers = 1,
) -> None:
    """Build a reference from a folder of genomes."""
    from commensal.pipeline import reference

    with show.progress_bar() as progress:
        made = reference.build(
            genomes,
            out,
            taxonomy=taxonomy,
            annotations=annotations,
            host=host,
            layout=layout,
            c=c,
            k=k,
            sequences=sequences,
            call_genes=call_genes,
            profiles=profiles,
            thresholds=thresholds,
            workers=workers,
            progress=progress,
        )
    _say(made)


@app.command("add")
def add(
    reference: _Folder,
    genomes: Annotated[
        list[Path] | None, typer.Argument(help="Folder of FASTA files, or files.", metavar="[GENOMES]")
    ] = None,
    taxonomy: _Taxonomy = None,
    annotations: _Annotations = None,
    host: _Host = None,
    layout: _Layout = "auto",
    call_genes: _Call = False,
    profiles: _Profiles = None,
    thresholds: _Thresholds = None,
    workers: _Workers = 1,
) -> None:
    """Add genomes or hosts to a reference."""
    from commensal import pipeline

    with show.progress_bar() as progress:
        made = pipeline.reference.add(
            reference,
            genomes or None,
            taxonomy=taxonomy,
            annotations=annotations,
            host=host,
            layout=layout,
            call_genes=call_genes,
            profiles=profiles,
            thresholds=thresholds,
            workers=workers,
            progress=progress,
        )
    _say(made)


@app.command("info")
def info(
    reference: _Folder,
    pathway: Annotated[
        str | None, typer.Option("--pathway", help="Say which genomes carry which steps of it, as TSV.")
    ] = None,
) -> None:
    """Say what a reference holds, or who carries a pathway."""
    from commensal import pipeline

    if pathway is None:
        for sentence in pipeline.reference.info(reference).sentences():
            show.say(sentence)
    else:
        table = pipeline.reference.capabilities(reference, pathway)
        show.say(tsv(table, missing="unknown"), nl=False)


@app.command("check")
def check(reference: _Folder) -> None:
    """Take every hash again; exit with 1 when something is not as it was built."""
    from commensal import pipeline

    faults = pipeline.reference.check(reference)
    for fault in faults:
        show.say(fault)
    if faults:
        raise typer.Exit(1)
    show.say("every file is as it was built")


def _say(made: Reference) -> None:
    """Print what was made; genomes that were not taken go to stderr and make the exit status 1."""
    from commensal.pipeline import reference

    for sentence in reference.info(made.path).sentences():
        show.say(sentence)
    for row in made.refused().itertuples(index=False):
        if row.source_file in made.newly_refused:
            show.say(f"{row.source_file!s}: {row.status!s}: {row.note!s}", err=True)
    if made.newly_refused:
        raise typer.Exit(1)
