/* The kernels of one instruction set as a table. */
#include "tensor/kernels/kernel.h"

#define YT_STRING(x) #x
#define YT_STRING_EXPANDED(x) YT_STRING(x)

extern const struct yt_kernels YT_KERNEL(kernels);
const struct yt_kernels YT_KERNEL(kernels) = {.name = YT_STRING_EXPANDED(YT_KERNEL_ISA),
#define YT_ENTRY(kernel) .kernel = YT_KERNEL(kernel),
                                              YT_KERNELS(YT_ENTRY)
#undef YT_ENTRY
};
