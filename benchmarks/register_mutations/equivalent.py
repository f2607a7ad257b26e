"""Mutations that change nothing that a board can show, each with its reason."""

from __future__ import annotations

from benchmarks.register_mutations.bus import Mutation
from benchmarks.register_mutations.sites import Site

# Register, kind of mutation (empty: any), and reason.
REASONS: tuple[tuple[str, str, str], ...] = ()


def reason(site: Site, mutation: Mutation) -> str:
    """Say why a mutation cannot be noticed; empty where there is no reason."""
    for register, kind, text in REASONS:
        if site.register == register and kind in ("", mutation.kind):
            return text
    return ""
