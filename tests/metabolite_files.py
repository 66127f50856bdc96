"""Small files in the formats of metabolomics, written as their published descriptions say.

Sources: Metabolon's client data tables as maplet and MetabolomicsPipeline read them; mwTab_specification.pdf of the
Metabolomics Workbench; mzTab-M 2.0 (HUPO-PSI/mzTab, specification and release examples); metaboanalyst.ca/docs/Format;
MS-DIAL 4 exports; the manual of xcms. The molecules and numbers are invented.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl

SAMPLES = ("S1", "S2", "S3", "S4")


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


ANNOTATED = tuple(words("PATHWAY_SORTORDER BIOCHEMICAL SUPER_PATHWAY SUB_PATHWAY COMP_ID PLATFORM CAS PUBCHEM KEGG"))
_COFACTORS = ("Cofactors and Vitamins", "Nicotinate and Nicotinamide Metabolism")
MOLECULES = (
    (1, "nicotinamide", *_COFACTORS, 594, "LC/MS Pos", "98-92-0", 936, "C00153", "HMDB0001406"),
    (2, "trigonelline (N'-methylnicotinate)*", *_COFACTORS, 32401, "LC/MS Pos", None, 5570, "C01004", "HMDB0000875"),
    (3, "X - 12345", None, None, 46145, "LC/MS Neg", None, None, None, None),
)
VALUES = ((120.5, None, 99, 1e6), (1, 2, 3, 4), (7.25, 8, 9, 10))
ABOUT = {
    "SAMPLE_NAME": ("LAB-1", "LAB-2", "LAB-3", "LAB-4"),
    "CLIENT_IDENTIFIER": SAMPLES,
    "INJECTION": (2, 1, 4, 3),
}
GROUPS = ("abx", "abx", "ctrl", "ctrl")


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], merged: Mapping[str, Sequence[str]] | None = None) -> bytes:
    """Write sheets of cells; None is an empty cell."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for i, row in enumerate(rows, 1):
            for j, value in enumerate(row, 1):
                if value is not None:
                    sheet.cell(i, j, value)
        for area in (merged or {}).get(title, ()):
            sheet.merge_cells(area)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def block_rows(
    about: Mapping[str, Sequence[Any]] = ABOUT,
    groups: Sequence[Any] = GROUPS,
    molecules: Sequence[Sequence[Any]] = MOLECULES,
    values: Sequence[Sequence[Any]] = VALUES,
    corner: str = "                 Group   HMDB_ID",
) -> list[list[Any]]:
    """Return a sheet with header blocks: rows about samples above, annotations to the left."""
    empty = [None] * len(ANNOTATED)
    rows: list[list[Any]] = [[*empty, name, *cells] for name, cells in about.items()]
    rows.append([*ANNOTATED, corner, *groups])
    return rows + [[*molecule, *cells] for molecule, cells in zip(molecules, values, strict=True)]


def block_workbook(**changes: Any) -> bytes:
    """Write a delivery with header blocks and the sheets that come with it."""
    rows = block_rows(**changes)
    imputed = [[value if value is not None or j < 10 else 99 for j, value in enumerate(row)] for row in rows]
    return workbook({"Explanation": [["OrigScale: raw area counts"]], "OrigScale": rows, "ScaledImpData": imputed})


def block_text(delimiter: str = "\t") -> str:
    """Write the sheet with header blocks as text."""
    rows = [["" if cell is None else str(cell) for cell in row] for row in block_rows()]
    return "\n".join(delimiter.join(row) for row in rows) + "\n"


def linked_sheets(data: str = "Peak Area Data") -> dict[str, list[list[Any]]]:
    """Return the sheets of the layout in use since 2020."""
    return {
        "Data Key & Explanation": [["see the report"]],
        "Chemical Annotation": [
            ["CHEM_ID", "LIB_ID", "COMP_ID", "CHEMICAL_NAME", "SUPER_PATHWAY", "SUB_PATHWAY", "TYPE", "INCHIKEY",
             "HMDB", "KEGG", "PUBCHEM"],
            [180, 400, 594, "nicotinamide", "Cofactors and Vitamins", "Nicotinate", "NAMED",
             "DFPAKSUCGFBDDF-UHFFFAOYSA-N", "HMDB0001406", "C00153", 936],
            [35, 400, 32401, "trigonelline*", "Cofactors and Vitamins", "Nicotinate", "NAMED", None, None, None, None],
            [999, 400, 46145, "X-12345", None, None, "UNNAMED", None, None, None, None],
        ],
        "Sample Meta Data": [
            ["PARENT_SAMPLE_NAME", "CLIENT_SAMPLE_ID", "GROUP_NAME"],
            *([f"LAB-{i}", f"S{i}", group] for i, group in enumerate(GROUPS, 1)),
        ],
        data: [
            ["PARENT_SAMPLE_NAME", 35, 180, 999],
            ["LAB-2", 2, None, 8], ["LAB-1", 1, 120.5, 7.25], ["LAB-3", 3, 99, 9], ["LAB-4", 4, 1000000, 10],
        ],
    }  # fmt: skip


def mwtab_text(
    block: str = "MS_METABOLITE_DATA",
    rows: Sequence[str] = ("nicotinamide\t120.5\t\t99\t1e6", "2_3-diol\t1\t2\t3\t4"),
    metabolites: Sequence[str] = ("nicotinamide\t123.05\t936\tC00153", "2,3-diol\t\t\tn/a"),
    units: str = "Peak area",
) -> str:
    """Write mwTab as text."""
    factors = [f"Treatment:{group} | Sex:F" for group in GROUPS]
    lines = [
        "#METABOLOMICS WORKBENCH STUDY_ID:ST000001 ANALYSIS_ID:AN000001",
        "VERSION             \t1",
        "#PROJECT",
        "PR:PROJECT_SUMMARY               \tA text with a tab\tand # signs",
        "#SUBJECT_SAMPLE_FACTORS:         \tSUBJECT(optional)[tab]SAMPLE[tab]FACTORS(NAME:VALUE pairs separated by |)"
        "[tab]Additional sample data",
        *(f"SUBJECT_SAMPLE_FACTORS           \tm{i}\t{name}\t{factor}\tCage=c{i}; Weight_g={20 + i}"
          for i, (name, factor) in enumerate(zip(SAMPLES, factors, strict=True), 1)),
        f"#{block}",
        f"{block}:UNITS         \t{units}",
        f"{block}_START",
        "\t".join(["Bin range(ppm)" if "BINNED" in block else "Samples", *SAMPLES]),
        "\t".join(["Factors", *factors]),
        *rows,
        f"{block}_END",
    ]  # fmt: skip
    if metabolites:
        lines += ["#METABOLITES", "METABOLITES_START", "metabolite_name\tmoverz_quant\tpubchem_id\tkegg_id"]
        lines += [*metabolites, "METABOLITES_END"]
    return "\n".join([*lines, "#END", ""])


def mwtab_json() -> str:
    """Write the same as JSON."""
    data = [dict(zip(("Metabolite", *SAMPLES), row, strict=True))
            for row in (("nicotinamide", "120.5", "", "99", "1e6"), ("2_3-diol", "1", "2", "3", "4"))]  # fmt: skip
    return json.dumps(
        {
            "METABOLOMICS WORKBENCH": {"STUDY_ID": "ST000001", "ANALYSIS_ID": "AN000001", "VERSION": "1"},
            "SUBJECT_SAMPLE_FACTORS": [
                {"Subject ID": f"m{i}", "Sample ID": name, "Factors": {"Treatment": group, "Sex": "F"},
                 "Additional sample data": {"Cage": f"c{i}", "Weight_g": str(20 + i)}}
                for i, (name, group) in enumerate(zip(SAMPLES, GROUPS, strict=True), 1)
            ],
            "MS_METABOLITE_DATA": {
                "Units": "Peak area",
                "Data": data,
                "Metabolites": [
                    {"Metabolite": "nicotinamide", "moverz_quant": "123.05", "pubchem_id": "936", "kegg_id": "C00153"},
                    {"Metabolite": "2,3-diol", "moverz_quant": "", "pubchem_id": "", "kegg_id": "n/a"},
                ],
            },
        },
        indent=1,
    )  # fmt: skip


def mztab(version: str = "2.0.0-M", values: Sequence[str] = ("120.5\tnull\t99\t1E6", "1\t2\t0\t4")) -> str:
    """Write mzTab-M with metadata, small molecules and features."""
    lines = [
        "COM\tMeta data section", f"MTD\tmzTab-version\t{version}", "MTD\tmzTab-ID\tX-1",
        *(f"MTD\tms_run[{i}]-location\tfile:///C:/data/run%20{i}.mzML" for i in range(1, 5)),
        *(f"MTD\tsample[{i}]\tspecimen {i}" for i in range(1, 5)),
        *(f"MTD\tsample[{i}]-species[1]\t[NCBITaxon, NCBITaxon:10090, Mus musculus, ]" for i in range(1, 5)),
        *(line for i in range(1, 5) for line in (f"MTD\tassay[{i}]\tS{i}", f"MTD\tassay[{i}]-sample_ref\tsample[{i}]",
                                                 f"MTD\tassay[{i}]-ms_run_ref\tms_run[{i}]")),
        "MTD\tstudy_variable[1]\tabx", "MTD\tstudy_variable[1]-assay_refs\tassay[1] | assay[2]",
        "MTD\tstudy_variable[2]\tctrl", "MTD\tstudy_variable[2]-assay_refs\tassay[3]|assay[4]",
        "MTD\tsmall_molecule-quantification_unit\t[PRIDE, PRIDE:0000330, Arbitrary quantification unit, ]",
        "MTD\tsmall_molecule-identification_reliability\t[MS, MS:1002896, compound identification confidence level, ]",
        "",
        "SMH\tSML_ID\tSMF_ID_REFS\tdatabase_identifier\tchemical_formula\tsmiles\tinchi\tchemical_name\turi\t"
        "theoretical_neutral_mass\tadduct_ions\treliability\tbest_id_confidence_measure\tbest_id_confidence_value\t"
        + "\t".join(f"abundance_assay[{i}]" for i in range(1, 5))
        + "\tabundance_study_variable[1]\tabundance_variation_study_variable[1]",
        "SML\t1\t1 | 2\tHMDB:HMDB0001406 | CHEBI:17154\tC6H6N2O\tnull\tnull\tnicotinamide\tnull\t122.048\t[M+H]1+\t1"
        f"\tnull\tnull\t{values[0]}\t5\tnull",
        f"SML\t2\t3\tnull\tnull\tnull\tnull\tnull\tnull\tnull\tnull\t4\tnull\tnull\t{values[1]}\t5\tnull",
        "",
        "SFH\tSMF_ID\tSME_ID_REFS\tSME_ID_REF_ambiguity_code\tadduct_ion\tisotopomer\texp_mass_to_charge\tcharge\t"
        "retention_time_in_seconds\tretention_time_in_seconds_start\tretention_time_in_seconds_end\t"
        + "\t".join(f"abundance_assay[{i}]" for i in range(1, 5)),
        "SMF\t1\tnull\tnull\t[M+H]1+\tnull\t123.0553\t1\t61.5\tnull\tnull\t100\tnull\t90\t9E5",
        "SMF\t2\tnull\tnull\t[M+Na]1+\tnull\t145.0372\t1\t61.5\tnull\tnull\t20.5\tnull\t9\t1E5",
        "SMF\t3\tnull\tnull\tnull\tnull\t200.1\t1\t300\tnull\tnull\t1\t2\t0\t4",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def metaboanalyst(in_rows: bool, labels: Sequence[str] = GROUPS, name: str = "Label") -> str:
    """Write MetaboAnalyst's CSV, samples in rows or columns."""
    table = [
        ["Sample", *SAMPLES],
        [name, *labels],
        ["nicotinamide", "120.5", "", "99", "1e6"],
        ["diol", "1", "2", "3", "4"],
    ]
    rows = [list(row) for row in zip(*table, strict=True)] if in_rows else table
    return "\n".join(",".join(row) for row in rows) + "\n"


def msdial() -> str:
    """Write an alignment result of MS-DIAL 4, with a mean and a standard deviation per class at the end."""
    left = ["Alignment ID", "Average Rt(min)", "Average Mz", "Metabolite name", "Adduct type", "Fill %", "Formula",
            "Ontology", "INCHIKEY", "SMILES", "MS/MS spectrum"]  # fmt: skip
    empty = [""] * (len(left) - 1)
    rows = [
        [*empty, "Class", *GROUPS, "NA", "NA"],
        [*empty, "File type", *["Sample"] * 4, "NA", "NA"],
        [*empty, "Injection order", "1", "2", "3", "4", "NA", "NA"],
        [*empty, "Batch ID", "1", "1", "1", "1", "Average", "Stdev"],
        [*left, *SAMPLES, "abx", "abx"],
        ["0", "1.02", "123.0553", "Nicotinamide", "[M+H]+", "1", "C6H6N2O", "Nicotinamides",
         "DFPAKSUCGFBDDF-UHFFFAOYSA-N", "NC(=O)c1cccnc1", "80.05:900", *["120.5", "0", "99", "1000000", "60", "1"]],
        ["1", "5.1", "200.1", "Unknown", "[M+H]+", "0.5", *["null"] * 4, "", *["1", "2", "3", "4", "1", "1"]],
        ["2", "7.3", "760.585", "w/o MS2:PC 34:1", "[M+H]+", "1", "C42H82NO8P", "PC", "", "", "", *"567851"],
    ]  # fmt: skip
    return "\n".join("\t".join(row) for row in rows) + "\n"


def xcms(kind: str = "diffreport") -> str:
    """Write a diffreport (TSV), a peakTable (CSV without ids) or bound feature definitions (R's write.csv)."""
    if kind == "peakTable":
        head = "mz,mzmin,mzmax,rt,rtmin,rtmax,npeaks,abx,ctrl"
        return f"{head},S1,S2,S3,S4\n123.0553,123.05,123.06,61.5,60,63,3,1,2,120.5,NA,99,1000000\n" \
               "200.1,200,200.2,300,299,301,4,2,2,1,2,3,4\n"  # fmt: skip
    if kind == "features":
        return '"","mzmed","mzmin","mzmax","rtmed","rtmin","rtmax","npeaks","peakidx","ms_level",' \
               '"S1.mzML","S2.mzML","S3.mzML","S4.mzML"\n' \
               '"FT001",123.0553,123.05,123.06,61.5,60,63,3,"c(1, 5)",1,120.5,NA,99,1000000\n' \
               '"FT002",200.1,200,200.2,300,299,301,4,"c(2, 3)",1,1,2,3,4\n'  # fmt: skip
    place = words("mzmed mzmin mzmax rtmed rtmin rtmax npeaks abx ctrl")
    head = ["name", "fold", "tstat", "pvalue", *place, *SAMPLES, "isotopes", "adduct", "pcgroup"]
    one = [*words("M123T62 2 1.5 0.1 123.0553 123.05 123.06 61.5 60 63 3 1 2 120.5 NA 99 1000000 [1][M]+"), "", "1"]
    two = [*words("M200T300 1 0 1 200.1 200 200.2 300 299 301 4 2 2 1 2 3 4"), "", "", "2"]
    return "\n".join("\t".join(row) for row in (head, one, two)) + "\n"


#: Format → a small file in it, as the sniffers shall see it.
EXAMPLES: Mapping[str, Sequence[bytes]] = {
    "workbook": (block_workbook(), workbook(linked_sheets()), workbook({"Sheet1": [["id", "S1"], ["a", 1]]})),
    "metabolon": (block_text().encode(), block_text(";").encode()),
    "mwtab": (mwtab_text().encode(), mwtab_json().encode(), mwtab_text("NMR_BINNED_DATA", metabolites=()).encode()),
    "mztab": (mztab().encode(),),
    "metaboanalyst": (metaboanalyst(True).encode(), metaboanalyst(False).encode()),
    "msdial": (msdial().encode(),),
    "xcms": (xcms().encode(), xcms("peakTable").encode(), xcms("features").encode()),
}


def write(folder: Path, name: str, contents: str | bytes) -> Path:
    """Write a file and return its path."""
    place = folder / name
    place.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return place
