"""What columns of compounds are called, whoever wrote the table: one name for each kind of annotation."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import pandas as pd

from commensal.io.rows import PLACEHOLDERS

#: Our name → what it is called in files (lower case, letters and digits only).
CALLED: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "biochemical", "biochemicalname", "chemicalname", "metabolite", "metabolitename", "compoundname"),
    "hmdb": ("hmdb", "hmdbid", "hmdbids", "hmdbidentifier"),
    "kegg": ("kegg", "keggid", "keggids", "keggcompoundid", "keggcompound"),
    "chebi": ("chebi", "chebiid", "chebiids"),
    "pubchem": ("pubchem", "pubchemid", "pubchemcid", "pubchemcompoundid"),
    "inchikey": ("inchikey", "inchikeys"),
    "refmet": ("refmet", "refmetname"),
    "lipidmaps": ("lipidmaps", "lipidmapsid", "lmid"),
    "cas": ("cas", "casnumber", "casid", "casrn", "casregistrynumber"),
    "smiles": ("smiles",),
    "formula": ("formula", "chemicalformula", "molecularformula"),
    "super_pathway": ("superpathway",),
    "sub_pathway": ("subpathway",),
    "identity_level": ("identitylevel", "msilevel", "identificationlevel", "annotationlevel"),
    "mz": ("mz", "moverz", "moverzquant", "averagemz", "mzmed", "masstocharge", "expmasstocharge"),
    "rt_minutes": ("averagertmin", "retentiontimemin", "rtminutes"),
    "rt_seconds": ("rtmed", "retentiontimeinseconds", "rtseconds"),
    "retention_index": ("ri", "retentionindex", "averageri"),
}
_BY_FORM = {form: name for name, forms in CALLED.items() for form in forms}


def compound_column(name: str) -> str | None:
    """Return our name of a column of compounds, or None.

    Examples
    --------
    >>> compound_column("inchi_key"), compound_column("PUBCHEM"), compound_column("Ontology")
    ('inchikey', 'pubchem', None)
    """
    return _BY_FORM.get(re.sub(r"[^a-z0-9]", "", name.lower()))


def compound_columns(frame: pd.DataFrame, keep: Collection[str | None] = ()) -> pd.DataFrame:
    """Give the columns of compounds our names; others keep theirs, and so do those that the study file names.

    Where two columns mean the same, the first gets our name. A cell such as ``n/a`` or ``-`` becomes empty.

    Parameters
    ----------
    frame
        m rows of text.
    keep
        Columns that the study file names; they stay, beside a copy under our name.

    Examples
    --------
    >>> compound_columns(pd.DataFrame({"HMDB_ID": ["HMDB00064", "-"], "PLATFORM": ["LC/MS Pos", ""]})).to_dict("list")
    {'hmdb': ['HMDB00064', ''], 'PLATFORM': ['LC/MS Pos', '']}
    """
    made: dict[str, pd.Series] = {}
    taken = {str(name) for name in frame.columns if compound_column(str(name)) == str(name)}
    for name in map(str, frame.columns):
        column = frame[name].map(lambda cell: "" if str(cell).strip() in PLACEHOLDERS else cell)
        ours = compound_column(name)
        if ours is None or (ours in taken and ours != name):
            made[name] = column
            continue
        taken.add(ours)
        made[ours] = column
        if name in keep and name != ours:
            made[name] = frame[name]
    return pd.DataFrame(made, index=frame.index)
