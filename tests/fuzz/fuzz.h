/* A fuzzer of one parser: LLVMFuzzerTestOneInput (of one source here) gets any bytes and must come
 * back without a fault, whatever they are.
 *
 * Built twice. With -DYT_FUZZ=ON by clang, libFuzzer drives it:
 *
 *     cmake --preset fuzz && cmake --build --preset fuzz
 *     build/fuzz/fuzz_yaml -close_fd_mask=3 $PWD/new $PWD/tests/fuzz/corpus/yaml
 *
 * Always, replay.c drives it over tests/fuzz/corpus/<name>: the inputs that reached something new,
 * and every input that ever found a fault. That is a test like the others.
 */
#ifndef YT_TESTS_FUZZ_H
#define YT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a file of this name in a folder of this process's own, which is the current one. */
void fuzz_file(const char *name, const uint8_t *data, size_t size);

#endif
