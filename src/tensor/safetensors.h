/* Tensors in a file: the safetensors format (u64 header length, JSON header, raw little-endian
 * data), read whole and written whole-or-absent. Weights keep PyTorch's names and shapes, so the
 * files go to and from PyTorch as they are.
 *
 * Files written here carry an entry "checksums" in their metadata: 16 hexadecimal digits for the
 * rest of the header, then 16 for each block of 64 KiB of each tensor (FNV-1a). Reading verifies
 * them and names the tensor and the bytes that are damaged. Files of other programs have none.
 *
 *     struct yt_safetensors *file = yt_safetensors_open("best.safetensors");
 *     const struct yt_tensor_info *t = yt_safetensors_find(file, "model.0.conv.weight");
 *     yt_safetensors_read(file, t, floats);
 */
#ifndef YT_TENSOR_SAFETENSORS_H
#define YT_TENSOR_SAFETENSORS_H

#include "base/base.h"

enum yt_dtype { YT_F32, YT_F16, YT_BF16, YT_F64, YT_I64, YT_U8, YT_DTYPES };

struct yt_tensor_info {
    char *name;
    enum yt_dtype dtype;
    int rank;
    int64_t shape[8];
    size_t count;        /* elements */
    size_t begin, bytes; /* from the start of the data */
};

struct yt_safetensors;
/* NULL + yt_fail: missing, truncated, header no JSON, overlapping or missing data, bad types, a
 * checksum that does not fit. */
struct yt_safetensors *yt_safetensors_open(const char *path);
void yt_safetensors_close(struct yt_safetensors *file);
bool yt_safetensors_has_checksums(const struct yt_safetensors *file);
size_t yt_safetensors_count(const struct yt_safetensors *file);
const struct yt_tensor_info *yt_safetensors_at(const struct yt_safetensors *file, size_t i);
const struct yt_tensor_info *yt_safetensors_find(const struct yt_safetensors *file,
                                                 const char *name); /* or NULL */
/* An entry of __metadata__, or NULL. Lives as long as the file. */
const char *yt_safetensors_metadata(const struct yt_safetensors *file, const char *key);
/* All elements as floats, whatever the type. */
void yt_safetensors_read(const struct yt_safetensors *file, const struct yt_tensor_info *info,
                         float *out);
/* The bytes as they are. */
const void *yt_safetensors_bytes(const struct yt_safetensors *file,
                                 const struct yt_tensor_info *info);

/* Writing: add everything, then write. Data is referred to, not copied, until then. -1 + yt_fail
 * also when the disk has not enough room, which is looked up before the first byte. */
struct yt_safetensors_writer;
struct yt_safetensors_writer *yt_safetensors_writer_new(void);
void yt_safetensors_writer_free(struct yt_safetensors_writer *writer);
void yt_safetensors_add(struct yt_safetensors_writer *writer, const char *name, enum yt_dtype dtype,
                        int rank, const int64_t *shape, const void *data);
void yt_safetensors_add_metadata(struct yt_safetensors_writer *writer, const char *key,
                                 const char *value);
int yt_safetensors_write(struct yt_safetensors_writer *writer, const char *path);

#endif
