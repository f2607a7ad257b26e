/* Faust's C as a block of the matrix: the program calls it as it calls its own. */
#ifndef BENCH_MATRIX_FAUST_H
#define BENCH_MATRIX_FAUST_H

void faust_start(void);
void faust_matrix(void);

#endif
