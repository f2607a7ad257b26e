"""Proscenium: from the layout of a loudspeaker to a proven speaker board."""

import os

# Ahead of NumPy, and whatever the environment says: threads of BLAS share a sum in another order, and a rounding that
# falls the other way is another table and another digest. A board flashed by one command would not be known by the
# next. (The matrices are small, too: two threads that waited for each other took six times as long as one.)
os.environ["OPENBLAS_NUM_THREADS"] = "1"
