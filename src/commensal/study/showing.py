"""How a study and its tables look at a prompt and in a notebook: text, and HTML in which every name is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from commensal.errors import printable

if TYPE_CHECKING:
    from commensal.study.loaded import AssayTable, LoadedStudy

#: So many names, rows and columns are shown; more are counted.
NAMES, ROWS, COLUMNS = 8, 6, 6


def text_of(value: object) -> str:
    """Return a value as one line of text: numbers short, missing as ``–``, control characters written out.

    Examples
    --------
    >>> text_of(0.123456), text_of(57174.4), text_of(float("nan")), text_of(True)
    ('0.123', '57,174', '–', 'True')
    """
    if value is None or value != value or str(value) == "<NA>":  # noqa: PLR0124  NaN differs from itself
        return "–"
    if isinstance(value, float | np.floating):
        number = float(value)
        return f"{number:,.0f}" if 1e3 <= abs(number) < 1e7 else f"{number:.3g}"
    return printable(str(value)).replace("\n", "\\n").replace("\t", "\\t")


def some(names: Iterable[object], most: int = NAMES) -> str:
    """Name the first few, and count the others.

    Examples
    --------
    >>> some("abcd", 2)
    'a, b and 2 more'
    """
    known = [text_of(name) for name in names]
    return ", ".join(known[:most]) + (f" and {len(known) - most} more" if len(known) > most else "")


def table_html(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """Return an HTML table in which every cell, heading and caption is escaped.

    Examples
    --------
    >>> table_html(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    from markupsafe import escape

    cells = "".join(f"<th>{escape(printable(one))}</th>" for one in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(text_of(one))}</td>" for one in row) + "</tr>" for row in rows)
    told = f"<caption>{escape(printable(caption))}</caption>" if caption else ""
    return f"<table>{told}<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def heading_html(text: str, *lines: str) -> str:
    """Return an escaped heading with escaped lines below."""
    from markupsafe import escape

    return f"<p><strong>{escape(printable(text))}</strong></p>" + "".join(
        f"<p>{escape(printable(line))}</p>" for line in lines if line
    )


def study_lines(study: LoadedStudy) -> tuple[str, list[list[object]], list[list[object]]]:
    """Return the first sentence of a study, a row per assay, and a row per question."""
    declared = study.declared
    begun = not declared.title or declared.title.startswith(declared.name)
    title = (declared.title or declared.name) if begun else f"{declared.name}: {declared.title}"
    samples, subjects = len(study.samples), study.samples["subject"].nunique()
    first = f"{title} ({samples:,} samples of {subjects:,} subjects)"
    assays: list[list[object]] = []
    for name, table in study.assays.items():
        size = [len(study.matches[name].matched), len(table.features)]
        assays.append([name, table.assay.kind, table.assay.specimen, *size, _in(table)])
    questions: list[list[object]] = []
    for name, one in declared.questions.items():
        questions.append([name, one.kind, one.contrast, "all" if one.assays == () else some(one.assays)])
    return first, assays, questions


ASSAY_HEAD = ("assay", "kind", "specimen", "samples", "features", "values")
QUESTION_HEAD = ("question", "kind", "contrast", "assays")


def study_text(study: LoadedStudy) -> str:
    """Return the study as a few lines of text."""
    first, assays, questions = study_lines(study)
    lines = [f"Study {printable(first)}"]
    lines += [
        f"  assay {text_of(name)}: {kind}, {n} samples × {m:,} features, {values}"
        for name, kind, _, n, m, values in assays
    ]
    lines += [f"  question {text_of(name)}: {kind} of {text_of(contrast)}" for name, kind, contrast, _ in questions]
    lines += [f"  {len(study.dropped):,} things left out: see .dropped"] if study.dropped else []
    return "\n".join(lines)


def study_html(study: LoadedStudy) -> str:
    """Return the study as HTML."""
    first, assays, questions = study_lines(study)
    left = f"{len(study.dropped):,} things left out, each with its reason in .dropped" if study.dropped else ""
    return (
        heading_html(first, left)
        + table_html(ASSAY_HEAD, assays)
        + (table_html(QUESTION_HEAD, questions) if questions else "")
    )


def assay_text(table: AssayTable) -> str:
    """Return an assay as a few lines of text."""
    n, m = table.values.shape
    lines = [f"Assay {text_of(table.name)}: {table.assay.kind}, {n:,} samples × {m:,} features, {_in(table)}"]
    lines += [f"  samples: {some(table.samples)}", f"  features: {some(table.features['label'])}"]
    if table.metadata is not None:
        lines += [f"  metadata: {some(table.metadata.columns)}"]
    lines += [f"  {len(table.dropped):,} things left out: see .dropped"] if table.dropped else []
    return "\n".join(lines)


def assay_html(table: AssayTable) -> str:
    """Return an assay as HTML: what it is, and its upper left corner."""
    n, m = table.values.shape
    first = f"{table.name}: {table.assay.kind}, {n:,} samples × {m:,} features, {_in(table)}"
    corner = table.values[:ROWS, :COLUMNS]
    labels = [text_of(one) for one in table.features["label"].iloc[:COLUMNS]]
    rows = [[sample, *row] for sample, row in zip(table.samples, corner, strict=False)]
    more = [f"{n - ROWS:,} more samples" if n > ROWS else "", f"{m - COLUMNS:,} more features" if m > COLUMNS else ""]
    known = "" if table.metadata is None else f"metadata: {some(table.metadata.columns)}"
    return heading_html(first, known) + table_html(["sample", *labels], rows) + _more([one for one in more if one])


def _more(told: list[str]) -> str:
    return f"<p>{' and '.join(told)}</p>" if told else ""


def _in(table: AssayTable) -> str:
    """Say what the values are, with their unit."""
    unit = f" ({printable(table.assay.unit)})" if table.assay.unit else ""
    return f"{table.assay.value or 'values'}{unit}"
