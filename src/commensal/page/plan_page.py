"""The page of a plan: one file, in the manner of the page of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from commensal.errors import OutputError
from commensal.page.figures import to_files
from commensal.page.figures.drawn import Figure
from commensal.page.figures.power import claim_figures, power_figures
from commensal.page.payload import script_json
from commensal.page.plan_view import NOT_PLANTED, PlanView, comparison, finding, need_words, plan_sentences
from commensal.page.render import asset, bundle_script, figures_payload, policy, template_environment
from commensal.page.words import missing, number, percent

SCRIPTS = ("common.js", "page.js")
#: So many sentences are read at once; the others are folded.
OPEN = 12


def write_plan(view: PlanView, out: Path) -> Path:
    """Write ``out/plan.html``, and its figures to ``out/figures/``.

    Parameters
    ----------
    view
        What is drawn and worded; nothing is computed.
    out
        Folder; made where it does not exist. Figures of an earlier plan in it are replaced.

    Returns
    -------
    pathlib.Path
        The page. The same view gives the same bytes.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    drawn = [*claim_figures(view), *power_figures(view)]
    drawn = [replace(one, name=f"plan-{i:02d}-{one.name}") for i, one in enumerate(drawn, start=1)]
    folder = out / "figures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in (*folder.glob("plan-[0-9][0-9]-*.svg"), *folder.glob("plan-[0-9][0-9]-*.pdf")):
            old.unlink()
        drawn = [to_files(figure, folder) for figure in drawn]
        page = out / "plan.html"
        page.write_text(_html(view, drawn), encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            "the page cannot be written", where=str(out), found=error, mend="choose a folder that can be written"
        ) from error
    return page


def _html(view: PlanView, drawn: list[Figure]) -> str:
    script = "".join(map(asset, SCRIPTS))
    bundle = bundle_script() if drawn else ""
    sentences = plan_sentences(view)
    context: dict[str, Any] = {
        "policy": policy([part for part in (bundle, script) if part]),
        "title": view.study.title or view.study.name,
        "studies": view.settings.get("studies", 0),
        "sentences": sentences[:OPEN],
        "more": sentences[OPEN:],
        "figures": drawn,
        "n_claims": len(claim_figures(view)),
        "needed": _needed(view),
        "unreachable": _unreachable(view),
        "left_out": view.left_out,
        "rungs": _rungs(view),
        "settings": _settings(view),
        "sources": sorted(dict(view.settings.get("sources", {})).items()),  # type: ignore[call-overload]
        # our own files, and JSON that script_json has made safe: the only text that is not escaped
        "style": Markup(asset("style.css")),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "bundle": Markup(bundle),  # noqa: S704
        "figures_json": Markup(script_json(figures_payload(drawn))),  # noqa: S704
    }
    template = asset("figure.html.j2") + asset("plan.html.j2")
    return template_environment().from_string(template).render(context) + "\n"


def _needed(view: PlanView) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for _, row in view.needed.iterrows():
        if row["status"] in ("unreachable", NOT_PLANTED):
            continue
        planted = f"× {number(row['size'])}" if missing(row["planted"]) else str(row["planted"])
        false = "–" if missing(row["false_rate"]) else percent(row["false_rate"])
        here = finding(row).split(" is found in ")[-1].split("; ")[0]
        rows.append((str(row["question"]), comparison(row), planted, here,
                     need_words(row), false))  # fmt: skip
    return rows


def _unreachable(view: PlanView) -> list[tuple[str, str, str]]:
    if view.needed.empty:
        return []
    own = view.needed[view.needed["status"] == "unreachable"].drop_duplicates(
        ["question", "contrast", "assay", "measure", "model", "term"]
    )
    return [(str(row["question"]), comparison(row), str(row["why"] or "no p").replace("_", " "))
            for _, row in own.iterrows()]  # fmt: skip


def _rungs(view: PlanView) -> list[tuple[str, str, str, str]]:
    """Return each rung: whether it is a link of the gate, asked for, and how often it holds in the declared design."""
    own = view.claims
    rows = []
    for _, row in view.rungs.iterrows():
        held = "–"
        if not own.empty:
            same = own[(own["line"] == row["line"]) & (own["size"] == own["size"].max())]
            first = same[same["grown"] == "as declared"]
            if len(same):
                one = (first if len(first) else same).iloc[0]
                held = percent(one["rate"]) if one["measured"] > 0 else "never has a p in this design"
        link = "link of the gate" if row["kind"] == "interventional" else "corroborates"
        rows.append((str(row["line"]), link, "asked" if row["asked"] else f"not asked: needs {row['needs']}", held))
    return rows


def _settings(view: PlanView) -> list[tuple[str, str]]:
    words = {"studies": "Studies per point", "effects": "Effects of full size", "sizes": "Multiples of them",
             "grow": "Sizes of the design", "features": "Features of each table, at most",
             "permutations": "Permutations, at most", "seed": "Seed"}  # fmt: skip
    told = []
    for key, name in words.items():
        value = view.settings.get(key)
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        told.append((name, text))
    return told


__all__ = ["write_plan"]
