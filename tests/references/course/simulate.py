"""Write data.tsv: ten mice a side in five cages, six ages, onset at age 3.5; two features, one with gaps."""

import numpy as np
import pandas as pd

rng = np.random.default_rng(20161)
mouse = np.repeat(np.arange(20), 6)
age = np.tile(np.arange(1.0, 7.0), 20)
cage = mouse // 2
case = (cage >= 5).astype(int)
after = (age > 3.5).astype(int)
y = rng.normal(size=(120, 2)) + 0.8 * rng.normal(size=(20, 2))[mouse]
y += 0.5 * rng.normal(size=(40, 2))[mouse * 2 + after]
y += 1.2 * (case * after)[:, None] + 0.3 * age[:, None]
frame = pd.DataFrame({"mouse": mouse, "cage": cage, "age": age, "case": case, "after": after})
frame["y1"] = y[:, 0].round(6)
frame["y2"] = np.where(rng.random(120) < 0.2, np.nan, y[:, 1].round(6))
if __name__ == "__main__":  # test runners import every module
    frame.to_csv("data.tsv", sep="\t", index=False, na_rep="NA")
