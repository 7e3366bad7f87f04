/* A libcuda for tests, with no GPU behind it: memory is the host's, at the addresses that were reserved; kernels do nothing but are written down, one a line, in the
 * file that RECORDING_LIBCUDA names. A kernel called `fault` makes all that follows in its context fail with CUDA_ERROR_ILLEGAL_ADDRESS (700), as a GPU's does;
 * `crash` ends the process; `hello` prints. Built by its test: cc -shared -fPIC -o libcuda.so.1 recording-libcuda.c */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef uint64_t u64;
typedef unsigned int u32;
enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_PTX = 218, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700 };

#define UNIT ((size_t)2 << 20)
#define TOTAL ((size_t)1 << 30)

struct context { int failed; };
struct function { char name[64]; u32 parameters; size_t offsets[16], sizes[16]; };
struct module { u32 count; struct function functions[16]; char global[64]; unsigned char variable[64]; };

static struct context *current;
static size_t created;
static FILE *out;

static void note(const char *format, ...) {
  const char *path = getenv("RECORDING_LIBCUDA");
  va_list list;
  if (!path) return;
  if (!out) out = fopen(path, "a");
  if (!out) return;
  va_start(list, format);
  vfprintf(out, format, list);
  va_end(list);
  fputc('\n', out);
  fflush(out);
}
static int state(void) { return current && current->failed ? ILLEGAL_ADDRESS : SUCCESS; }

int cuInit(u32 flags) { return flags ? INVALID_VALUE : SUCCESS; }
int cuDriverGetVersion(int *version) { *version = 13000; return SUCCESS; }
int cuDeviceGetCount(int *count) { *count = 1; return SUCCESS; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal ? INVALID_VALUE : SUCCESS; }
int cuDeviceGetName(char *name, int length, int device) { (void)device; snprintf(name, length, "Recording GPU"); return SUCCESS; }
int cuDeviceGetUuid_v2(unsigned char *uuid, int device) { (void)device; for (int i = 0; i < 16; i++) uuid[i] = i; return SUCCESS; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { (void)device; *bytes = TOTAL; return SUCCESS; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  (void)device;
  switch (attribute) {
    case 1: case 2: case 3: *value = 1024; return SUCCESS;            /* threads in a block, block x and y */
    case 4: *value = 64; return SUCCESS;
    case 5: *value = 0x7fffffff; return SUCCESS;
    case 6: case 7: *value = 65535; return SUCCESS;
    case 8: *value = 49152; return SUCCESS;
    case 10: *value = 32; return SUCCESS;
    case 16: *value = 2; return SUCCESS;
    case 75: *value = 9; return SUCCESS;
    case 76: *value = 0; return SUCCESS;
    case 83: *value = 1; return SUCCESS;
    case 95: *value = 1; return SUCCESS;                              /* cooperative launches */
    case 39: *value = 2048; return SUCCESS;                           /* threads on a multiprocessor */
    default: *value = 0; return attribute > 0 && attribute < 140 ? SUCCESS : INVALID_VALUE;
  }
}
int cuCtxCreate_v2(struct context **context, u32 flags, int device) { (void)flags; (void)device; *context = current = calloc(1, sizeof **context); return SUCCESS; }
int cuCtxDestroy_v2(struct context *context) { if (current == context) current = NULL; free(context); return SUCCESS; }
int cuCtxSetCurrent(struct context *context) { current = context; return SUCCESS; }
int cuCtxSynchronize(void) { return state(); }
int cuCtxSetLimit(int limit, size_t value) { note("limit %d %zu", limit, value); return state(); }

/* Reads `.visible .entry NAME(.param .u64 a, .param .u32 b)` and `.global .align N .b8 NAME[64];`. */
int cuModuleLoadDataEx(struct module **result, const char *image, u32 count, int *options, void **values) {
  struct module *module;
  if (!strstr(image, ".version")) {
    for (u32 i = 0; i < count; i++) if (options[i] == 5) strcpy(values[i], "ptxas: line 1; error: expected .version");
    return INVALID_PTX;
  }
  module = calloc(1, sizeof *module);
  for (const char *at = image; (at = strstr(at, ".entry ")) && module->count < 16;) {
    struct function *f = &module->functions[module->count++];
    const char *end;
    size_t offset = 0;
    at += 7;
    sscanf(at, "%63[a-zA-Z0-9_]", f->name);
    end = strchr(at, ')');
    for (const char *p = at; (p = strstr(p, ".param .")) && end && p < end; p += 8) {
      size_t size = atoi(p + 9) / 8;
      offset = (offset + size - 1) / size * size;
      f->offsets[f->parameters] = offset;
      f->sizes[f->parameters++] = size;
      offset += size;
    }
  }
  const char *global = strstr(image, ".global .align 4 .b8 ");
  if (global) sscanf(global + 21, "%63[a-zA-Z0-9_]", module->global);
  *result = module;
  return state();
}
int cuModuleUnload(struct module *module) { free(module); return SUCCESS; }
int cuModuleGetFunctionCount(u32 *count, struct module *module) { *count = module->count; return SUCCESS; }
int cuModuleEnumerateFunctions(struct function **functions, u32 count, struct module *module) {
  for (u32 i = 0; i < count; i++) functions[i] = &module->functions[i];
  return SUCCESS;
}
int cuModuleGetGlobal_v2(u64 *address, size_t *bytes, struct module *module, const char *name) {
  if (strcmp(name, module->global)) return NOT_FOUND;
  *address = (u64)(uintptr_t)module->variable;
  *bytes = sizeof module->variable;
  return SUCCESS;
}
int cuFuncGetName(const char **name, struct function *f) { *name = f->name; return SUCCESS; }
int cuFuncGetParamInfo(struct function *f, size_t index, size_t *offset, size_t *size) {
  if (index >= f->parameters) return INVALID_VALUE;
  *offset = f->offsets[index];
  *size = f->sizes[index];
  return SUCCESS;
}
int cuFuncGetAttribute(int *value, int attribute, struct function *f) { (void)f; *value = attribute == 0 ? 1024 : attribute == 8 ? 49152 : 0; return SUCCESS; }
int cuFuncSetAttribute(struct function *f, int attribute, int value) { note("attribute %s %d %d", f->name, attribute, value); return SUCCESS; }

int cuMemAddressReserve(u64 *address, size_t size, size_t alignment, u64 hint, u64 flags) {
  void *at = mmap(NULL, size + UNIT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  (void)alignment; (void)hint; (void)flags;
  if (at == MAP_FAILED) return OUT_OF_MEMORY;
  *address = ((u64)(uintptr_t)at + UNIT - 1) & ~(u64)(UNIT - 1);
  return SUCCESS;
}
int cuMemAddressFree(u64 address, size_t size) { (void)address; (void)size; return SUCCESS; }
int cuMemGetAllocationGranularity(size_t *granularity, const void *properties, int option) { (void)properties; (void)option; *granularity = UNIT; return SUCCESS; }
int cuMemCreate(u64 *handle, size_t size, const int *properties, u64 flags) {
  if (flags || properties[0] != 1 || properties[2] != 1 || size % UNIT) return INVALID_VALUE;
  if (created + size > TOTAL) return OUT_OF_MEMORY;
  created += size;
  *handle = size;
  return SUCCESS;
}
int cuMemRelease(u64 handle) { created -= handle; return SUCCESS; }
int cuMemMap(u64 address, size_t size, size_t offset, u64 handle, u64 flags) {
  if (offset || flags || handle != size || address % UNIT) return INVALID_VALUE;
  note("map %zu", size / UNIT);
  return SUCCESS;
}
int cuMemUnmap(u64 address, size_t size) {
  note("unmap %zu", size / UNIT);
  return mmap((void *)(uintptr_t)address, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED;
}
int cuMemSetAccess(u64 address, size_t size, const int *access, size_t count) {
  if (count != 1 || access[0] != 1 || access[2] != 3) return INVALID_VALUE;
  if (mprotect((void *)(uintptr_t)address, size, PROT_READ | PROT_WRITE)) return INVALID_VALUE;
  memset((void *)(uintptr_t)address, 0xcd, size); /* a GPU's memory is not zeroed */
  return SUCCESS;
}
int cuMemcpyHtoDAsync_v2(u64 to, const void *from, size_t bytes, u64 stream) { (void)stream; if (!state()) memcpy((void *)(uintptr_t)to, from, bytes); return state(); }
int cuMemcpyDtoHAsync_v2(void *to, u64 from, size_t bytes, u64 stream) { (void)stream; if (!state()) memcpy(to, (void *)(uintptr_t)from, bytes); return state(); }
int cuMemcpyDtoDAsync_v2(u64 to, u64 from, size_t bytes, u64 stream) { (void)stream; if (!state()) memmove((void *)(uintptr_t)to, (void *)(uintptr_t)from, bytes); return state(); }
static int fill(u64 to, size_t pitch, u32 value, size_t element, size_t width, size_t height) {
  for (size_t row = 0; row < height && !state(); row++)
    for (size_t i = 0; i < width; i++) memcpy((char *)(uintptr_t)to + row * pitch + i * element, &value, element);
  return state();
}
int cuMemsetD2D8Async(u64 to, size_t pitch, unsigned char value, size_t width, size_t height, u64 stream) { (void)stream; return fill(to, pitch, value, 1, width, height); }
int cuMemsetD2D16Async(u64 to, size_t pitch, unsigned short value, size_t width, size_t height, u64 stream) { (void)stream; return fill(to, pitch, value, 2, width, height); }
int cuMemsetD2D32Async(u64 to, size_t pitch, u32 value, size_t width, size_t height, u64 stream) { (void)stream; return fill(to, pitch, value, 4, width, height); }

int cuLaunchKernel(struct function *f, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32 shared, u64 stream, void **params, void **extra) {
  char text[256] = "";
  if (params || extra[0] != (void *)1 || extra[2] != (void *)2 || extra[4]) return INVALID_VALUE;
  for (size_t i = 0; i < *(size_t *)extra[3] && i < 100; i++) sprintf(text + 2 * i, "%02x", ((unsigned char *)extra[1])[i]);
  note("launch %s %u,%u,%u %u,%u,%u %u %s %s", f->name, gx, gy, gz, bx, by, bz, shared, stream ? "stream" : "default", text);
  if (!strcmp(f->name, "fault")) current->failed = 1;
  if (!strcmp(f->name, "hello")) printf("hello from a kernel\n");
  if (!strcmp(f->name, "crash")) abort();
  return SUCCESS;
}
int cuLaunchCooperativeKernel(struct function *f, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32 shared, u64 stream, void **params) {
  char text[256] = "";
  for (u32 i = 0; i < f->parameters; i++)
    for (size_t j = 0; j < f->sizes[i]; j++) sprintf(text + strlen(text), "%02x", ((unsigned char *)params[i])[j]);
  note("cooperative %s %u,%u,%u %u,%u,%u %u %s %s", f->name, gx, gy, gz, bx, by, bz, shared, stream ? "stream" : "default", text);
  return state();
}
struct link { char text[4096]; char *log; };
int cuLinkCreate_v2(u32 count, int *options, void **values, struct link **link) {
  *link = calloc(1, sizeof **link);
  for (u32 i = 0; i < count; i++) if (options[i] == 5) (*link)->log = values[i];
  return state();
}
int cuLinkAddData_v2(struct link *link, int type, const char *data, size_t size, const char *name, u32 count, int *options, void **values) {
  (void)count; (void)options; (void)values;
  note("link %s %d %zu", name, type, size);
  if (!strstr(data, ".version")) {
    if (link->log) sprintf(link->log, "%s: error: expected .version", name);
    return INVALID_PTX;
  }
  if (strlen(link->text) + strlen(data) >= sizeof link->text) return INVALID_VALUE;
  strcat(link->text, data);
  return state();
}
int cuLinkComplete(struct link *link, void **cubin, size_t *size) { *cubin = link->text; *size = strlen(link->text) + 1; return state(); }
int cuLinkDestroy(struct link *link) { free(link); return SUCCESS; }
int cuStreamCreateWithPriority(u64 *stream, u32 flags, int priority) { note("stream %u %d", flags, priority); *stream = 0x1000; return state(); }
int cuStreamDestroy_v2(u64 stream) { (void)stream; return SUCCESS; }
int cuStreamQuery(u64 stream) { static int asked; (void)stream; return ++asked % 3 ? 600 : state(); /* not ready at once */ }
int cuStreamSynchronize(u64 stream) { (void)stream; return state(); }
int cuStreamWaitEvent(u64 stream, u64 event, u32 flags) { (void)stream; (void)event; (void)flags; return state(); }
int cuEventCreate(struct timespec **event, u32 flags) { (void)flags; *event = calloc(1, sizeof **event); return SUCCESS; }
int cuEventDestroy_v2(struct timespec *event) { free(event); return SUCCESS; }
int cuEventRecord(struct timespec *event, u64 stream) { (void)stream; clock_gettime(CLOCK_MONOTONIC, event); return state(); }
int cuEventQuery(struct timespec *event) { (void)event; return state(); }
int cuEventElapsedTime(float *ms, struct timespec *start, struct timespec *end) {
  *ms = (end->tv_sec - start->tv_sec) * 1e3f + (end->tv_nsec - start->tv_nsec) / 1e6f;
  return SUCCESS;
}
