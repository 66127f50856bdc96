"""Figures and page: draws and words rows of Estimates and points, computes nothing."""

from commensal.page.claim_words import headline as claims_headline
from commensal.page.found import headlines
from commensal.page.plan_page import write_plan
from commensal.page.plan_view import PlanView, plan_sentences
from commensal.page.render import write
from commensal.page.view import PageView

__all__ = ["PageView", "PlanView", "claims_headline", "headlines", "plan_sentences", "write", "write_plan"]
