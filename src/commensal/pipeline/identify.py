"""Which compound each feature of a metabolome is: columns beside the features, and what the reader of a page must know.

Names and numbers are resolved by the table that ships. Nothing here changes a value: what is not identified, or may
be several compounds, stays as it was.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from commensal.errors import StudyFileError, listing, nearest
from commensal.knowledge import Identified, resolve
from commensal.study import AssayTable
from commensal.study.declared import Assay
from commensal.tables import Finding

#: Columns that this adds to the features of a metabolome.
ADDED = ("compound", "identity", "identity_level", "exogenous")
#: Usual names of columns, in small letters and digits only, for each thing that identifies.
USUAL: dict[str, tuple[str, ...]] = {
    "name": (
        "biochemical", "biochemicalname", "chemicalname", "compoundname", "metabolitename", "metabolite", "molecule",
        "name", "compound", "metaboliteidentification",
    ),
    "hmdb": ("hmdb", "hmdbid", "hmdbids", "hmdbaccession"),
    "kegg": ("kegg", "keggid", "keggids", "keggcompound", "keggcompoundid"),
    "chebi": ("chebi", "chebiid", "chebiids"),
    "pubchem": ("pubchem", "pubchemid", "pubchemcid", "cid"),
    "inchikey": ("inchikey", "standardinchikey", "inchikeys"),
    "refmet": ("refmet", "refmetname", "standardizedname"),
    "lipidmaps": ("lipidmaps", "lipidmapsid", "lmid", "lipidmapid"),
    "level": (
        "msilevel", "msi", "identificationlevel", "idlevel", "confidencelevel", "annotationlevel", "identitylevel",
        "levelofidentification", "reliability",
    ),
}  # fmt: skip


def identified(assays: Mapping[str, AssayTable]) -> dict[str, AssayTable]:
    """Add to the features of metabolomes what each of them is.

    Parameters
    ----------
    assays
        The study's tables.

    Returns
    -------
    dict of AssayTable
        Tables of ``metabolites`` have four columns more: ``compound`` (its name, missing unless one), ``identity``
        ("exact by HMDB", "ambiguous: a | b", "unknown"), ``identity_level`` (as the table has it), ``exogenous``
        (why it comes from outside). A column of the table by one of these names keeps its values as
        ``NAME (of the table)``.

    Raises
    ------
    StudyFileError
        A column that ``identity`` names is not there, or the assay is no metabolome.
    """
    for assay in (table.assay for table in assays.values()):
        if assay.identity and assay.kind != "metabolites":
            raise StudyFileError(
                "only molecules have an identity",
                where=f"[assays.{assay.name}] identity",
                found=f'kind = "{assay.kind}"',
                expected='kind = "metabolites"',
                mend="remove the key",
            )
    return {
        name: replace(table, features=_with_identity(table)) if table.assay.kind == "metabolites" else table
        for name, table in assays.items()
    }


def _with_identity(table: AssayTable) -> pd.DataFrame:
    features = table.features
    columns = _columns(features, table.assay)
    found = [resolve(**given) for given in _given(features, columns)]
    level = features[columns["level"]] if "level" in columns else pd.Series(pd.NA, features.index)
    theirs = {name: f"{name} (of the table)" for name in ADDED if name != columns.get("level")}
    return features.rename(columns=theirs).assign(
        compound=pd.array([one.compound for one in found], dtype="string"),
        identity=pd.array([_told(one) for one in found], dtype="string"),
        identity_level=level.astype("string").to_numpy(),
        exogenous=pd.array([one.exogenous for one in found], dtype="string"),
    )


def _told(found: Identified) -> str:
    if found.status == "exact":
        return f"exact by {found.by}"
    return f"ambiguous: {' | '.join(found.candidates)}" if found.status == "ambiguous" else "unknown"


def _columns(features: pd.DataFrame, assay: Assay) -> dict[str, str]:
    """Return the column of each thing that identifies: as declared, or by its usual name."""
    for key, column in assay.identity.items():
        if column not in features.columns:
            near = nearest(column, map(str, features.columns))
            raise StudyFileError(
                f"the features have no column {column!r}",
                where=f"[assays.{assay.name}] identity.{key}",
                found=listing(map(repr, map(str, features.columns))),
                expected=f"perhaps {near[0]!r}" if near else "one of these",
                mend="correct it; columns inside the table are declared with features = { columns = [...] }",
            )
    if assay.identity:
        return {"name": "label", **assay.identity}
    plain = {re.sub(r"[^a-z0-9]", "", str(column).casefold()): str(column) for column in reversed(features.columns)}
    found = {key: plain[name] for key, names in USUAL.items() for name in reversed(names) if name in plain}
    if "name" not in found or (features["label"].astype(str) != features.index.astype(str)).any():
        found["name"] = "label"  # a label of its own is what the table's maker calls the molecule
    return found


def _given(features: pd.DataFrame, columns: Mapping[str, str]) -> Iterator[dict[str, str | None]]:
    """Yield what is given of each feature, missing cells as None."""
    texts = {
        key: features[column].astype("string").str.strip().to_list()
        for key, column in columns.items()
        if key != "level"
    }
    for row in range(len(features)):
        yield {key: None if pd.isna(values[row]) else values[row] for key, values in texts.items()}


def identity_findings(assays: Mapping[str, AssayTable]) -> list[Finding]:
    """Return what is to be known of the identities: how many, which are open, contradict themselves, or stand twice."""
    found: list[Finding] = []
    for name, table in assays.items():
        if "identity" in table.features.columns and table.assay.kind == "metabolites":
            found += [*_counted(name, table.features), *_open(name, table.features), *_twice(name, table.features)]
    return found


def _counted(name: str, features: pd.DataFrame) -> Iterator[Finding]:
    identity = features["identity"].astype(str)
    exact, several = identity.str.startswith("exact"), identity.str.startswith("ambiguous")
    outside = features["exogenous"].notna()
    called = features["label"].astype(str).where(features["compound"].isna(), features["compound"].astype(str))
    reasons: dict[str, list[str]] = defaultdict(list)
    for reason, molecule in zip(features.loc[outside, "exogenous"].astype(str), called[outside], strict=True):
        reasons[reason].append(molecule)
    told = "; ".join(f"{reason}: {listing(dict.fromkeys(many), 4)}" for reason, many in sorted(reasons.items())[:6])
    yield Finding(
        "identity",
        "note",
        f"assay {name}",
        f"of {len(features)} molecules {int(exact.sum())} are identified, {int(several.sum())} may be several "
        f"compounds, {int((~exact & ~several).sum())} are not known by their name or number; all stay in the tests."
        + (f" From outside the body and its microbes: {int(outside.sum())} ({told})." if outside.any() else ""),
        "give numbers too: identity = { hmdb = …, kegg = …, inchikey = … }; pathways are looked up by compound",
        assay=name,
        counts={"exact": float(exact.sum()), "ambiguous": float(several.sum()), "exogenous": float(outside.sum())},
    )


def _open(name: str, features: pd.DataFrame) -> Iterator[Finding]:
    several = features[features["identity"].astype(str).str.startswith("ambiguous")]
    if len(several):
        each = [
            f"{label} ({text.removeprefix('ambiguous: ')})"
            for label, text in zip(several["label"], several["identity"].astype(str), strict=True)
        ]
        yield Finding(
            "identity_open",
            "note",
            f"assay {name}",
            f"{len(several)} molecules may be several compounds, and none was chosen: {listing(each, 12)}",
            "name the one that was measured, or give its number, where that is known",
            assay=name,
            counts={"features": float(len(several))},
        )


def _twice(name: str, features: pd.DataFrame) -> Iterator[Finding]:
    held: dict[str, list[str]] = defaultdict(list)
    for label, compound in zip(features["label"], features["compound"], strict=True):
        if not pd.isna(compound):
            held[str(compound)].append(str(label))
    twice = {compound: labels for compound, labels in held.items() if len(labels) > 1}
    if twice:
        yield Finding(
            "same_compound",
            "note",
            f"assay {name}",
            f"{len(twice)} compounds are several molecules of the table, each tested on its own: "
            + listing([f"{compound} ({', '.join(labels)})" for compound, labels in twice.items()], 8),
            "leave out the worse measured with `exclude`, or name isomers apart",
            assay=name,
            counts={"compounds": float(len(twice))},
        )
