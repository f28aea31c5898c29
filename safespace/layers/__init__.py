"""Layers beside the reports: outlines of areas, stops and lamps, figures by area, supplied amounts."""
