"""Tries out a storage as configured: each thing that a project does with it, and what cures it."""

from storages.doctor.examination import examine
from storages.doctor.report import FAILED, OK, SKIPPED, WARNING, ProbeLeftError, Setting, Step

__all__ = [
    "FAILED",
    "OK",
    "SKIPPED",
    "WARNING",
    "ProbeLeftError",
    "Setting",
    "Step",
    "examine",
]
