"""QIIME 2's side of ``make bench-qiime``: run by the Python of QIIME 2, never by this project's.

Reads ``jacobs2016.npz``, ``kostic2015.npz`` and ``tree.nwk`` in a folder and writes ``peer.json`` beside them.
Diversity is computed by QIIME 2 itself (q2-feature-table, q2-diversity-lib). q2-diversity and q2-longitudinal are not
in Debian, so what they call is called here as they call it: scikit-bio's ``permanova``, statsmodels' ``mixedlm``.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"


def diversity(counts, tree, depth, times):
    """QIIME 2's own actions: alpha and beta diversity, and the observed features of rarefied tables."""
    import biom
    import pandas as pd
    import skbio
    from qiime2 import Artifact
    from qiime2.plugins import diversity_lib, feature_table

    names = [f"s{i}" for i in range(len(counts))]
    table = biom.Table(counts.T, [f"t{j}" for j in range(counts.shape[1])], names)
    table = Artifact.import_data("FeatureTable[Frequency]", table)
    tree = Artifact.import_data("Phylogeny[Rooted]", skbio.TreeNode.read([tree]))

    def alpha(artifact):
        return artifact.view(pd.Series).reindex(names).tolist()

    def beta(artifact):
        return artifact.view(skbio.DistanceMatrix).filter(names).data.tolist()

    shallow = []
    for _ in range(times):
        (rare,) = feature_table.actions.rarefy(table, sampling_depth=depth)
        shallow.append(alpha(diversity_lib.actions.observed_features(rare)[0]))
    return {
        "shannon": alpha(diversity_lib.actions.shannon_entropy(table)[0]),
        "observed": alpha(diversity_lib.actions.observed_features(table)[0]),
        "faith_pd": alpha(diversity_lib.actions.faith_pd(table, tree)[0]),
        "bray_curtis": beta(diversity_lib.actions.bray_curtis(table)[0]),
        "unweighted_unifrac": beta(diversity_lib.actions.unweighted_unifrac(table, tree)[0]),
        "weighted_unifrac": beta(diversity_lib.actions.weighted_unifrac(table, tree)[0]),
        "rarefied": shallow,
    }


def permanova(distance, label, n):
    """What beta-group-significance runs: labels move freely."""
    from skbio import DistanceMatrix
    from skbio.stats.distance import permanova as theirs

    made = theirs(DistanceMatrix(distance), [str(int(one)) for one in label], permutations=n)
    return float(made["test statistic"]), float(made["p-value"])


def mixed(y, age, group, infant):
    """What linear-mixed-effects runs: metric ~ state * group, a random intercept for each individual."""
    import pandas as pd
    from statsmodels.formula.api import mixedlm

    frame = pd.DataFrame({"y": y, "age": age, "group": group, "infant": infant})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            fit = mixedlm("y ~ age * group", frame, groups=frame["infant"]).fit()
        except Exception as error:  # whatever it fails with is told
            return {"status": type(error).__name__}
    quiet = fit.converged and not told
    names = ("group", "age:group")
    gls = generalised(fit, infant)
    return {
        "status": "ok" if quiet else "warned",
        "effect": [float(fit.params[one]) for one in names],
        "se": [float(fit.bse[one]) for one in names],
        "gls": [gls[list(fit.model.exog_names).index(one)] for one in names],
        "p": [float(fit.pvalues[one]) for one in names],
        "variance": float(fit.cov_re.iloc[0, 0]) / float(fit.scale),
    }


def generalised(fit, infant):
    """Standard errors of generalised least squares, (X'V⁻¹X)⁻¹, at the variances that statsmodels found.

    Its own come from the whole Hessian, variances included, which is another estimate.
    """
    import numpy as np

    between = np.equal.outer(infant, infant) * float(fit.cov_re.iloc[0, 0])
    inverse = np.linalg.inv(between + np.eye(len(infant)) * fit.scale)
    return np.sqrt(np.diag(np.linalg.inv(fit.model.exog.T @ inverse @ fit.model.exog))).tolist()


def timed(work):
    """Processor seconds, and what it gave."""
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def main():
    """Answer everything in the folder."""
    import numpy as np
    import qiime2
    import skbio
    import statsmodels

    folder = Path(sys.argv[1])
    jacobs, kostic = np.load(folder / "jacobs2016.npz"), np.load(folder / "kostic2015.npz")
    np.random.seed(1)  # noqa: NPY002  scikit-bio 0.5 and QIIME 2's rarefy draw from the global generator
    told = {
        "versions": {
            "QIIME 2": qiime2.__version__,
            "scikit-bio": skbio.__version__,
            "statsmodels": statsmodels.__version__.split("+")[0],
            "numpy": np.__version__,
        },
        "diversity": diversity(jacobs["counts"], (folder / "tree.nwk").read_text(), int(jacobs["depth"]), 20),
    }
    for name, data in (("jacobs2016", jacobs), ("kostic2015", kostic)):
        distance = data["distance"]
        many, few = int(data["many"]), int(data["few"])
        seconds, (f, p) = timed(lambda d=distance, g=data["case"], n=many: permanova(d, g, n))
        null = [permanova(distance, one, few)[1] for one in data["shuffles"]]
        told[name] = {"f": f, "p": p, "seconds": seconds, "null": null}
    y, age, infant = kostic["y"], kostic["age"], kostic["infant"]
    seconds, fits = timed(lambda: [mixed(one, age, kostic["case"], infant) for one in y.T])
    null = [[mixed(y[:, j], age, label, infant) for j in kostic["chosen"]] for label in kostic["shuffles"]]
    told["mixed"] = {"fits": fits, "seconds": seconds, "null": null}
    (folder / "peer.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
