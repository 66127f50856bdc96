"""``commensal simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show

app = typer.Typer(
    no_args_is_help=True, invoke_without_command=True, rich_markup_mode=None,
    help="Simulate studies and reads with known truth; --design STUDY.toml copies a declared design.",
)  # fmt: skip

_Seed = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same output.")]


_Small = Annotated[bool, typer.Option("--small", help="Sizes of the demo: fewer cages, strains, molecules, people.")]


@app.callback()
def design(
    context: typer.Context,
    study: Annotated[
        Path | None,
        typer.Option("--design", help="Copy this design: everything measured is drawn anew.", metavar="STUDY.toml"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the copy, with --design.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder that the file's paths start from, with --design.")
    ] = None,
    seed: _Seed = 1,
    effect: Annotated[
        list[str] | None,
        typer.Option(
            "--effect", help="With --design: CONTRAST[/ASSAY]=SHARE:LOG2, CONTRAST/MEASURE=SD or CONTRAST/EVENT=LOGHR."
        ),
    ] = None,
    size: Annotated[
        float, typer.Option("--size", help="With --design: multiple of the effects; 0: nothing planted.")
    ] = 1.0,
) -> None:
    """Simulate studies and reads with known truth; --design STUDY.toml copies a declared design."""
    from commensal.errors import UsageError

    if study is None:
        if context.invoked_subcommand is None:
            raise UsageError("what to simulate is not said", where="simulate", found="neither a study nor --design",
                             expected="als, null, cohort, animal, mediators, reads, or --design STUDY.toml",
                             mend="commensal simulate --help")  # fmt: skip
        return
    if context.invoked_subcommand is not None or out is None:
        raise UsageError(
            "a copy needs a folder, and no other study beside it", where="--design",
            found=context.invoked_subcommand or "no --out", expected="simulate --design STUDY.toml --out DIR",
        )  # fmt: skip
    from commensal import pipeline

    made = pipeline.simulate.design(study, out, data, seed=seed, effects=tuple(effect or ()), size=size)
    show.say(f"study: {made}")
    show.say(f"truth: {out / 'truth.json'}")


@app.command("als")
def als(
    out: Annotated[Path, typer.Option("--out", help="Folder for the study.")],
    seed: _Seed = 1,
    small: _Small = False,
    effect: Annotated[
        list[str] | None,
        typer.Option("--effect", help="NAME=SIZE of what is planted, 0 for nothing; may be given again."),
    ] = None,
    false_link: Annotated[
        str | None,
        typer.Option("--false-link", help="The one link not planted, such as 'molecule → outcome' (-> will do)."),
    ] = None,
    mutant: Annotated[bool, typer.Option(help="An arm with a mutant that cannot make the molecule.")] = True,
    cages: Annotated[int | None, typer.Option("--cages", help="Cages per arm.")] = None,
    animals: Annotated[int | None, typer.Option("--animals", help="Animals per cage.")] = None,
    strains: Annotated[int | None, typer.Option("--strains", help="Strains given, one arm each (1-11).")] = None,
    doses: Annotated[int | None, typer.Option("--doses", help="Doses of nicotinamide, one arm each (1-5).")] = None,
    households: Annotated[int | None, typer.Option("--households", help="Households with a patient.")] = None,
    molecules: Annotated[int | None, typer.Option("--molecules", help="Molecules in blood (20 or more).")] = None,
    taxa: Annotated[int | None, typer.Option("--taxa", help="Taxa in stool (20 or more).")] = None,
    genes: Annotated[int | None, typer.Option("--genes", help="Genes in the spinal cord (60 or more).")] = None,
    times: Annotated[int | None, typer.Option("--times", help="Ages of measurement (3 or more).")] = None,
    measures: Annotated[int | None, typer.Option("--measures", help="Measures (1-6).")] = None,
    icc: Annotated[float, typer.Option("--icc", help="Share of the animals' variance that cages have.")] = 0.2,
    reads: Annotated[bool, typer.Option("--reads", help="FASTQ of some stools as well.")] = False,
    genomes: Annotated[
        Path | None, typer.Option("--genomes", help="Folder of FASTA files for reads; else invented.", metavar="DIR")
    ] = None,
    read_samples: Annotated[int, typer.Option("--read-samples", help="Stools with reads.")] = 2,
    pairs: Annotated[int, typer.Option("--pairs", help="Pairs of reads of each.")] = 20_000,
) -> None:
    """Simulate the model study whole: mice and patients, all seven questions, claims with known truth."""
    sizes = ("cages", "animals", "strains", "doses", "households", "molecules", "taxa", "genes", "times", "measures")
    given = locals()
    options = {name: given[name] for name in (*sizes, "mutant", "icc", "reads", "genomes", "read_samples", "pairs")}
    from commensal import pipeline

    link = false_link.replace("->", "→") if false_link else None
    study = pipeline.simulate.als(
        out, seed=seed, small=small, effects=_sizes(effect or []), false_link=link, **options
    )  # fmt: skip
    show.say(f"study: {study}")
    show.say(f"truth: {out / 'truth.json'}")
    if reads:
        own = f"{out / 'genomes'} --annotations {out / 'annotations'} --taxonomy {out / 'taxonomy.tsv'}"
        show.say(f"before a run: commensal reference build {genomes or own} --out {out / 'reference'}")


@app.command("null")
def null(
    out: Annotated[Path, typer.Option("--out", help="Folder for the study.")],
    seed: _Seed = 1,
    small: _Small = False,
) -> None:
    """Simulate the model study with nothing planted: a claim that is selected there is false."""
    from commensal import pipeline

    show.say(f"study: {pipeline.simulate.null(out, seed=seed, small=small)}")
    show.say(f"truth: {out / 'truth.json'}")


def _sizes(given: list[str]) -> dict[str, float]:
    from commensal.errors import UsageError

    sizes = {}
    for one in given:
        name, _, size = one.partition("=")
        try:
            sizes[name.strip().replace("-", "_")] = float(size)
        except ValueError:
            raise UsageError("an effect is no number", where="--effect", found=one, expected="NAME=SIZE") from None
    return sizes


@app.command("cohort")
def cohort(
    out: Annotated[Path, typer.Option("--out", help="Folder for the study.")],
    seed: _Seed = 1,
    households: Annotated[int, typer.Option("--households", help="Households with a patient.")] = 24,
) -> None:
    """Simulate a household cohort: stool, serum, and truth.json."""
    from commensal import pipeline

    show.say(f"study: {pipeline.simulate.cohort(out, seed=seed, households=households)}")
    show.say(f"truth: {out / 'truth.json'}")


@app.command("animal")
def animal(
    out: Annotated[Path, typer.Option("--out", help="Folder for the study.")],
    seed: _Seed = 1,
    animals: Annotated[int, typer.Option("--animals", help="Animals per group.")] = 8,
    cages: Annotated[int, typer.Option("--cages", help="Cages per group.")] = 4,
    strains: Annotated[int, typer.Option("--strains", help="Strains given, one arm each (0-11).")] = 4,
    doses: Annotated[int, typer.Option("--doses", help="Doses infused, one arm each (0-5).")] = 2,
    germ_free: Annotated[bool, typer.Option("--germ-free", help="Germ-free animals as well.")] = False,
    facilities: Annotated[int, typer.Option("--facilities", help="1 or 2.")] = 1,
    times: Annotated[int, typer.Option("--times", help="Ages of measurement, day 40 to 130.")] = 6,
    measures: Annotated[int, typer.Option("--measures", help="Measures (1-6).")] = 4,
    taxa: Annotated[int, typer.Option("--taxa", help="Taxa in stool (15 or more).")] = 60,
    molecules: Annotated[int, typer.Option("--molecules", help="Molecules in serum; 0: no serum.")] = 60,
    genes: Annotated[int, typer.Option("--genes", help="Genes in the spinal cord; 0: no tissue.")] = 300,
    csf: Annotated[bool, typer.Option("--csf", help="Molecules in cerebrospinal fluid as well.")] = False,
    icc: Annotated[float, typer.Option("--icc", help="Share of the animals' variance that cages have.")] = 0.2,
    litter_icc: Annotated[float, typer.Option("--litter-icc", help="Share that litters have.")] = 0.0,
    linked: Annotated[float, typer.Option("--linked", help="Correlation of onset and death.")] = 0.6,
    found_dead: Annotated[float, typer.Option("--found-dead", help="Share found dead without an end point.")] = 0.03,
    dropout: Annotated[float, typer.Option("--dropout", help="Share lost to the study.")] = 0.03,
    depletion_effect: Annotated[
        float, typer.Option("--depletion-effect", help="Of antibiotics on measures, in SD; above 0 is better.")
    ] = -1.2,
    depletion_hazard: Annotated[float, typer.Option("--depletion-hazard", help="Hazard ratio of death.")] = 3.0,
    strain_effect: Annotated[float, typer.Option("--strain-effect", help="Of the first strain, in SD.")] = 1.2,
    strain_hazard: Annotated[float, typer.Option("--strain-hazard", help="Its hazard ratio of death.")] = 0.35,
    harm_effect: Annotated[float, typer.Option("--harm-effect", help="Of the second strain, in SD.")] = -1.2,
    harm_hazard: Annotated[float, typer.Option("--harm-hazard", help="Its hazard ratio of death.")] = 2.5,
    infusion_effect: Annotated[float, typer.Option("--infusion-effect", help="Of the highest dose, in SD.")] = 0.9,
    infusion_hazard: Annotated[float, typer.Option("--infusion-hazard", help="Its hazard ratio of death.")] = 0.5,
    course_effect: Annotated[float, typer.Option("--course-effect", help="Of disease on taxa, log2.")] = 2.0,
    reversal: Annotated[float, typer.Option("--reversal", help="Share of RNA changes that the dose takes back.")] = 0.6,
) -> None:
    """Simulate mice in arms, followed until they die: stool, serum, tissue, measures, survival, and truth.json."""
    options = {name: value for name, value in locals().items() if name not in ("out", "seed")}
    from commensal import pipeline

    show.say(f"study: {pipeline.simulate.animal(out, seed=seed, **options)}")
    show.say(f"truth: {out / 'truth.json'}")


@app.command("mediators")
def mediators(
    out: Annotated[Path, typer.Option("--out", help="Folder for the study.")],
    seed: _Seed = 1,
    cages: Annotated[int, typer.Option("--cages", help="Cages per arm.")] = 5,
    animals: Annotated[int, typer.Option("--animals", help="Animals per cage.")] = 3,
    strains: Annotated[int, typer.Option("--strains", help="Strains given, one arm each (1-4).")] = 2,
    mutant: Annotated[bool, typer.Option("--mutant", help="A mutant that cannot make the molecule as well.")] = False,
    molecules: Annotated[int, typer.Option("--molecules", help="Molecules in serum and cerebrospinal fluid.")] = 1000,
    mediator: Annotated[bool, typer.Option("--mediator/--no-mediator", help="Whether there is one.")] = True,
    falls: Annotated[int, typer.Option("--falls", help="Molecules that only fall under antibiotics.")] = 50,
    rises: Annotated[int, typer.Option("--rises", help="Molecules that only rise with the strain.")] = 50,
    effect: Annotated[float, typer.Option("--effect", help="Size of planted changes, log2.")] = 2.0,
    false_link: Annotated[
        str | None, typer.Option("--false-link", help="A link that the mediator lacks, such as 'given csf'.")
    ] = None,
    below: Annotated[float, typer.Option("--below", help="Share of values below detection.")] = 0.3,
    icc: Annotated[float, typer.Option("--icc", help="Share of the animals' variance that cages have.")] = 0.2,
) -> None:
    """Simulate mice, molecules of two fluids and one molecule through which a strain acts, and truth.json."""
    options = {name: value for name, value in locals().items() if name not in ("out", "seed")}
    from commensal import pipeline

    show.say(f"study: {pipeline.simulate.mediators(out, seed=seed, **options)}")
    show.say(f"truth: {out / 'truth.json'}")


@app.command("reads")
def reads(
    genomes: Annotated[Path, typer.Option("--genomes", help="Folder of FASTA files.", metavar="DIR")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the reads.")],
    seed: _Seed = 1,
    pairs: Annotated[int, typer.Option("--pairs", help="Pairs of reads (per sample).")] = 500_000,
    name: Annotated[str, typer.Option("--name", help="Name of the sample.")] = "sample",
    abundance: Annotated[
        Path | None, typer.Option("--abundance", help="Table: genome, abundance (cells), and maybe ptr.")
    ] = None,
    spread: Annotated[float, typer.Option("--spread", help="SD of log abundances where no table gives them.")] = 1.5,
    length: Annotated[int, typer.Option("--length", help="Bases of a read.")] = 150,
    insert: Annotated[float, typer.Option("--insert", help="Mean bases of a fragment.")] = 350,
    error: Annotated[str, typer.Option("--error", help="binned (qualities in four bins), or none.")] = "binned",
    host: Annotated[Path | None, typer.Option("--host", help="FASTA of the host.")] = None,
    host_fraction: Annotated[float, typer.Option("--host-fraction", help="Share of the host's pairs.")] = 0.0,
    deletions: Annotated[
        Path | None, typer.Option("--deletions", help="Table: genome, contig, start, end (from 1).")
    ] = None,
    duplicates: Annotated[float, typer.Option("--duplicates", help="Share of pairs that are copies.")] = 0.0,
    households: Annotated[
        int, typer.Option("--households", min=0, help="Write a whole study of this many households of two.")
    ] = 0,
) -> None:
    """Simulate FASTQ of known composition from genomes: one sample, or with --households a whole study."""
    from commensal import pipeline

    truth = pipeline.simulate.reads(
        genomes,
        out,
        seed=seed,
        pairs=pairs,
        name=name,
        abundance=abundance,
        spread=spread,
        length=length,
        insert=insert,
        error=error,
        host=host,
        host_fraction=host_fraction,
        deletions=deletions,
        duplicates=duplicates,
        households=households,
    )
    if "study" in truth:
        show.say(f"study: {truth['study']}\ntruth: {out / 'truth.json'}")
        return
    for file in truth["files"]:
        show.say(f"reads: {out / file}")
    show.say(f"truth: {out / (name + '_truth.json')}")
