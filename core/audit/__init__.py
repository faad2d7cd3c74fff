"""The trail: who asked for what, when, and what came of it. See README.md."""

from core.audit.model import Decision, Invocation, digest_of
from core.audit.proof import PROTECTED, prove, prove_seals
from core.audit.recording import RECORD, Trail, record, record_invocation, was_recorded
from core.audit.sealing import OVERLAP, OVERLAP_MAX, TRAILS, Place, look_back, seal_next

__all__ = [
    "OVERLAP",
    "OVERLAP_MAX",
    "PROTECTED",
    "RECORD",
    "TRAILS",
    "Decision",
    "Invocation",
    "Place",
    "Trail",
    "digest_of",
    "look_back",
    "prove",
    "prove_seals",
    "record",
    "record_invocation",
    "seal_next",
    "was_recorded",
]
