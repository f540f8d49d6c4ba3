/* Plain matrix products on one thread, row-major: c = alpha*op(a)*op(b) + beta*c, with c (m, n),
 * op(a) (m, k), op(b) (k, n) and row strides. The only user of OpenBLAS. Safe inside an OpenMP
 * region, the same bits wherever it is called from. */
#ifndef YT_TENSOR_BLAS_H
#define YT_TENSOR_BLAS_H

#include <stdbool.h>

void yt_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a,
             int lda, const float *b, int ldb, float beta, float *c, int ldc);
/* OpenBLAS takes a CPU that is younger than itself for one without AVX: on an Emerald Rapids Xeon
 * Debian 12's gave attention a third of the speed. It can be told otherwise only in the
 * environment, before the program starts; so where that has happened, and OPENBLAS_CORETYPE does
 * not say otherwise, this names a core with the instruction set that yt_isa() found. True: it did,
 * and the program is to begin again. */
bool yt_blas_name_core(void);
/* Which BLAS this is: "OpenBLAS 0.3.21 ... Zen". */
const char *yt_blas_describe(void);

#endif
