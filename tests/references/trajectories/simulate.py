"""Write data.tsv.gz: mice in cages nested in three arms, measured at five times; complete, and with dropouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

TIMES = (0, 7, 14, 21, 28)


def main() -> None:
    """Cage, mouse and their paces vary; by day 28 a third of one arm is gone in the second study."""
    rng = np.random.default_rng(11)
    rows = []
    for study in ("complete", "dropouts"):
        for cage in range(12):
            arm = ("control", "one", "two")[cage // 4]
            shift, pace = rng.normal(0, 1.0), rng.normal(0, 0.05)
            for mouse in range(4):
                own, run = rng.normal(0, 2.0), rng.normal(0, 0.1)
                last = rng.choice([13, 20, 27]) if study == "dropouts" and rng.random() < 0.35 else 99
                for day in TIMES:
                    lost = {"control": 0.5, "one": 0.7, "two": 0.4}[arm]
                    y = 50 + shift + own - (lost + pace + run) * day + rng.normal(0, 1.0)
                    if day <= last:
                        rows.append((study, arm, f"c{cage}", f"c{cage}m{mouse}", day, round(y, 4)))
    frame = pd.DataFrame(rows, columns=["study", "arm", "cage", "mouse", "day", "y"])
    frame.to_csv(Path(__file__).parent / "data.tsv.gz", sep="\t", index=False)


if __name__ == "__main__":
    main()
