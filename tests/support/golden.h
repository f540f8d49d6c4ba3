/* Inputs of the recorded numbers in tests/golden. */
#ifndef YT_TESTS_SUPPORT_GOLDEN_H
#define YT_TESTS_SUPPORT_GOLDEN_H

#include <stdint.h>

/* Element i of the input named `key`, in [0, 1) with 24 bits: FNV-1a of the key, then splitmix64 by
 * counter. */
double yt_golden_u(const char *key, uint64_t i);
/* The same for millions of elements: the key is hashed once. */
uint64_t yt_golden_key(const char *key);
double yt_golden_at(uint64_t key, uint64_t i);

#endif
