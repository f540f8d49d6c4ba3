/* Plain matrix products on one thread, row-major: c = alpha*op(a)*op(b) + beta*c, with c (m, n),
 * op(a) (m, k), op(b) (k, n) and row strides. The only user of OpenBLAS. Safe inside an OpenMP
 * region, the same bits wherever it is called from. */
#ifndef YT_TENSOR_BLAS_H
#define YT_TENSOR_BLAS_H

#include <stdbool.h>

void yt_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a,
             int lda, const float *b, int ldb, float beta, float *c, int ldc);
/* Which BLAS this is: "OpenBLAS 0.3.21 ... Zen". */
const char *yt_blas_describe(void);

#endif
