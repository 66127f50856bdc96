"""Null rates of the survival statistics that docs/decisions/survival.md quotes. Usage: python null_rates.py [studies].

Arms do not differ. Times are Weibull, cages multiply the hazard by a lognormal frailty of standard deviation 0.7 (no
cages: 0), a tenth of the mice is lost to follow-up and all are censored at one time.
"""

from __future__ import annotations

import sys

import numpy as np

from commensal import stats

LEVELS = (0.05, 0.01)


def study(rng, arms, cages, mice, frailty):
    cage = np.repeat(np.arange(arms * cages), mice)
    hazard = np.exp(frailty * rng.normal(size=arms * cages))[cage]
    death = rng.weibull(2.0, cage.size) / np.sqrt(hazard)
    stop = np.where(rng.random(cage.size) < 0.1, rng.uniform(0, 1.2, cage.size), 1.2)
    event = death <= stop
    change = np.where(event, np.nan, np.round(rng.normal(size=cage.size) - np.log(hazard), 1))
    return np.minimum(death, stop), event, change, cage // cages, cage


def outside(low, high):
    if np.isnan(low):
        return low
    return 1.0 if low <= 0 <= high else 0.05


def rates(rng, n, arms, cages, mice, *, caged):
    found = {}
    for _ in range(n):
        time, event, change, arm, cage = study(rng, arms, cages, mice, 0.7 if caged else 0.0)
        options = {"cage": cage} if caged else {}
        two = arm < 2
        t, e, c, a = time[two], event[two], change[two], arm[two]
        pair = {name: value[two] for name, value in options.items()}
        many = stats.log_rank_many_to_one(time, event, arm, 0, n=199, **options)
        wins = stats.win_ratio(t, e, a, change=c, n=199, **pair)
        values = {
            "log-rank chi2": stats.log_rank(t, e, a).p,
            "log-rank p": many.p[0],
            "any arm p_closed": many.p_closed.min(),
            "any arm p_max": many.p_max.min(),
            "cox": stats.cox(t, e, a[:, None], [1], cluster=pair.get("cage")).p,
            "rmst": stats.rmst_difference(t, e, a, 1.0, **pair).p,
            "cafs p": stats.cafs_test(t, e, c, a, n=199, **pair).p,
            "win p": wins.p,
            # An interval at 95 % rejects or does not: 0.05 stands for "outside".
            "win ratio interval": outside(wins.low, wins.high),
            "net benefit interval": outside(wins.net_benefit_low, wins.net_benefit_high),
        }
        for name, p in values.items():
            found.setdefault(name, []).append(p)
    return found


def main(n):
    for arms, cages, mice, caged in [
        (3, 8, 1, False), (3, 20, 1, False), (3, 60, 1, False),
        (3, 2, 4, True), (3, 3, 4, True), (3, 4, 4, True), (3, 8, 4, True),
    ]:  # fmt: skip
        rng = np.random.default_rng([1, cages, mice])
        units = f"cages of {mice}" if caged else "subjects"
        sys.stdout.write(f"{arms} arms of {cages} {units}, {n} studies\n")
        for name, values in rates(rng, n, arms, cages, mice, caged=caged).items():
            p = np.array(values)
            shown = "  ".join(f"{level}: {np.mean(p <= level):.3f}" for level in LEVELS)
            sys.stdout.write(f"  {name:22s} {shown}  missing {np.isnan(p).mean():.3f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
