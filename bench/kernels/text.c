/* Memory and text: the C library's functions on both sides, and loops of our own over characters. */
#include "kernels.h"

/* Copies, moves and fills of many lengths. */
uint32_t copy(void) {
  static unsigned char to[1 << 17];
  uint32_t sum = 0;
  for (int i = 0; i < 100000; i++) {
    uint32_t random = next_random();
    size_t length = (random >> 8 & 15) < 14 ? random >> 16 & 127 : random >> 16 & 4095, at = random >> 12 & 65535;
    switch (i & 3) {
    case 0: memmove(to + at, to + at + 16, length); break;
    case 1: memset(to + at, i, length); break;
    default: memcpy(to + at, bytes + at, length);
    }
    sum = sum * 31 + to[at + length / 2];
  }
  return sum;
}

static char text[1 << 17];
static char words[64][16];

static void write_text(void) {
  for (int i = 0; i < 64; i++) {
    int length = 2 + (bytes[i] & 7);
    for (int k = 0; k < length; k++) words[i][k] = (char)('a' + bytes[i * 16 + k] % 26);
    words[i][length] = 0;
  }
  size_t at = 0;
  while (at < sizeof text - 16) {
    const char *word = words[next_random() >> 26];
    size_t length = strlen(word);
    memcpy(text + at, word, length);
    at += length;
    text[at++] = next_random() >> 29 ? ' ' : '\n';
  }
  text[at] = 0;
}

/* Lines are found, words cut off and looked up, by strchr, strlen, strcmp, memcmp and strcpy. */
uint32_t strings(void) {
  write_text();
  uint32_t sum = 0;
  char word[32];
  for (char *line = text; *line;) {
    char *end = strchr(line, '\n');
    if (!end) end = line + strlen(line);
    while (line < end) {
      char *space = memchr(line, ' ', (size_t)(end - line));
      size_t length = (size_t)((space ? space : end) - line);
      memcpy(word, line, length);
      word[length] = 0;
      uint32_t found = 0;
      while (found < 64 && strcmp(words[found], word) != 0) found++;
      sum = sum * 31 + found + (uint32_t)strlen(word) + (uint32_t)(memcmp(word, words[(found + 1) & 63], 2) > 0);
      line += length + (space != NULL);
    }
    if (*line) line++;
  }
  return sum;
}

/* The same kind of work character by character: words in capitals, numbers, a checksum of each. */
uint32_t split(void) {
  write_text();
  uint32_t sum = 0;
  for (int round = 0; round < 4; round++) {
    const char *at = text;
    while (*at) {
      while (*at == ' ' || *at == '\n') at++;
      uint32_t word = 0, length = 0;
      for (; *at && *at != ' ' && *at != '\n'; at++, length++) {
        char c = *at;
        if (c >= 'a' && c <= 'z') c = (char)(c - 32);
        else if (c >= '0' && c <= '9') c = (char)('9' - c);
        word = word * 33 + (unsigned char)c;
      }
      sum = sum * 31 + word + length;
    }
  }
  return sum;
}
