"""Lumen SLI Action: why a pipeline stage failed, whether to run it again, and how reliable the pipeline is."""

from __future__ import annotations

__version__ = "0.1.0"
