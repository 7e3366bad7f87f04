// Writes PNG: rows by the filter that leaves least, packed by deflate (RFC 1951) with its fixed codes.
#include "com.h"

namespace {

constexpr unsigned WINDOW = 32768, LONGEST = 258, SHORTEST = 3, HASHES = 1 << 15, ATTEMPTS = 32;

/** Bytes that grow; `isFull` when memory ended. */
struct Bytes {
  BYTE *data = nullptr;
  size_t size = 0, room = 0;
  bool isFull = false;
  ~Bytes() { free(data); }
  void add(unsigned value) {
    if (size == room && !isFull) {
      BYTE *const larger = static_cast<BYTE *>(realloc(data, room * 2 + 1024));
      isFull = larger == nullptr;
      if (!isFull) {
        data = larger;
        room = room * 2 + 1024;
      }
    }
    if (!isFull) data[size++] = static_cast<BYTE>(value);
  }
  void addBig(unsigned value) { for (int shift = 24; shift >= 0; shift -= 8) add(value >> shift); }
};

struct BitWriter {
  Bytes &to;
  unsigned held = 0, count = 0;
  void add(unsigned value, unsigned bits) {
    held |= value << count;
    for (count += bits; count >= 8; count -= 8, held >>= 8) to.add(held & 255);
  }
  /** Huffman codes begin with their highest bit. */
  void addCode(unsigned code, unsigned bits) {
    unsigned turned = 0;
    for (unsigned i = 0; i < bits; i++) turned |= (code >> i & 1) << (bits - 1 - i);
    add(turned, bits);
  }
  /** A literal, the end (256) or a length's symbol, by the fixed codes (RFC 1951, 3.2.6). */
  void addSymbol(unsigned symbol) {
    if (symbol < 144) addCode(0x30 + symbol, 8);
    else if (symbol < 256) addCode(0x190 + symbol - 144, 9);
    else if (symbol < 280) addCode(symbol - 256, 7);
    else addCode(0xc0 + symbol - 280, 8);
  }
  void addCopy(unsigned length, unsigned distance) {
    if (length == LONGEST) addSymbol(285);
    else {
      // Four symbols share each number of extra bits, from eight lengths on.
      unsigned extra = 0;
      const unsigned offset = length - SHORTEST;
      while (offset >> (extra + 3) != 0) extra++;
      addSymbol(257 + extra * 4 + (offset >> extra));
      add(offset & ((1u << extra) - 1), extra);
    }
    unsigned extra = 0;
    const unsigned offset = distance - 1;
    while (offset >> (extra + 2) != 0) extra++;
    addCode(extra * 2 + (offset >> extra), 5);
    add(offset & ((1u << extra) - 1), extra);
  }
};

unsigned matchLength(const BYTE *one, const BYTE *other, size_t most) {
  unsigned length = 0;
  while (length < most && one[length] == other[length]) length++;
  return length;
}

/** Packs bytes as a zlib stream (RFC 1950). */
bool deflate(const BYTE *from, size_t size, Bytes &to) {
  // For each hash of three bytes the place behind where it was last, and for each place of the window the one before it.
  size_t *const heads = static_cast<size_t *>(malloc((HASHES + WINDOW) * sizeof(size_t)));
  if (heads == nullptr) return false;
  size_t *const before = heads + HASHES;
  memset(heads, 0, (HASHES + WINDOW) * sizeof(size_t));
  to.add(0x78);
  to.add(0x9c);
  BitWriter bits{to};
  bits.add(1, 1);
  bits.add(1, 2);
  for (size_t at = 0; at < size;) {
    unsigned length = 0, distance = 0;
    const auto enter = [&](size_t place) {
      if (size - place < SHORTEST) return;
      size_t &head = heads[((from[place] << 10) ^ (from[place + 1] << 5) ^ from[place + 2]) & (HASHES - 1)];
      before[place % WINDOW] = head;
      head = place + 1;
    };
    enter(at);
    size_t candidate = before[at % WINDOW];
    for (unsigned tries = 0; size - at >= SHORTEST && candidate != 0 && at - (candidate - 1) <= WINDOW - 1 && tries < ATTEMPTS; tries++) {
      const size_t place = candidate - 1, most = size - at < LONGEST ? size - at : LONGEST;
      const unsigned found = matchLength(from + place, from + at, most);
      if (found > length) {
        length = found;
        distance = static_cast<unsigned>(at - place);
      }
      candidate = before[place % WINDOW];
      if (candidate > place) break;
    }
    if (length < SHORTEST) {
      bits.addSymbol(from[at++]);
      continue;
    }
    bits.addCopy(length, distance);
    for (unsigned i = 1; i < length; i++) enter(at + i);
    at += length;
  }
  bits.addSymbol(256);
  bits.add(0, 7);
  free(heads);
  unsigned low = 1, high = 0;
  for (size_t i = 0; i < size; i++) {
    low = (low + from[i]) % 65521;
    high = (high + low) % 65521;
  }
  to.addBig(high << 16 | low);
  return !to.isFull;
}

unsigned crc(const BYTE *bytes, size_t size) {
  unsigned value = ~0u;
  for (size_t i = 0; i < size; i++) {
    value ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (0xedb88320u & (0u - (value & 1)));
  }
  return ~value;
}

void addChunk(Bytes &to, const char *type, const BYTE *data, size_t size) {
  to.addBig(static_cast<unsigned>(size));
  const size_t start = to.size;
  for (int i = 0; i < 4; i++) to.add(static_cast<BYTE>(type[i]));
  for (size_t i = 0; i < size; i++) to.add(data[i]);
  if (!to.isFull) to.addBig(crc(to.data + start, to.size - start));
}

/** Filters a row in each of five ways into `to`, and gives the one whose bytes, taken as signed, sum to least (PNG, 12.8). */
unsigned filter(const BYTE *row, const BYTE *above, unsigned size, unsigned step, BYTE *to) {
  unsigned best = 0, least = ~0u;
  for (unsigned kind = 0; kind < 5; kind++) {
    unsigned sum = 0;
    for (unsigned x = 0; x < size; x++) {
      const int a = x >= step ? row[x - step] : 0, b = above[x], c = x >= step ? above[x - step] : 0;
      const int p = a + b - c, pa = p > a ? p - a : a - p, pb = p > b ? p - b : b - p, pc = p > c ? p - c : c - p;
      const int predicted[] = {0, a, b, (a + b) / 2, pa <= pb && pa <= pc ? a : pb <= pc ? b : c};
      const BYTE left = static_cast<BYTE>(row[x] - predicted[kind]);
      to[kind * size + x] = left;
      sum += left < 128 ? left : 256u - left;
    }
    if (sum < least) {
      least = sum;
      best = kind;
    }
  }
  return best;
}

/** A row with its channels in PNG's order. */
void order(const BYTE *pixels, unsigned width, unsigned channels, BYTE *row) {
  memcpy(row, pixels, static_cast<size_t>(width) * channels);
  for (unsigned x = 0; channels > 1 && x < width; x++) {
    row[x * channels] = pixels[x * channels + 2];
    row[x * channels + 2] = pixels[x * channels];
  }
}

}  // namespace

HRESULT encodePng(const Picture &picture, IStream *to) {
  const unsigned channels = picture.bytesPerPixel, rowBytes = picture.width * channels;
  const size_t filteredSize = (static_cast<size_t>(rowBytes) + 1) * picture.height;
  BYTE *const filtered = static_cast<BYTE *>(malloc(filteredSize)), *const rows = static_cast<BYTE *>(malloc(static_cast<size_t>(rowBytes) * 7));
  Bytes packed, file;
  bool isRoom = filtered != nullptr && rows != nullptr;
  if (isRoom) {
    BYTE *row = rows, *above = rows + rowBytes;
    memset(above, 0, rowBytes);
    for (unsigned y = 0; y < picture.height; y++) {
      BYTE *const line = filtered + (static_cast<size_t>(rowBytes) + 1) * y;
      order(picture.pixels + static_cast<size_t>(y) * rowBytes, picture.width, channels, row);
      line[0] = static_cast<BYTE>(filter(row, above, rowBytes, channels, rows + rowBytes * 2));
      memcpy(line + 1, rows + rowBytes * (2 + line[0]), rowBytes);
      BYTE *const next = above;
      above = row;
      row = next;
    }
    isRoom = deflate(filtered, filteredSize, packed);
  }
  free(filtered);
  free(rows);
  if (!isRoom) return E_OUTOFMEMORY;
  static const BYTE signature[] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10};
  for (const BYTE each : signature) file.add(each);
  const BYTE colour = channels == 1 ? 0 : channels == 3 ? 2 : 6;
  BYTE header[13] = {0, 0, 0, 0, 0, 0, 0, 0, 8, colour, 0, 0, 0};
  for (int i = 0; i < 4; i++) {
    header[i] = static_cast<BYTE>(picture.width >> (24 - i * 8));
    header[4 + i] = static_cast<BYTE>(picture.height >> (24 - i * 8));
  }
  addChunk(file, "IHDR", header, sizeof header);
  addChunk(file, "IDAT", packed.data, packed.size);
  addChunk(file, "IEND", nullptr, 0);
  if (file.isFull) return E_OUTOFMEMORY;
  ULONG written = 0;
  const HRESULT result = to->Write(file.data, static_cast<ULONG>(file.size), &written);
  return result == S_OK && written != file.size ? E_FAIL : result;
}
