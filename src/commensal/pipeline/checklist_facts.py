"""What a study file and a run say that a reviewer's checklist asks, in words; the empty text where they say nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from commensal.errors import listing
from commensal.page.omitted import FEW
from commensal.study import Assay, Contrast, Dropped, LoadedStudy, Question, Reporting

#: Kinds of questions that are asked of animals in arms.
OF_ANIMALS = ("depletion", "screen", "mediators", "rescue", "host")
#: Columns that say whom a study is of where its questions do not.
CAGES = ("cage", "isolator", "litter")
#: Columns that describe an animal or a person.
DESCRIBING = ("species", "strain", "genotype", "sex", "age", "weight", "bmi", "country", "location", "facility")
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """One study and its run, asked about its people or its animals."""

    loaded: LoadedStudy
    estimates: pd.DataFrame
    of: str  #: ``people`` or ``animals``
    dropped: tuple[Dropped, ...]
    findings: int
    versions: Mapping[str, str]
    inputs: int

    @property
    def reporting(self) -> Reporting:
        """What the authors wrote for checklists."""
        return self.loaded.declared.reporting

    @property
    def who(self) -> tuple[str, ...]:
        """Whom the study is of."""
        if self.reporting.subjects:
            return self.reporting.subjects
        found = {self._subjects(one) for one in self.loaded.declared.questions.values()}
        return tuple(one for one in ("animals", "people") if one in found)

    def _subjects(self, question: Question) -> str:
        if question.kind in OF_ANIMALS:
            return "animals"
        caged = question.kind == "course" and any(name in self.loaded.samples for name in CAGES)
        return "animals" if caged else "people"

    def _asked(self) -> list[Question]:
        """Return the questions about these subjects; all of them where the study is of one kind of subjects."""
        every = list(self.loaded.declared.questions.values())
        return every if len(self.who) < 2 else [one for one in every if self._subjects(one) == self.of]

    def _rows(self) -> pd.DataFrame:
        return self.estimates[self.estimates["question"].isin([one.name for one in self._asked()])]

    def _contrasts(self) -> list[Contrast]:
        names = [name for one in self._asked() for name in (one.contrast, one.supplements) if name]
        return [self.loaded.declared.contrasts[name] for name in dict.fromkeys(names)]

    def _assays(self) -> list[Assay]:
        known = self._rows()["assay"].dropna().unique()
        return [assay for name, assay in self.loaded.declared.assays.items() if name in known]

    def _samples(self) -> pd.DataFrame:
        """Return the samples on a side of these questions' comparisons."""
        samples = self.loaded.samples
        own = pd.Series(False, index=samples.index)
        for one in self._contrasts():
            if one.column in samples:
                own |= samples[one.column].astype("string").isin((*one.case, *one.control)).fillna(False).astype(bool)
        return samples[own & (samples["role"] == "sample")]

    @property
    def groups(self) -> str:
        """The sides of each comparison."""
        told = [f"{listing(one.case)} against {listing(one.control)} ({one.column})" for one in self._contrasts()]
        return "; ".join(told)

    @property
    def questions(self) -> str:
        """What the study file asks."""
        return "Asked by the study file: " + "; ".join(f"{one.name} ({one.kind})" for one in self._asked())

    @property
    def randomised(self) -> str:
        """What was randomised, as far as it is said."""
        said = self.loaded.declared.design.randomised
        return "" if said in (None, UNKNOWN) else f"Randomised, as declared: {said}."

    @property
    def unit(self) -> str:
        """The unit of what was randomised and of the analysis."""
        blocks = list(dict.fromkeys(name for one in self._asked() for name in one.block))
        analysed = f"Units of the analysis: {listing(blocks)}." if blocks else ""
        return " ".join(filter(None, (self.randomised, analysed)))

    @property
    def blinded(self) -> str:
        """What was assessed blind."""
        said = self.loaded.declared.design.blinded
        if said is None or UNKNOWN in said:
            return ""
        return f"Assessed blind, as declared: {listing(said)}." if said else "Declared: nothing was assessed blind."

    @property
    def exclusions(self) -> str:
        """Who was left out, as declared."""
        said = self.loaded.declared.design.exclusions
        return "" if said in (None, UNKNOWN) else f"Declared: {said}."

    @property
    def primary(self) -> str:
        """The primary outcomes."""
        said = self.loaded.declared.design.primary
        return "" if not said or UNKNOWN in said else f"Declared: {listing(said)}."

    @property
    def outcomes(self) -> str:
        """The measures, events and tables that were analysed."""
        events = [f"{name} (event)" for name in self.loaded.declared.events]
        parts = filter(None, (self.measures, listing(events) if events else "", self.specimens))
        return "; ".join(parts)

    @property
    def measures(self) -> str:
        """Measures with unit and the better direction, those that these questions have estimates of."""
        seen = set(self._rows()["measure"].dropna())
        told = [
            f"{one.name} ({', '.join(filter(None, (one.unit, f'{one.better} is better')))})"
            for one in self.loaded.declared.measures.values()
            if one.name in seen
        ]
        return "Measures: " + ", ".join(told) if told else ""

    @property
    def specimens(self) -> str:
        """Tables with their specimen."""
        told = [f"{one.name} ({one.kind}{f' of {one.specimen}' if one.specimen else ''})" for one in self._assays()]
        return "Tables: " + ", ".join(told) if told else ""

    @property
    def sizes(self) -> str:
        """The largest n of each question, side by side."""
        told = []
        for name, rows in self._rows().groupby("question", sort=False):
            known = rows[rows["n"].notna()]
            if known.empty:
                continue
            row = known.sort_values("n", ascending=False, kind="stable").iloc[0]
            units = "" if pd.isna(row["n_blocks"]) else f", {row['n_blocks']} units"
            sides = "" if pd.isna(row["n_case"]) else f" ({row['n_case']} case, {row['n_control']} control{units})"
            told.append(f"{name}: n = {row['n']}{sides}")
        return "; ".join(told) + ". The n of each analysis is in its row of the estimates." if told else ""

    @property
    def sizes_and_losses(self) -> str:
        """Sizes, and what was left out."""
        return " ".join(filter(None, (self.sizes, self.left_out)))

    @property
    def left_out(self) -> str:
        """What was left out of the analysis, counted; the page names each one with its reason."""
        counted = Counter(one.what for one in self.dropped)
        named = {one.what for one in self.dropped if one.name}
        told = ", ".join(
            f"fewer than five {what}s" if n < FEW and what not in named else f"{n:,} {what}{'s' if n > 1 else ''}"
            for what, n in counted.items()
        )
        return f"Entries left out of comparisons or tables, named with reasons on this page: {told}." if told else ""

    @property
    def gaps(self) -> str:
        """Samples lost for a missing covariate, and what happens to quantities that cannot be had."""
        lost = [
            one for one in self.dropped if one.reason.startswith("covariate ") and one.reason.endswith("is missing")
        ]
        hidden = 0 < len(lost) < FEW and not any(one.name for one in lost)
        times = "fewer than five" if hidden else f"{len(lost):,}"
        return f"Samples without a covariate are left out ({times} times); what cannot be had has a status, no p."

    @property
    def repeats(self) -> str:
        """How many samples subjects have."""
        each = self._samples().groupby("subject").size()
        if each.empty or each.max() == 1:
            return ""
        return f"{len(each)} subjects have {each.min()} to {each.max()} samples each."

    @property
    def blocks(self) -> str:
        """Blocks that comparisons stay in."""
        found = list(dict.fromkeys(name for one in self._asked() for name in one.block if name != "subject"))
        return f"Compared by unit: {listing(found)}." if found else ""

    @property
    def adjusted(self) -> str:
        """Blocks and covariates."""
        names = list(dict.fromkeys(name for one in self._asked() for name in one.covariates))
        covariates = f"Adjusted for {listing(names)}." if names else ""
        return " ".join(filter(None, (covariates, self.blocks)))

    @property
    def batches(self) -> str:
        """Batches that the file declares."""
        told = [f"{one.concurrent} (concurrent controls)" for one in self._asked() if one.concurrent]
        told += [f"{one.prepare.batch} of {one.name}" for one in self._assays() if one.prepare and one.prepare.batch]
        told += [f"{one.facility} (animal house)" for one in self._asked() if one.facility]
        return f"Batches in the study file: {listing(dict.fromkeys(told))}." if told else ""

    def _role(self, role: str) -> str:
        n = int((self.loaded.samples["role"] == role).sum())
        return f"{n} sample{'s' if n > 1 else ''} of role {role} in the tables." if n and len(self.who) < 2 else ""

    @property
    def blanks(self) -> str:
        """Samples that are blanks."""
        return self._role("blank")

    @property
    def mocks(self) -> str:
        """Samples that are mock communities."""
        return self._role("mock")

    @property
    def replicates(self) -> str:
        """Samples that are replicates."""
        return self._role("replicate")

    @property
    def strategy(self) -> str:
        """Whether reads were profiled here."""
        names = [
            name for name in self.loaded.declared.reads if any(a.name.startswith(f"{name}_") for a in self._assays())
        ]
        return f"Reads of {listing(names)} were profiled against whole genomes." if names else ""

    @property
    def sequences(self) -> str:
        """How reads were profiled, where they were."""
        return f"{self.strategy} commensal {self.versions.get('commensal', '')}." if self.strategy else ""

    @property
    def quantities(self) -> str:
        """Whether amounts are absolute."""
        loads = [f"{name} by {one.kind}" for name, one in self.loaded.declared.load.items()]
        values = [f"{one.name}: {one.value}" for one in self._assays() if one.kind == "taxa"]
        if not values:
            return ""
        return f"Values of taxa are {listing(values)}" + (
            f"; load measured: {listing(loads)}." if loads else "; no load."
        )

    def _tables_of(self, kind: str) -> Iterator[str]:
        for one in self._assays():
            if one.kind == kind:
                yield f"{one.name}{f' of {one.specimen}' if one.specimen else ''} ({one.value})"

    @property
    def metabolomics(self) -> str:
        """Tables of molecules."""
        told = list(self._tables_of("metabolites"))
        return f"Tables: {listing(told)}; the platform is not in the study file." if told else ""

    @property
    def transcripts(self) -> str:
        """Nothing: transcripts in this program are the host's."""
        return ""

    @property
    def methods(self) -> str:
        """Models that rows name."""
        models = [str(one) for one in self._rows()["model"].dropna().unique()]
        return f"Models: {listing(models, 12)}; described under Methods on this page." if models else ""

    @property
    def subgroups(self) -> str:
        """Levels that were looked at apart."""
        names = list(dict.fromkeys(one.by for one in self._asked() if one.by))
        return f"Apart, and compared, by {listing(names)}." if names else "The study file asks for none."

    @property
    def multiplicity(self) -> str:
        """What q is, over how many families."""
        families = self._rows()["family"].dropna().nunique()
        return (
            f"q by Benjamini–Hochberg in {families:,} declared families; the smallest q alone is no finding."
            if families
            else ""
        )

    @property
    def software(self) -> str:
        """Packages and versions."""
        return ", ".join(f"{name} {version}" for name, version in self.versions.items())

    @property
    def files(self) -> str:
        """What is kept to repeat the run."""
        return (
            f"{self.inputs} input files with their SHA-256, the command and versions are under Provenance on this page."
        )

    @property
    def results(self) -> str:
        """Where all results are."""
        return (
            f"All {len(self.estimates):,} estimates are in estimates.parquet, raw values of figures in points.parquet."
        )

    @property
    def points(self) -> str:
        """Where values are."""
        return "Raw values behind the figures are in points.parquet, and drawn."

    @property
    def effects(self) -> str:
        """How many rows have effect and interval."""
        rows = self._rows()
        n = int((rows["effect"].notna() & rows["low"].notna()).sum())
        return f"{n:,} effects with intervals, each with its unit." if n else ""

    @property
    def described(self) -> str:
        """Columns that describe subjects."""
        own = self._samples()
        seen = [str(name) for name in own if str(name).casefold() in DESCRIBING and own[name].notna().any()]
        return f"Columns in the tables: {listing(seen)}." if seen else ""

    @property
    def communities(self) -> str:
        """Diversity and composition, where there are rows."""
        rows = self._rows()
        n = int(rows["model"].isin(["permanova", "diversity"]).sum())
        return f"{n} rows of composition and diversity are under What was found." if n else ""

    @property
    def differential(self) -> str:
        """How many taxa were tested, how many differ."""
        taxa = [one.name for one in self._assays() if one.kind == "taxa"]
        rows = self._rows()
        own = rows[rows["assay"].isin(taxa) & (rows["model"] == "abundance")]
        tested = own[own["p"].notna()]
        if tested.empty:
            return ""
        return f"{len(tested):,} tests of taxa, {int((tested['q'] < 0.05).sum()):,} at q < 0.05; effects have a sign."

    @property
    def other_types(self) -> str:
        """Tables besides taxa."""
        told = [one.name for one in self._assays() if one.kind != "taxa"]
        return f"Estimates of {listing(told)}." if told else ""

    @property
    def limits(self) -> str:
        """How many findings of the design there are."""
        return (
            f"{self.findings} findings of the design are on this page, each with its counts." if self.findings else ""
        )

    @property
    def end_points(self) -> str:
        """The rules of events."""
        told = [f"{name}: {one.rule}" for name, one in self.loaded.declared.events.items() if one.rule]
        return "Rules of events: " + "; ".join(told) if told else ""
