"""``python -m commensal``."""

from commensal.cli import main

main()
