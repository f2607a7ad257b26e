"""Generated C: the Jinja environment, the design digest, and the writer that never overwrites files of others."""
