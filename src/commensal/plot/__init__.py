"""Charts for notebooks, from the tables of a result alone: each function returns an Altair chart that can be changed.

They draw and compute nothing: every number is a row of the estimates, the points or the claims. A chart shows one
comparison; where a table holds several, the refusal lists them. Colours are Okabe and Ito's, and a shape or a dash goes
with each, so that nothing hangs on colour alone.
"""

from commensal.plot.effects import estimates, volcano
from commensal.plot.evidence import claims
from commensal.plot.samples import abundance, ordination
from commensal.plot.saving import save
from commensal.plot.times import course, survival

__all__ = ["abundance", "claims", "course", "estimates", "ordination", "save", "survival", "volcano"]
