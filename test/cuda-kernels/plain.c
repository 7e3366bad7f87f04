// The kernels of kernels.cu as plain C loops. Arguments: a job file (see record.ts), whose buffers are written back.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef unsigned int u32;

static struct { char kind; double number; size_t bytes; void *data; char path[300]; } args[16];
static int count;
static char name[64];
#define F(i) ((float *)args[i].data)
#define U(i) ((u32 *)args[i].data)
#define I(i) ((int *)args[i].data)
#define N(i) ((int)args[i].number)

static void vectorAdd(void) { for (int i = 0; i < N(3); i++) F(2)[i] = F(0)[i] + F(1)[i]; }
static void reduceAtomic(void) { for (int i = 0; i < N(2); i++) I(1)[0] += I(0)[i]; }
static void dp4aGemm(void) {
  const signed char *a = args[0].data, *b = args[1].data;
  int n = N(3);
  for (int y = 0; y < n; y++) for (int x = 0; x < n; x++) {
    int sum = 0;
    for (int k = 0; k < n; k++) sum += a[y * n + k] * b[x * n + k];
    I(2)[y * n + x] = sum;
  }
}
static int byValue(const void *a, const void *b) { u32 x = *(const u32 *)a, y = *(const u32 *)b; return x < y ? -1 : x > y; }
static void radixSort(void) { for (size_t i = 0; i < args[0].bytes / 4096; i++) qsort(U(0) + i * 1024, 1024, 4, byValue); }
static void fft(void) {
  for (size_t block = 0; block < args[0].bytes / 2048; block++) for (int k = 0; k < 256; k++) {
    double re = 0, im = 0;
    for (int t = 0; t < 256; t++) {
      double angle = -2 * M_PI * (k * t % 256) / 256, x = F(0)[block * 512 + 2 * t], y = F(0)[block * 512 + 2 * t + 1];
      re += x * cos(angle) - y * sin(angle), im += x * sin(angle) + y * cos(angle);
    }
    F(1)[block * 512 + 2 * k] = re, F(1)[block * 512 + 2 * k + 1] = im;
  }
}
static u32 rotate(u32 x, int n) { return x << n | x >> (32 - n); }
// RFC 1321, of one message of less than 56 bytes.
static void md5(const char *text, size_t length, u32 *out) {
  static const int r[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  unsigned char message[64] = {0};
  memcpy(message, text, length);
  message[length] = 0x80;
  message[56] = length * 8;
  u32 m[16], h[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, a = h[0], b = h[1], c = h[2], d = h[3];
  memcpy(m, message, 64);
  for (int i = 0; i < 64; i++) {
    u32 f, g, k = (u32)(long long)(fabs(sin(i + 1)) * 4294967296.0);
    switch (i / 16) {
      case 0: f = (b & c) | (~b & d); g = i; break;
      case 1: f = (d & b) | (~d & c); g = (5 * i + 1) % 16; break;
      case 2: f = b ^ c ^ d; g = (3 * i + 5) % 16; break;
      default: f = c ^ (b | ~d); g = 7 * i % 16;
    }
    u32 next = b + rotate(a + f + k + m[g], r[i / 16][i % 4]);
    a = d, d = c, c = b, b = next;
  }
  out[0] = h[0] + a, out[1] = h[1] + b, out[2] = h[2] + c, out[3] = h[3] + d;
}
static void md5Search(void) {
  for (int i = 0; i < N(2); i++) {
    char word[6] = {0};
    u32 digest[4];
    for (int at = 0, rest = i; at < 5; at++, rest /= 26) word[at] = 'a' + rest % 26;
    md5(word, 5, digest);
    if (!memcmp(digest, U(0), 16)) U(1)[0] = i;
  }
}
static void bfs(void) {
  int n = N(4), *queue = calloc(n, 4), begin = 0, end = 1;
  for (int i = 0; i < n; i++) I(2)[i] = i == 0 ? 0 : -1;
  for (; begin < end; begin++)
    for (int edge = I(0)[queue[begin]]; edge < I(0)[queue[begin] + 1]; edge++)
      if (I(2)[I(1)[edge]] < 0) I(2)[I(1)[edge]] = I(2)[queue[begin]] + 1, queue[end++] = I(1)[edge];
}
static void layerNorm(void) {
  int columns = N(4);
  for (size_t row = 0; row < args[0].bytes / 4 / columns; row++) {
    const float *in = F(0) + row * columns;
    double mean = 0, squares = 0;
    for (int i = 0; i < columns; i++) mean += in[i];
    mean /= columns;
    for (int i = 0; i < columns; i++) squares += (in[i] - mean) * (in[i] - mean);
    for (int i = 0; i < columns; i++) F(3)[row * columns + i] = (in[i] - mean) / sqrt(squares / columns + 1e-5) * F(1)[i] + F(2)[i];
  }
}
static void attention(void) {
  int n = N(4);
  double scale = args[5].number, *score = calloc(n, 8);
  for (int row = 0; row < n; row++) {
    double most = -1e30, weights = 0, out[16] = {0};
    for (int j = 0; j < n; j++) {
      score[j] = 0;
      for (int d = 0; d < 16; d++) score[j] += F(0)[row * 16 + d] * scale * F(1)[j * 16 + d];
      if (score[j] > most) most = score[j];
    }
    for (int j = 0; j < n; j++) {
      double weight = exp(score[j] - most);
      weights += weight;
      for (int d = 0; d < 16; d++) out[d] += weight * F(2)[j * 16 + d];
    }
    for (int d = 0; d < 16; d++) F(3)[row * 16 + d] = out[d] / weights;
  }
}
// The same system, by elimination.
static void conjugateGradient(void) {
  int side = N(5), n = side * side;
  double *a = calloc((size_t)n * (n + 1), 8);
  for (int i = 0; i < n; i++) {
    double *row = a + (size_t)i * (n + 1);
    row[i] = 4.1f, row[n] = F(0)[i];
    if (i % side > 0) row[i - 1] = -1;
    if (i % side < side - 1) row[i + 1] = -1;
    if (i >= side) row[i - side] = -1;
    if (i < n - side) row[i + side] = -1;
  }
  for (int k = 0; k < n; k++) for (int i = k + 1; i < n; i++) {
    double factor = a[(size_t)i * (n + 1) + k] / a[(size_t)k * (n + 1) + k];
    if (factor != 0) for (int j = k; j <= n; j++) a[(size_t)i * (n + 1) + j] -= factor * a[(size_t)k * (n + 1) + j];
  }
  for (int i = n - 1; i >= 0; i--) {
    double value = a[(size_t)i * (n + 1) + n];
    for (int j = i + 1; j < n; j++) value -= a[(size_t)i * (n + 1) + j] * F(1)[j];
    F(1)[i] = value / a[(size_t)i * (n + 1) + i];
  }
}
static double half(const void *data, size_t i) { return ((const _Float16 *)data)[i]; }
static void tensorGemm(void) {
  int n = N(3);
  for (int y = 0; y < n; y++) for (int x = 0; x < n; x++) {
    double sum = 0;
    for (int k = 0; k < n; k++) sum += half(args[0].data, y * n + k) * half(args[1].data, k * n + x);
    F(2)[y * n + x] = sum;
  }
}
static void halfAxpy(void) {
  double a = (_Float16)(float)args[2].number;
  for (int i = 0; i < 2 * N(3); i++) ((_Float16 *)args[1].data)[i] = (_Float16)(a * half(args[0].data, i) + half(args[1].data, i));
}
static int bySign(const void *a, const void *b) { int x = *(const int *)a, y = *(const int *)b; return x < y ? -1 : x > y; }
static void quicksorts(void) { for (size_t i = 0; i < args[0].bytes / 128; i++) qsort(I(0) + i * 32, 32, 4, bySign); }

static const struct { const char *name; void (*run)(void); } kernels[] = {
#define K(f) {#f, f}
  K(vectorAdd), K(reduceAtomic), K(dp4aGemm), K(radixSort), K(fft), K(md5Search), K(bfs), K(layerNorm), K(attention), K(conjugateGradient), K(tensorGemm), K(halfAxpy), K(quicksorts)};

int main(int argc, char **argv) {
  FILE *job = argc > 1 ? fopen(argv[1], "r") : NULL;
  if (!job || fscanf(job, "%63s %*d %*d %*d %*d", name) != 1) return 1;
  for (char kind; fscanf(job, " %c", &kind) == 1; count++) {
    args[count].kind = kind;
    if (kind != 'b') {
      if (fscanf(job, "%lf", &args[count].number) != 1) return 1;
      continue;
    }
    if (fscanf(job, "%299s %zu", args[count].path, &args[count].bytes) != 2) return 1;
    args[count].data = calloc(1, args[count].bytes + 16);
    FILE *f = fopen(args[count].path, "rb");
    if (!f || fread(args[count].data, 1, args[count].bytes, f) != args[count].bytes) return 1;
  }
  size_t i = 0;
  while (i < sizeof kernels / sizeof *kernels && strcmp(kernels[i].name, name)) i++;
  if (i == sizeof kernels / sizeof *kernels) return 2;
  kernels[i].run();
  for (int at = 0; at < count; at++) {
    if (args[at].kind != 'b') continue;
    FILE *f = fopen(strcat(args[at].path, ".out"), "wb");
    if (!f || fwrite(args[at].data, 1, args[at].bytes, f) != args[at].bytes) return 1;
    fclose(f);
  }
  return 0;
}
