#include "support/golden.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

double yt_golden_u(const char *key, uint64_t i) {
    uint64_t z = yt_hash(key, strlen(key)) + (i + 1) * 0x9E3779B97F4A7C15u;
    return ldexp((double)(yt_mix(z) >> 40), -24);
}
