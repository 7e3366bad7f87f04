// PNG: chunks, deflate (RFC 1951), filters, interlacing. Every length is checked: files are anybody's.
#include "com.h"

namespace {

/** Codes of a Huffman tree, by length: how many there are of each, and their symbols in order. */
struct Codes { unsigned short counts[16], symbols[288]; };

struct Bits {
  const BYTE *at, *end;
  unsigned held = 0, count = 0;
  bool isShort = false;
  unsigned take(unsigned wanted) {
    while (count < wanted) {
      if (at == end) {
        isShort = true;
        return 0;
      }
      held |= static_cast<unsigned>(*at++) << count;
      count += 8;
    }
    const unsigned value = held & ((1u << wanted) - 1);
    held >>= wanted;
    count -= wanted;
    return value;
  }
  int symbol(const Codes &codes) {
    int code = 0, first = 0, index = 0;
    for (int length = 1; length < 16; length++) {
      code |= static_cast<int>(take(1));
      const int counted = codes.counts[length];
      if (code - first < counted) return codes.symbols[index + code - first];
      index += counted;
      first = (first + counted) << 1;
      code <<= 1;
      if (isShort) break;
    }
    isShort = true;
    return 0;
  }
};

void build(Codes &codes, const BYTE *lengths, int count) {
  memset(codes.counts, 0, sizeof codes.counts);
  for (int i = 0; i < count; i++) codes.counts[lengths[i]]++;
  codes.counts[0] = 0;
  unsigned short starts[16] = {0};
  for (int length = 1; length < 15; length++) starts[length + 1] = static_cast<unsigned short>(starts[length] + codes.counts[length]);
  for (int i = 0; i < count; i++) if (lengths[i] != 0) codes.symbols[starts[lengths[i]]++] = static_cast<unsigned short>(i);
}

const unsigned short lengthBases[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
const BYTE lengthBits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
const unsigned short distanceBases[] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
const BYTE distanceBits[] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

bool readCodes(Bits &bits, Codes &literals, Codes &distances) {
  static const BYTE order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const int literalCount = static_cast<int>(bits.take(5)) + 257, distanceCount = static_cast<int>(bits.take(5)) + 1, codeCount = static_cast<int>(bits.take(4)) + 4;
  if (literalCount > 286 || distanceCount > 30) return false;
  BYTE lengths[320] = {0};
  for (int i = 0; i < codeCount; i++) lengths[order[i]] = static_cast<BYTE>(bits.take(3));
  Codes codes;
  build(codes, lengths, 19);
  int index = 0;
  memset(lengths, 0, sizeof lengths);
  while (index < literalCount + distanceCount && !bits.isShort) {
    const int symbol = bits.symbol(codes);
    if (symbol < 16) {
      lengths[index++] = static_cast<BYTE>(symbol);
      continue;
    }
    if (symbol == 16 && index == 0) return false;
    const BYTE repeated = symbol == 16 ? lengths[index - 1] : 0;
    int count = symbol == 16 ? 3 + static_cast<int>(bits.take(2)) : symbol == 17 ? 3 + static_cast<int>(bits.take(3)) : 11 + static_cast<int>(bits.take(7));
    if (index + count > literalCount + distanceCount) return false;
    while (count-- > 0) lengths[index++] = repeated;
  }
  build(literals, lengths, literalCount);
  build(distances, lengths + literalCount, distanceCount);
  return !bits.isShort;
}

/** Unpacks a zlib stream to exactly so many bytes. */
bool inflate(const BYTE *from, size_t size, BYTE *to, size_t wanted) {
  if (size < 2 || (from[0] & 15) != 8 || ((from[0] << 8) | from[1]) % 31 != 0 || (from[1] & 0x20) != 0) return false;
  Bits bits{from + 2, from + size};
  size_t done = 0;
  for (bool isLast = false; !isLast && !bits.isShort;) {
    isLast = bits.take(1) != 0;
    const unsigned kind = bits.take(2);
    if (kind == 3) return false;
    if (kind == 0) {
      bits.held = bits.count = 0;
      const unsigned length = bits.take(16);
      bits.take(16);
      if (length > static_cast<size_t>(bits.end - bits.at) || length > wanted - done) return false;
      memcpy(to + done, bits.at, length);
      bits.at += length;
      done += length;
      continue;
    }
    Codes literals, distances;
    if (kind == 2) {
      if (!readCodes(bits, literals, distances)) return false;
    } else {
      BYTE lengths[320];
      for (int i = 0; i < 288; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
      for (int i = 288; i < 318; i++) lengths[i] = 5;
      build(literals, lengths, 288);
      build(distances, lengths + 288, 30);
    }
    for (;;) {
      const int symbol = bits.symbol(literals);
      if (bits.isShort || symbol > 285) return false;
      if (symbol == 256) break;
      if (symbol < 256) {
        if (done == wanted) return false;
        to[done++] = static_cast<BYTE>(symbol);
        continue;
      }
      size_t length = lengthBases[symbol - 257] + bits.take(lengthBits[symbol - 257]);
      const int code = bits.symbol(distances);
      if (bits.isShort || code > 29) return false;
      const size_t distance = distanceBases[code] + bits.take(distanceBits[code]);
      if (distance > done || length > wanted - done) return false;
      for (; length > 0; length--, done++) to[done] = to[done - distance];
    }
  }
  return done == wanted;
}

unsigned big(const BYTE *at) { return static_cast<unsigned>(at[0]) << 24 | static_cast<unsigned>(at[1]) << 16 | static_cast<unsigned>(at[2]) << 8 | at[3]; }

/** Undoes the filters of a pass, whose rows lie one after the other, each behind its filter's number. */
bool unfilter(BYTE *rows, unsigned rowBytes, unsigned count, unsigned step) {
  const BYTE *above = nullptr;
  for (unsigned y = 0; y < count; y++, rows += rowBytes + 1) {
    BYTE *const row = rows + 1;
    if (rows[0] > 4) return false;
    for (unsigned x = 0; x < rowBytes; x++) {
      const int a = x >= step ? row[x - step] : 0, b = above != nullptr ? above[x] : 0, c = x >= step && above != nullptr ? above[x - step] : 0;
      const int p = a + b - c, pa = p > a ? p - a : a - p, pb = p > b ? p - b : b - p, pc = p > c ? p - c : c - p;
      const int paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      const int predicted[] = {0, a, b, (a + b) / 2, paeth};
      row[x] = static_cast<BYTE>(row[x] + predicted[rows[0]]);
    }
    above = row;
  }
  return true;
}

/** The passes of a picture: one, or Adam7's seven. */
struct Pass { unsigned x, y, dx, dy; };
const Pass whole[] = {{0, 0, 1, 1}};
const Pass adam7[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};

}  // namespace

HRESULT decodePng(const BYTE *file, size_t size, Picture &to) {
  static const BYTE signature[] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10};
  if (size < 33 || memcmp(file, signature, 8) != 0) return UNKNOWN_FORMAT;
  if (big(file + 8) != 13 || memcmp(file + 12, "IHDR", 4) != 0) return BAD_IMAGE;
  const unsigned width = big(file + 16), height = big(file + 20), depth = file[24], color = file[25];
  const bool isInterlaced = file[28] == 1;
  if (width == 0 || height == 0 || width > 0x10000 || height > 0x10000 || file[26] != 0 || file[27] != 0 || file[28] > 1) return BAD_IMAGE;
  // Palettes, samples of other widths and colours that stand for transparency are formats of their own, which are not here.
  const unsigned channels = color == 0 ? 1 : color == 2 ? 3 : color == 4 ? 2 : color == 6 ? 4 : 0;
  if (depth != 8 || channels == 0) return UNSUPPORTED_FORMAT;
  size_t packedSize = 0;
  BYTE *const packed = static_cast<BYTE *>(malloc(size));
  if (packed == nullptr) return E_OUTOFMEMORY;
  HRESULT result = S_OK;
  for (size_t at = 8; size - at >= 12;) {
    const unsigned length = big(file + at);
    if (length > size - at - 12) break;
    if (memcmp(file + at + 4, "tRNS", 4) == 0) result = UNSUPPORTED_FORMAT;
    if (memcmp(file + at + 4, "IEND", 4) == 0) break;
    if (memcmp(file + at + 4, "IDAT", 4) == 0) {
      memcpy(packed + packedSize, file + at + 8, length);
      packedSize += length;
    }
    at += 12 + static_cast<size_t>(length);
  }
  const Pass *const passes = isInterlaced ? adam7 : whole;
  const int passCount = isInterlaced ? 7 : 1;
  size_t rawSize = 0;
  for (int i = 0; i < passCount; i++) {
    const unsigned w = (width - passes[i].x + passes[i].dx - 1) / passes[i].dx, h = (height - passes[i].y + passes[i].dy - 1) / passes[i].dy;
    if (passes[i].x < width && passes[i].y < height) rawSize += (static_cast<size_t>(w) * channels + 1) * h;
  }
  const unsigned outBytes = channels == 1 ? 1 : channels == 3 ? 3 : 4;
  BYTE *const raw = static_cast<BYTE *>(malloc(rawSize)), *const pixels = static_cast<BYTE *>(malloc(static_cast<size_t>(width) * height * outBytes));
  if (raw == nullptr || pixels == nullptr) result = E_OUTOFMEMORY;
  if (result == S_OK && !inflate(packed, packedSize, raw, rawSize)) result = BAD_IMAGE;
  BYTE *rows = raw;
  for (int i = 0; i < passCount && result == S_OK; i++) {
    const Pass &pass = passes[i];
    if (pass.x >= width || pass.y >= height) continue;
    const unsigned w = (width - pass.x + pass.dx - 1) / pass.dx, h = (height - pass.y + pass.dy - 1) / pass.dy;
    if (!unfilter(rows, w * channels, h, channels)) result = BAD_IMAGE;
    for (unsigned y = 0; y < h; y++, rows += w * channels + 1) {
      for (unsigned x = 0; x < w; x++) {
        const BYTE *const from = rows + 1 + x * channels;
        BYTE *const pixel = pixels + (static_cast<size_t>(pass.y + y * pass.dy) * width + pass.x + x * pass.dx) * outBytes;
        if (channels == 1) pixel[0] = from[0];
        else if (channels == 2) { pixel[0] = pixel[1] = pixel[2] = from[0]; pixel[3] = from[1]; }
        else {
          pixel[0] = from[2]; pixel[1] = from[1]; pixel[2] = from[0];
          if (channels == 4) pixel[3] = from[3];
        }
      }
    }
  }
  free(raw);
  free(packed);
  if (result != S_OK) free(pixels);
  else to = {width, height, outBytes, channels == 1 ? &GRAY8 : channels == 3 ? &BGR24 : &BGRA32, pixels};
  return result;
}
