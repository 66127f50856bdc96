"""Null studies for every p of ``commensal.stats``: designs, estimators, judgement and the page of the documentation."""
