"""Generated C: the one Jinja environment, the design digest, and the writer that spares foreign files."""
