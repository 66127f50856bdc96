"""Which features of a table a molecule's name means: the compound that was resolved, else label or id as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Columns of an assay's features that hold names, the one to trust first in front.
COMPOUND, LABEL = "compound", "label"


def plain(features: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """Return a column's names in lower case (m,), without the id that makes a label unique: ``Cholic Acid (F12)``.

    Examples
    --------
    >>> plain(pd.DataFrame({"label": ["Cholic Acid (F12)", "x (y)"]}, index=["F12", "F13"]), "label").tolist()
    ['cholic acid', 'x (y)']
    """
    held = features[column].astype("string").fillna("")
    made = [
        text.removesuffix(f" ({name})").casefold().strip()
        for text, name in zip(held, features.index.astype(str), strict=True)
    ]
    return np.array(made, dtype=object)


def named(features: pd.DataFrame, name: str) -> NDArray[np.intp]:
    """Return the columns of a table that a name means: by `compound`, else by label, else by id, upper case or lower.

    Examples
    --------
    >>> frame = pd.DataFrame({"label": ["NAM", "x"], "compound": ["nicotinamide", None]}, index=["M1", "M2"])
    >>> named(frame, "Nicotinamide").tolist(), named(frame, "m2").tolist(), named(frame, "indole").tolist()
    ([0], [1], [])
    """
    return np.array(all_named(features, [name]).get(name, []), dtype=np.intp)


def all_named(features: pd.DataFrame, names: Iterable[str]) -> dict[str, list[int]]:
    """Return the columns of a table that each of these names means, as `named` does; names of none are left out."""
    held: list[dict[str, list[int]]] = []
    columns = [plain(features, column) for column in (COMPOUND, LABEL) if column in features]
    for values in [*columns, np.array([str(one).casefold().strip() for one in features.index], dtype=object)]:
        places: dict[str, list[int]] = {}
        for at, text in enumerate(values):
            places.setdefault(text, []).append(at)
        held.append(places)
    found = {}
    for name in names:
        wanted = name.casefold().strip()
        place = next((places[wanted] for places in held if wanted and wanted in places), None)
        if place is not None:
            found[name] = place
    return found


def targeted_columns(features: pd.DataFrame, names: Sequence[str]) -> dict[int, str]:
    """Return the columns of a table that were chosen beforehand, each with the name that chose it."""
    return {at: name for name, places in all_named(features, names).items() for at in places}


def exogenous(features: pd.DataFrame) -> NDArray[np.object_]:
    """Return why each feature is no molecule of the body or its microbes (m,), such as ``drug``; "" where it is."""
    if "exogenous" not in features:
        return np.full(len(features), "", dtype=object)
    return features["exogenous"].astype("string").fillna("").to_numpy(dtype=object)
