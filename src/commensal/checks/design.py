"""What the study file does not say: randomisation, blinding, exclusions, primary outcome."""

from __future__ import annotations

from collections.abc import Iterator

from commensal.checks.asked import of_animals
from commensal.study import LoadedStudy
from commensal.tables import Finding

#: Key of [design] → (code, what silence means, an answer; ``{name}`` is a measure or question of the study).
_KEYS = {
    "randomised": ("undeclared_randomisation", "what was allotted at random to the arms", 'randomised = "cage"'),
    "blinded": (
        "undeclared_blinding",
        "which outcomes were assessed by people who did not know the side",
        "blinded = [{name}]",
    ),
    "exclusions": (
        "undeclared_exclusions",
        "who was left out, and by which rule",
        'exclusions = "antibiotics in the last 3 months"',
    ),
    "primary": ("undeclared_primary", "which outcome was chosen beforehand", "primary = [{name}]"),
}


def undeclared(loaded: LoadedStudy) -> Iterator[Finding]:
    """Ask for each key of [design] that is silent and applies; ``"unknown"`` is an answer."""
    declared = loaded.declared
    if not declared.questions:
        return
    people = not of_animals(loaded)
    name = f'"{next(iter((*declared.measures, *declared.questions)))}"'
    for key, (code, what, example) in _KEYS.items():
        if getattr(declared.design, key) is not None:
            continue
        if people and (key == "randomised" or (key == "blinded" and not declared.measures)):
            continue  # people choose their own disease, and a sequencer is blind
        unknown = '["unknown"]' if key in ("blinded", "primary") else '"unknown"'
        yield Finding(
            code,
            "note",
            "[design]",
            f"the study file does not say {what}.",
            f"add {example.format(name=name)}, or {key} = {unknown}, to [design]",
        )


def unasked(loaded: LoadedStudy) -> Iterator[Finding]:
    """Contrasts that no question uses: nothing about them was checked."""
    questions = loaded.declared.questions.values()
    asked = {name for question in questions for name in (question.contrast, *question.controls.values())}
    asked |= {str(question.supplements) for question in questions}
    for name in loaded.declared.contrasts:
        if name not in asked:
            yield Finding(
                "contrast_not_asked",
                "note",
                f"[contrasts.{name}]",
                f"no question asks for contrast {name}: it was neither checked nor estimated.",
                f'add a question with contrast = "{name}", or take it out',
                contrast=name,
            )
