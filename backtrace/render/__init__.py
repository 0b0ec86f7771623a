"""Renderers: one module a format, each a function of the same sections."""
