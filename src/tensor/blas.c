#include "tensor/blas.h"

#include "tensor/kernels.h"

#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void use_one_thread(void) {
    openblas_set_num_threads(1);
}

void yt_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a,
             int lda, const float *b, int ldb, float beta, float *c, int ldc) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, use_one_thread);
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c,
                ldc);
}

bool yt_blas_name_core(void) {
    if (strcmp(openblas_get_corename(), "Prescott") || getenv("OPENBLAS_CORETYPE")) return false;
    const char *core = !strcmp(yt_isa(), "avx512") ? "SkylakeX"
                       : !strcmp(yt_isa(), "avx2") ? "Haswell"
                                                   : NULL;
    return core && setenv("OPENBLAS_CORETYPE", core, 1) == 0;
}

const char *yt_blas_describe(void) {
    return openblas_get_config();
}
