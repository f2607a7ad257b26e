"""The best beam that a layout allows, and how near the design comes."""
