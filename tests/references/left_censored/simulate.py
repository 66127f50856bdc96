"""Write data.tsv: three arms of logarithms with limits of detection, some shared, some per sample, and a covariate."""

from pathlib import Path

import numpy as np
import pandas as pd

rng = np.random.default_rng(20)
n = 30
arm, age = np.repeat(["water", "abx", "strain"], n // 3), rng.normal(50, 10, n).round(1)
data = pd.DataFrame({"arm": arm, "age": age})
for share, name in ((0.1, "few"), (0.4, "some"), (0.7, "most")):
    y = 12 + 1.4 * rng.normal(size=n) - 1.0 * (arm == "abx") + 0.6 * (arm == "strain") + 0.02 * (age - 50)
    shared = np.full(n, np.quantile(y, share))
    own = shared + rng.normal(scale=0.4, size=n)
    for tag, limit in (("shared", shared), ("own", own)):
        data[f"{name}.{tag}.limit"] = limit.round(4)
        data[f"{name}.{tag}"] = np.where(y > limit, y, np.nan).round(4)
y = 12 + 1.4 * rng.normal(size=n)
data["gone.shared.limit"] = 9.5
data["gone.shared"] = np.where((arm == "abx") | (y < 9.5), np.nan, y).round(4)
if __name__ == "__main__":  # test runners import every module
    data.to_csv(Path(__file__).parent / "data.tsv", sep="\t", index=False)
