/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014: the state is a
 * Weyl sequence with step gamma = 2^64 / golden ratio, the output its finalised value. */
#include "base/rng.h"

#include <math.h>
#include <string.h>

static const uint64_t gamma_step = 0x9e3779b97f4a7c15;

uint64_t yt_mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t yt_hash(const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < len; i++) h = (h ^ p[i]) * 0x100000001b3;
    return h;
}

struct yt_rng yt_rng_make(uint64_t seed, const char *purpose, uint64_t a, uint64_t b) {
    /* a mix between the parts: (a, b) and (b, a) are different streams */
    uint64_t parts[] = {yt_hash(purpose, strlen(purpose)), a, b};
    uint64_t h = yt_mix(seed + gamma_step);
    for (size_t i = 0; i < YT_COUNT(parts); i++) h = yt_mix((h ^ parts[i]) + gamma_step);
    return (struct yt_rng){h};
}

uint64_t yt_rng_next(struct yt_rng *rng) {
    return yt_mix(rng->state += gamma_step);
}

/* [0, 1) with 53 bits, all that a double holds. */
static double unit(struct yt_rng *rng) {
    return (double)(yt_rng_next(rng) >> 11) * 0x1p-53;
}

double yt_rng_uniform(struct yt_rng *rng, double lo, double hi) {
    double x = lo + unit(rng) * (hi - lo);
    return x < hi ? x : lo; /* the sum may round up to hi */
}

/* Box and Muller, 1958. The second number of the pair is dropped: the state stays one word. */
double yt_rng_normal(struct yt_rng *rng) {
    double radius = sqrt(-2 * log(1 - unit(rng))); /* 1 - u is never 0 */
    return radius * cos(6.283185307179586 * unit(rng));
}

uint64_t yt_rng_below(struct yt_rng *rng, uint64_t n) {
    YT_ASSERT(n > 0);
    uint64_t first = -n % n, x; /* 2^64 mod n: below it some residues would come once too often */
    do x = yt_rng_next(rng);
    while (x < first);
    return x % n;
}

void yt_rng_shuffle(struct yt_rng *rng, uint32_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)yt_rng_below(rng, i);
        uint32_t swap = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swap;
    }
}
