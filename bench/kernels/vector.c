/* SSE by intrinsics: integers, floats, and a byte shuffle. */
#include "kernels.h"
#include <smmintrin.h>

#define TARGET __attribute__((target("sse4.1")))

/* out = (a * alpha + b * (255 - alpha)) / 256, sixteen bytes at a time. */
uint32_t blend(void) {
  enum { N = 1 << 19 };
  static unsigned char out[N];
  const __m128i zero = _mm_setzero_si128();
  for (int round = 0; round < 32; round++) {
    const __m128i alpha = _mm_set1_epi16((short)(20 + 7 * round)), rest = _mm_sub_epi16(_mm_set1_epi16(255), alpha);
    for (int i = 0; i < N; i += 16) {
      __m128i a = _mm_loadu_si128((const __m128i *)(bytes + i)), b = _mm_loadu_si128((const __m128i *)(bytes + N + i));
      __m128i low = _mm_add_epi16(_mm_mullo_epi16(_mm_unpacklo_epi8(a, zero), alpha), _mm_mullo_epi16(_mm_unpacklo_epi8(b, zero), rest));
      __m128i high = _mm_add_epi16(_mm_mullo_epi16(_mm_unpackhi_epi8(a, zero), alpha), _mm_mullo_epi16(_mm_unpackhi_epi8(b, zero), rest));
      _mm_storeu_si128((__m128i *)(out + i), _mm_packus_epi16(_mm_srli_epi16(low, 8), _mm_srli_epi16(high, 8)));
    }
  }
  uint32_t sum = 0;
  for (int i = 0; i < N; i += 7) sum = sum * 31 + out[i];
  return sum;
}

/* Vectors of four floats times a matrix. */
uint32_t transform4(void) {
  enum { N = 4096 };
  static float v[N][4];
  for (int i = 0; i < N; i++)
    for (int k = 0; k < 4; k++) v[i][k] = (float)(bytes[4 * i + k] & 63);
  const __m128 m0 = _mm_setr_ps(0.5f, 0.25f, 0, 0), m1 = _mm_setr_ps(-0.25f, 0.5f, 0.125f, 0), m2 = _mm_setr_ps(0, 0.25f, 0.5f, 0.125f),
               m3 = _mm_setr_ps(1, 2, 3, 0.5f);
  for (int round = 0; round < 240; round++)
    for (int i = 0; i < N; i++) {
      __m128 x = _mm_loadu_ps(v[i]);
      __m128 a = _mm_add_ps(_mm_mul_ps(_mm_shuffle_ps(x, x, 0x00), m0), _mm_mul_ps(_mm_shuffle_ps(x, x, 0x55), m1));
      __m128 b = _mm_add_ps(_mm_mul_ps(_mm_shuffle_ps(x, x, 0xaa), m2), _mm_mul_ps(_mm_shuffle_ps(x, x, 0xff), m3));
      _mm_storeu_ps(v[i], _mm_min_ps(_mm_add_ps(a, b), _mm_set1_ps(100)));
    }
  float sum = 0;
  for (int i = 0; i < N; i++) sum += v[i][0] + v[i][1] * 2 + v[i][2] * 3 + v[i][3];
  return (uint32_t)(int64_t)sum;
}

/* Bytes to hexadecimal digits by pshufb, and a checksum of them by psadbw. */
TARGET uint32_t hex(void) {
  enum { N = 1 << 18 };
  static unsigned char text[2 * N];
  const __m128i digits = _mm_setr_epi8('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'), low = _mm_set1_epi8(15);
  __m128i sum = _mm_setzero_si128();
  for (int round = 0; round < 64; round++)
    for (int i = 0; i < N; i += 16) {
      __m128i x = _mm_loadu_si128((const __m128i *)(bytes + i + round));
      __m128i h = _mm_shuffle_epi8(digits, _mm_and_si128(_mm_srli_epi16(x, 4), low)), l = _mm_shuffle_epi8(digits, _mm_and_si128(x, low));
      __m128i first = _mm_unpacklo_epi8(h, l), second = _mm_unpackhi_epi8(h, l);
      _mm_storeu_si128((__m128i *)(text + 2 * i), first);
      _mm_storeu_si128((__m128i *)(text + 2 * i + 16), second);
      sum = _mm_add_epi64(sum, _mm_sad_epu8(first, _mm_max_epu8(second, low)));
    }
  uint32_t check = (uint32_t)_mm_extract_epi32(sum, 0) * 31 + (uint32_t)_mm_extract_epi32(sum, 2);
  for (int i = 0; i < 2 * N; i += 101) check = check * 31 + text[i];
  return check;
}
