"""The sections of the report, one module for each; a section that finds nothing to show is left out."""
