"""Metrics: where measured values come from, what is kept of them, and how they are told."""
