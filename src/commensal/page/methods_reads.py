"""The methods paragraph on reads: how samples were profiled, and what was looked for across them."""

from __future__ import annotations

from commensal.page.view import PageView
from commensal.page.words import listed, many, sentence

REFERENCES = {
    "sylph": "Shaw J, Yu YW (2025). Rapid species-level metagenome profiling and containment estimation with sylph. "
    "Nature Biotechnology 43, 1348–1359. doi:10.1038/s41587-024-02412-y",
    "decontam": "Davis NM, Proctor DM, Holmes SP, Relman DA, Callahan BJ (2018). Simple statistical identification and "
    "removal of contaminant sequences in marker-gene and metagenomics data. Microbiome 6, 226. "
    "doi:10.1186/s40168-018-0605-2",
}


def reads(view: PageView, used: dict[str, None]) -> list[str]:
    """Say how each assay of reads was profiled; nothing where there is none."""
    told = []
    own = view.points[view.points["question"].isna()]
    for name, assay in view.study.reads.items():
        here = own[own["assay"].astype("string").str.startswith(f"{name}_").fillna(False).astype(bool)]
        profiled = here.loc[here["figure"] == "composition", "sample"].nunique()
        if not profiled:
            continue
        used["sylph"] = None
        told.append(
            sentence(
                f"{name}: reads of {many(profiled, 'sample')} were profiled against the reference {assay.reference}; "
                "adapters and ends of low quality were cut, and reads of hosts that the reference holds were left out; "
                "genomes were called by k-mer sketches in the manner of sylph (Shaw and Yu 2025)"
            )
        )
        told.append(
            "Abundances are shares of all cells, with what no genome of the reference explains in the whole; "
            + (
                "functions are those of the genomes found whose presence the sample’s reads, laid on them, show."
                if assay.mode == "mapping"
                else "functions are those of the genomes found, by the reference’s annotation: genes that a sample’s "
                "strain has lost are not seen."
            )
        )
        methods = list(here.loc[here["figure"] == "contaminants", "measure"].dropna().unique())
        if methods:
            used["decontam"] = None
            told.append(sentence(f"species from the reagents were scored by {listed(methods)} (Davis et al. 2018)"))
    return told
