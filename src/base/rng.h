/* Random numbers by counter: every stream is a function of (seed, purpose, index), so results do
 * not depend on threads or on what was drawn elsewhere, and a stream needs no state on disk.
 * Generator: splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
#ifndef YT_BASE_RNG_H
#define YT_BASE_RNG_H

#include "base/base.h"

struct yt_rng {
    uint64_t state;
};

/* purpose: a short constant name such as "augment"; a, b: e.g. epoch and sample index. */
struct yt_rng yt_rng_make(uint64_t seed, const char *purpose, uint64_t a, uint64_t b);
uint64_t yt_rng_next(struct yt_rng *rng);
double yt_rng_uniform(struct yt_rng *rng, double lo, double hi); /* [lo, hi) */
double yt_rng_normal(struct yt_rng *rng);
uint64_t yt_rng_below(struct yt_rng *rng, uint64_t n);                  /* unbiased, 0..n-1 */
void yt_rng_shuffle(struct yt_rng *rng, uint32_t *items, size_t count); /* Fisher-Yates */

uint64_t yt_hash(const void *bytes, size_t len); /* FNV-1a 64 */
uint64_t yt_mix(uint64_t z);                     /* splitmix64's finaliser */

#endif
