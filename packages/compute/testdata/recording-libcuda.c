/* A libcuda for tests, with no GPU behind it: memory is the host's, at the addresses that were reserved; streams keep their order, and wait for events and for words of
 * memory; kernels do next to nothing but are written down, one a line, in the file that RECORDING_LIBCUDA names. A kernel called `fault` makes all that follows in its
 * context fail with CUDA_ERROR_ILLEGAL_ADDRESS (700), as a GPU's does; `crash` ends the process; `hello` prints; `look` copies what a texture object shows to memory;
 * `invert` inverts the bytes of a surface; `add1` adds 1 to a byte. A call that would wait inside for ever, or names an event that is gone, ends the process.
 * Built by its test: cc -shared -fPIC -o libcuda.so.1 recording-libcuda.c */
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
enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_PTX = 218, NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700 };

#define UNIT ((size_t)2 << 20)
#define TOTAL ((size_t)1 << 30)

struct context { int failed, gone; };
struct stream { int nonblocking; };
struct event { struct timespec time; struct op *record; struct context *context; int gone; };
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

/* Work of all streams, in the order of the calls. It is done when somebody looks. */
struct op {
  struct op *next;
  struct context *context;
  struct stream *stream;
  int done;
  void (*run)(struct op *);
  const int32_t *word; /* waited for, until it is at least `value` */
  int32_t value;
  struct op *after;    /* waited for */
  struct event *event;
  struct function *f;
  char *to, *from, *owned;
  size_t bytes, pitch, height, element;
  u64 arguments[4];
  unsigned char copy[200];
};
static struct op *ops, **last = &ops;

static int blocking(const struct stream *stream) { return stream && !stream->nonblocking; }
static int behind(const struct op *op, const struct op *other) {
  if (other->context != op->context || other->done) return 0;
  return other->stream == op->stream || (!op->stream && blocking(other->stream)) || (!other->stream && blocking(op->stream));
}
static int ready(const struct op *op) {
  if (op->after && !op->after->done) return 0;
  if (op->word && *(volatile const int32_t *)op->word - op->value < 0) return 0;
  for (const struct op *other = ops; other != op; other = other->next) if (behind(op, other)) return 0;
  return 1;
}
static void go_on(void) {
  for (int any = 1; any;) {
    any = 0;
    for (struct op *op = ops; op; op = op->next)
      if (!op->done && ready(op)) {
        if (op->run && !op->context->failed) op->run(op);
        op->done = any = 1;
        free(op->owned);
        op->owned = NULL;
      }
  }
}
static struct op *post(struct stream *stream, void (*run)(struct op *)) {
  struct op *op = calloc(1, sizeof *op);
  op->context = current;
  op->stream = stream;
  op->run = run;
  *last = op;
  last = &op->next;
  return op;
}
/* What the library waits for inside: all that a stream, or with `all` a context, has to do. */
static void wait_for(struct stream *stream, int all, const char *call) {
  go_on();
  for (struct op *op = ops; op; op = op->next)
    if (!op->done && op->context == current && (all || op->stream == stream)) {
      note("%s waits for ever", call);
      abort();
    }
}

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
int cuCtxDestroy_v2(struct context *context) { if (current == context) current = NULL; context->gone = 1; return SUCCESS; }
int cuCtxSetCurrent(struct context *context) { current = context; return SUCCESS; }
int cuCtxSynchronize(void) { wait_for(NULL, 1, "cuCtxSynchronize"); return state(); }
int cuCtxSetLimit(int limit, size_t value) { note("limit %d %zu", limit, value); return state(); }

/* Reads `.visible .entry NAME(.param .u64 a, .param .u32 b)` and `.global .align N .b8 NAME[64];`. */
int cuModuleLoadDataEx(struct module **result, const char *image, u32 count, int *options, void **values) {
  struct module *module;
  wait_for(NULL, 1, "cuModuleLoadDataEx");
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
int cuMemHostAlloc(void **memory, size_t bytes, u32 flags) {
  if (flags != 3) return INVALID_VALUE;
  wait_for(NULL, 1, "cuMemHostAlloc");
  *memory = malloc(bytes);
  return SUCCESS;
}
static void run_copy(struct op *op) { memmove(op->to, op->from, op->bytes); }
static int post_copy(u64 to, const void *from, size_t bytes, struct stream *stream, int taken) {
  struct op *op = post(stream, run_copy);
  op->to = (char *)(uintptr_t)to;
  op->from = (char *)from;
  op->bytes = bytes;
  if (taken) op->from = op->owned = memcpy(malloc(bytes), from, bytes);
  go_on();
  return state();
}
/* From memory that is not page-locked: what is larger is waited for. */
int cuMemcpyHtoDAsync_v2(u64 to, const void *from, size_t bytes, struct stream *stream) {
  int result = post_copy(to, from, bytes, stream, 1);
  if (bytes > 65536) wait_for(stream, 0, "cuMemcpyHtoDAsync");
  return result;
}
int cuMemcpyAsync(u64 to, u64 from, size_t bytes, struct stream *stream) { return post_copy(to, (void *)(uintptr_t)from, bytes, stream, 0); }
int cuMemcpyDtoDAsync_v2(u64 to, u64 from, size_t bytes, struct stream *stream) { return post_copy(to, (void *)(uintptr_t)from, bytes, stream, 0); }
static void run_fill(struct op *op) {
  for (size_t row = 0; row < op->height; row++)
    for (size_t i = 0; i < op->bytes; i++) memcpy(op->to + row * op->pitch + i * op->element, &op->value, op->element);
}
static int fill(u64 to, size_t pitch, u32 value, size_t element, size_t width, size_t height, struct stream *stream) {
  struct op *op = post(stream, run_fill);
  op->to = (char *)(uintptr_t)to;
  op->pitch = pitch;
  op->value = value;
  op->element = element;
  op->bytes = width;
  op->height = height;
  go_on();
  return state();
}
int cuMemsetD2D8Async(u64 to, size_t pitch, unsigned char value, size_t width, size_t height, struct stream *stream) { return fill(to, pitch, value, 1, width, height, stream); }
int cuMemsetD2D16Async(u64 to, size_t pitch, unsigned short value, size_t width, size_t height, struct stream *stream) { return fill(to, pitch, value, 2, width, height, stream); }
int cuMemsetD2D32Async(u64 to, size_t pitch, u32 value, size_t width, size_t height, struct stream *stream) { return fill(to, pitch, value, 4, width, height, stream); }

/* The structures are laid out here as cuda.h 13.0 has them: CUDA_ARRAY3D_DESCRIPTOR, CUDA_MEMCPY3D, CUDA_RESOURCE_DESC, CUDA_TEXTURE_DESC. */
struct array_descriptor { size_t width, height, depth; int format; u32 channels, flags; };
struct array { struct array_descriptor is; size_t texel; unsigned char *bytes; };
struct mipmapped { u32 count; struct array *levels[17]; };
struct side { size_t x, y, z, lod; int type; void *host; u64 device; struct array *array; void *reserved; size_t pitch, height; };
struct copy3d { struct side src, dst; size_t width, height, depth; };
struct resource {
  int type;
  union {
    struct array *array;
    struct mipmapped *mipmapped;
    struct { u64 at; int format; u32 channels; size_t bytes; } linear;
    struct { u64 at; int format; u32 channels; size_t width, height, pitch; } pitch2d;
    int reserved[32];
  } is;
  u32 flags;
};
struct texture { int address[3], filter; u32 flags, anisotropy; int mipmap_filter; float bias, least, most, border[4]; int reserved[12]; };
struct object { struct resource resource; };

static size_t at_least_1(size_t size) { return size ? size : 1; }
static size_t format_bytes(int format) { return format == 1 || format == 8 ? 1 : format == 2 || format == 9 || format == 16 ? 2 : format == 3 || format == 10 || format == 32 ? 4 : 0; }
static struct array *make_array(const struct array_descriptor *descriptor, u32 level, int deep) {
  struct array *array = calloc(1, sizeof *array);
  array->is = *descriptor;
  array->is.width = at_least_1(descriptor->width >> level);
  if (descriptor->height) array->is.height = at_least_1(descriptor->height >> level);
  if (descriptor->depth && deep) array->is.depth = at_least_1(descriptor->depth >> level);
  array->texel = format_bytes(descriptor->format) * descriptor->channels;
  array->bytes = calloc(array->is.width * at_least_1(array->is.height) * at_least_1(array->is.depth), array->texel);
  memset(array->bytes, 0xee, array->is.width * at_least_1(array->is.height) * at_least_1(array->is.depth) * array->texel);
  return array;
}
int cuArray3DCreate_v2(struct array **array, const struct array_descriptor *d) {
  wait_for(NULL, 1, "cuArray3DCreate");
  if (!format_bytes(d->format) || !d->width) return INVALID_VALUE;
  note("array %zu,%zu,%zu %d %u %u", d->width, d->height, d->depth, d->format, d->channels, d->flags);
  *array = make_array(d, 0, 1);
  return state();
}
int cuArrayDestroy(struct array *array) { note("array is destroyed"); free(array->bytes); free(array); return SUCCESS; }
int cuMipmappedArrayCreate(struct mipmapped **mipmapped, const struct array_descriptor *d, u32 levels) {
  note("mipmapped array %zu,%zu,%zu %d %u %u, %u levels", d->width, d->height, d->depth, d->format, d->channels, d->flags, levels);
  *mipmapped = calloc(1, sizeof **mipmapped);
  for (u32 level = 0; level < levels; level++) (*mipmapped)->levels[(*mipmapped)->count++] = make_array(d, level, !(d->flags & 5));
  return state();
}
int cuMipmappedArrayGetLevel(struct array **array, struct mipmapped *mipmapped, u32 level) {
  if (level >= mipmapped->count) return INVALID_VALUE;
  *array = mipmapped->levels[level];
  return SUCCESS;
}
int cuMipmappedArrayDestroy(struct mipmapped *mipmapped) { note("mipmapped array is destroyed"); free(mipmapped); return SUCCESS; }
static unsigned char *place(const struct side *side, size_t row, size_t slice) {
  if (side->type == 2) return (unsigned char *)(uintptr_t)side->device + (side->z + slice) * side->pitch * side->height + (side->y + row) * side->pitch + side->x;
  return side->array->bytes + (((side->z + slice) * at_least_1(side->array->is.height) + side->y + row) * side->array->is.width) * side->array->texel + side->x;
}
static void run_copy3d(struct op *op) {
  const struct copy3d *copy = (void *)op->copy;
  for (size_t slice = 0; slice < copy->depth; slice++)
    for (size_t row = 0; row < copy->height; row++) memcpy(place(&copy->dst, row, slice), place(&copy->src, row, slice), copy->width);
}
int cuMemcpy3DAsync_v2(const struct copy3d *copy, struct stream *stream) {
  if (copy->src.type + copy->dst.type != 5) return INVALID_VALUE;
  note("copy to the %s: %zu bytes, %zu rows, %zu slices, %s", copy->dst.type == 3 ? "array" : "memory", copy->width, copy->height, copy->depth, stream ? "stream" : "default");
  memcpy(post(stream, run_copy3d)->copy, copy, sizeof *copy);
  go_on();
  return state();
}
int cuTexObjectCreate(struct object **object, const struct resource *r, const struct texture *t, const void *view) {
  if (view || r->flags) return INVALID_VALUE;
  if (r->type == 2) note("texture of memory: %d %u %zu bytes", r->is.linear.format, r->is.linear.channels, r->is.linear.bytes);
  else if (r->type == 3) note("texture of rows: %d %u %zu,%zu %zu", r->is.pitch2d.format, r->is.pitch2d.channels, r->is.pitch2d.width, r->is.pitch2d.height, r->is.pitch2d.pitch);
  else note("texture of %s", r->type ? "a mipmapped array" : "an array");
  note("sampler %d,%d,%d %d %u %u %d %g %g %g %g,%g,%g,%g", t->address[0], t->address[1], t->address[2], t->filter, t->flags, t->anisotropy, t->mipmap_filter, t->bias, t->least, t->most,
       t->border[0], t->border[1], t->border[2], t->border[3]);
  *object = calloc(1, sizeof **object);
  (*object)->resource = *r;
  return state();
}
int cuTexObjectDestroy(struct object *object) { note("texture is destroyed"); free(object); return SUCCESS; }
int cuSurfObjectCreate(struct object **object, const struct resource *r) {
  if (r->type != 0 || !(r->is.array->is.flags & 2)) return INVALID_VALUE;
  note("surface");
  *object = calloc(1, sizeof **object);
  (*object)->resource = *r;
  return state();
}
int cuSurfObjectDestroy(struct object *object) { note("surface is destroyed"); free(object); return SUCCESS; }

static void run_kernel(struct op *op) {
  struct object *object = (struct object *)(uintptr_t)op->arguments[1];
  if (!strcmp(op->f->name, "fault")) op->context->failed = 1;
  if (!strcmp(op->f->name, "hello")) printf("hello from a kernel\n");
  if (!strcmp(op->f->name, "crash")) abort();
  if (!strcmp(op->f->name, "add1")) ++*(unsigned char *)(uintptr_t)op->arguments[0];
  /* look(to, texture, level, bytes) */
  if (!strcmp(op->f->name, "look")) {
    const struct resource *r = &object->resource;
    const void *from = r->type == 0 ? r->is.array->bytes : r->type == 1 ? r->is.mipmapped->levels[op->arguments[2]]->bytes : (void *)(uintptr_t)r->is.linear.at;
    memcpy((void *)(uintptr_t)op->arguments[0], from, op->arguments[3]);
  }
  /* invert(nothing, surface) */
  if (!strcmp(op->f->name, "invert")) {
    struct array *array = object->resource.is.array;
    for (size_t i = 0; i < array->is.width * at_least_1(array->is.height) * at_least_1(array->is.depth) * array->texel; i++) array->bytes[i] ^= 0xff;
  }
}
int cuLaunchKernel(struct function *f, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32 shared, struct stream *stream, void **params, void **extra) {
  char text[256] = "";
  if (params || extra[0] != (void *)1 || extra[2] != (void *)2 || extra[4]) return INVALID_VALUE;
  for (size_t i = 0; i < *(size_t *)extra[3] && i < 100; i++) sprintf(text + 2 * i, "%02x", ((unsigned char *)extra[1])[i]);
  note("launch %s %u,%u,%u %u,%u,%u %u %s %s", f->name, gx, gy, gz, bx, by, bz, shared, stream ? "stream" : "default", text);
  struct op *op = post(stream, run_kernel);
  op->f = f;
  for (u32 i = 0; i < f->parameters && i < 4; i++) memcpy(&op->arguments[i], (char *)extra[1] + f->offsets[i], f->sizes[i]);
  go_on();
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
int cuStreamCreateWithPriority(struct stream **stream, u32 flags, int priority) {
  note("stream %u %d", flags, priority);
  *stream = calloc(1, sizeof **stream);
  (*stream)->nonblocking = flags & 1;
  return state();
}
int cuStreamDestroy_v2(struct stream *stream) { (void)stream; return SUCCESS; } /* its work goes on */
int cuStreamQuery(struct stream *stream) {
  static int asked;
  go_on();
  for (struct op *op = ops; op; op = op->next) if (!op->done && op->context == current && op->stream == stream) return NOT_READY;
  return ++asked % 3 ? NOT_READY : state(); /* not ready at once */
}
int cuStreamSynchronize(struct stream *stream) { wait_for(stream, 0, "cuStreamSynchronize"); return state(); }
int cuStreamWaitEvent(struct stream *stream, struct event *event, u32 flags) {
  if (flags || event->gone || event->context->gone) abort();
  post(stream, NULL)->after = event->record;
  return state();
}
int cuStreamWaitValue32_v2(struct stream *stream, const int32_t *word, u32 value, u32 flags) {
  struct op *op = post(stream, NULL);
  if (flags) return INVALID_VALUE;
  op->word = word;
  op->value = value;
  return state();
}
int cuEventCreate(struct event **event, u32 flags) { (void)flags; *event = calloc(1, sizeof **event); (*event)->context = current; return SUCCESS; }
int cuEventDestroy_v2(struct event *event) { if (event->gone || event->context->gone) abort(); event->gone = 1; return SUCCESS; }
static void run_record(struct op *op) { clock_gettime(CLOCK_MONOTONIC, &op->event->time); }
int cuEventRecord(struct event *event, struct stream *stream) {
  struct op *op = post(stream, run_record);
  if (event->gone || event->context != current) abort();
  op->event = event;
  event->record = op;
  go_on();
  return state();
}
int cuEventQuery(struct event *event) {
  if (event->gone || event->context->gone) abort();
  go_on();
  return event->context->failed ? ILLEGAL_ADDRESS : event->record && !event->record->done ? NOT_READY : SUCCESS;
}
int cuEventElapsedTime(float *ms, struct event *start, struct event *end) {
  *ms = (end->time.tv_sec - start->time.tv_sec) * 1e3f + (end->time.tv_nsec - start->time.tv_nsec) / 1e6f;
  return SUCCESS;
}
