"""The one room that knows all the others: each verb of the command line as a function."""

from __future__ import annotations

from commensal.pipeline import reference, simulate
from commensal.pipeline.check import check
from commensal.pipeline.demo import demo
from commensal.pipeline.init import init
from commensal.pipeline.load import load
from commensal.pipeline.profile import profile
from commensal.pipeline.run import Progress, Result, run

__all__ = ["Progress", "Result", "check", "demo", "init", "load", "profile", "reference", "run", "simulate"]
