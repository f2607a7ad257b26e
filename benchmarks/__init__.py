"""Measurements of the project beside peers.

Each module is a program.  BLAS has one thread, so that no result depends on the number of cores.
"""

from designer.numerics.threads import limit_blas_threads

limit_blas_threads()
