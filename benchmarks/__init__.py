"""What is measured, against which peer.

Each module is a program.  What it measures must not depend on the machine's cores: BLAS has one thread from here on.
"""

from designer.numerics.threads import limit_blas_threads

limit_blas_threads()
