"""What can go wrong in the analysis: one tree, with messages for people."""

from __future__ import annotations


class AnalysisError(Exception):
    """Anything that keeps a question from being answered."""


class TaxonomyError(AnalysisError):
    """A file in analysis/causes is not what docs/architecture.md asks for; names file and cause."""


class RulesError(AnalysisError):
    """A file in analysis/rules is not what docs/architecture.md asks for; names file and line."""
