#include "support/golden.h"

#include "base/rng.h"

#include <string.h>

uint64_t yt_golden_key(const char *key) {
    return yt_hash(key, strlen(key));
}

double yt_golden_at(uint64_t key, uint64_t i) {
    return (double)(yt_mix(key + (i + 1) * 0x9E3779B97F4A7C15u) >> 40) * 0x1p-24;
}

double yt_golden_u(const char *key, uint64_t i) {
    return yt_golden_at(yt_golden_key(key), i);
}
