"""Filters for other people's tools."""
