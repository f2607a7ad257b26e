"""`python -m designer.cli`, the same as `proscenium`."""

from designer.cli import main

main()
