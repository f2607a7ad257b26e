"""Export of filters to the formats of other tools."""
