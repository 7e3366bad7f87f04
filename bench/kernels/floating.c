/* Doubles and floats, scalar as written; the vectoriser takes what it can. */
#include "kernels.h"

uint32_t matrix(void) {
  enum { N = 192 };
  static double a[N][N], b[N][N], c[N][N];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (i * 3 + j) % 17;
      b[i][j] = (i + j * 5) % 13;
      c[i][j] = 0;
    }
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++) c[i][j] += a[i][k] * b[k][j];
  double total = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) total += c[i][j] * ((i ^ j) & 7);
  return (uint32_t)(uint64_t)total;
}

uint32_t nbody(void) {
  static double p[5][3], v[5][3], m[5];
  for (int i = 0; i < 5; i++) {
    m[i] = 1.0 + i * 0.5;
    for (int k = 0; k < 3; k++) {
      p[i][k] = (i * 7 + k * 3) % 11 - 5.0;
      v[i][k] = ((i + k) % 3 - 1) * 0.1;
    }
  }
  for (int step = 0; step < 60000; step++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double d[3], r = 0.01;
        for (int k = 0; k < 3; k++) {
          d[k] = p[i][k] - p[j][k];
          r += d[k] * d[k];
        }
        double scale = 0.001 / (r * r);
        for (int k = 0; k < 3; k++) {
          v[i][k] -= d[k] * m[j] * scale;
          v[j][k] += d[k] * m[i] * scale;
        }
      }
    for (int i = 0; i < 5; i++)
      for (int k = 0; k < 3; k++) p[i][k] += v[i][k] * 0.001;
  }
  double total = 0;
  for (int i = 0; i < 5; i++) total += p[i][0] + p[i][1] + p[i][2];
  return (uint32_t)(int64_t)(total * 1e6);
}

uint32_t mandelbrot(void) {
  uint32_t sum = 0;
  for (int row = 0; row < 96; row++)
    for (int column = 0; column < 128; column++) {
      double a = column / 48.0 - 2.0, b = row / 48.0 - 1.0, x = 0, y = 0;
      int n = 0;
      while (n < 200 && x * x + y * y < 4) {
        double t = x * x - y * y + a;
        y = 2 * x * y + b;
        x = t;
        n++;
      }
      sum = sum * 31 + (uint32_t)n;
    }
  return sum;
}

struct complex { float re, im; };

static void transform(struct complex *v, int n, const struct complex *roots) {
  for (int i = 1, j = 0; i < n; i++) {
    int bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      struct complex t = v[i];
      v[i] = v[j];
      v[j] = t;
    }
  }
  for (int half = 1; half < n; half *= 2)
    for (int start = 0; start < n; start += 2 * half)
      for (int k = 0; k < half; k++) {
        struct complex w = roots[k * (n / 2 / half)], a = v[start + k], b = v[start + k + half];
        struct complex t = {b.re * w.re - b.im * w.im, b.re * w.im + b.im * w.re};
        v[start + k] = (struct complex){a.re + t.re, a.im + t.im};
        v[start + k + half] = (struct complex){a.re - t.re, a.im - t.im};
      }
}

/* Transforms of one signal; the roots of unity by repeated multiplication, as the two sides' libraries may differ in their last bits. */
uint32_t fft(void) {
  enum { N = 2048 };
  static struct complex v[N], roots[N / 2];
  double re = 1, im = 0, step_re = 0.9999952938095762, step_im = -0.003067956762965976;
  for (int i = 0; i < N / 2; i++) {
    roots[i] = (struct complex){(float)re, (float)im};
    double t = re * step_re - im * step_im;
    im = re * step_im + im * step_re;
    re = t;
  }
  for (int i = 0; i < N; i++) v[i] = (struct complex){(float)(bytes[i] & 15), 0};
  for (int round = 0; round < 64; round++) {
    transform(v, N, roots);
    for (int i = 0; i < N; i++) v[i].re *= 0.0221f, v[i].im *= -0.0221f;
  }
  float sum = 0;
  for (int i = 0; i < N; i++) sum += v[i].re * v[i].re + v[i].im;
  return (uint32_t)(int64_t)(sum * 100);
}
