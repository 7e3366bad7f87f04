// JPEG (ITU-T T.81): baseline and progressive scans, with Huffman codes and eight bits a sample. Pixels come out as libjpeg's slow integer
// transform and its triangle filter give them. Every length is checked: files are anybody's.
#include "com.h"

namespace {

constexpr int MAX_COMPONENTS = 3, BLOCK = 64;
/** What a process has room for, with coefficients of two bytes and samples beside them. */
constexpr unsigned MAX_PIXELS = 1u << 27;
const BYTE zigzag[BLOCK] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                            35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/** A Huffman table: how many codes there are of each length, and their symbols in order. */
struct Table { BYTE counts[17], symbols[256]; };

/** A component: its sampling, and its coefficients, which are kept in natural order for the whole picture. */
struct Component {
  int id, h, v, quantization;
  /** Blocks that hold the picture, and those that there is room for: whole MCUs. */
  unsigned blocksWide, blocksHigh, roomWide, roomHigh;
  short *coefficients;
  BYTE *samples;
  int dcTable, acTable, predicted;
};

/** The entropy coded part of a scan: stuffed bytes are taken out, and zeros follow its end. */
struct ScanBits {
  const BYTE *at, *end;
  unsigned held = 0;
  int count = 0;
  int bit() {
    if (count == 0) {
      held = 0;
      if (at < end && *at != 0xff) held = *at++;
      else if (end - at >= 2 && at[1] == 0) {
        held = 0xff;
        at += 2;
      }
      count = 8;
    }
    return static_cast<int>(held >> --count) & 1;
  }
  int take(int wanted) {
    int value = 0;
    while (wanted-- > 0) value = value << 1 | bit();
    return value;
  }
  /** A number of so many bits, whose first tells its sign (T.81, F.2.2.1). */
  int number(int bits) {
    if (bits == 0) return 0;
    const int value = take(bits);
    return value < 1 << (bits - 1) ? value - (1 << bits) + 1 : value;
  }
  int symbol(const Table &table) {
    int code = 0, first = 0, index = 0;
    for (int length = 1; length <= 16; length++) {
      code |= bit();
      const int counted = table.counts[length];
      if (code - first < counted) return table.symbols[(index + code - first) & 255];
      index += counted;
      first = (first + counted) << 1;
      code <<= 1;
    }
    return 0;
  }
  /** Goes on behind a restart marker. */
  void restart() {
    count = 0;
    while (end - at >= 2 && !(at[0] == 0xff && at[1] != 0 && at[1] != 0xff)) at++;
    if (end - at >= 2 && (at[1] & 0xf8) == 0xd0) at += 2;
  }
};

/** What a scan codes: coefficients from first to last, whose bits above `low` are known when `high` is not 0. */
struct Scan { int first, last, high, low; unsigned skipped; };

void decodeDc(ScanBits &bits, const Scan &scan, Component &component, const Table &table, short *block) {
  if (scan.high != 0) {
    if (bits.bit() != 0) block[0] = static_cast<short>(block[0] | 1 << scan.low);
    return;
  }
  component.predicted += bits.number(bits.symbol(table) & 15);
  block[0] = static_cast<short>(static_cast<unsigned>(component.predicted) << scan.low);
}

/** The first pass over coefficients (T.81, F.2.2.2 and G.1.2.2). */
void decodeAc(ScanBits &bits, Scan &scan, const Table &table, short *block) {
  if (scan.skipped > 0) {
    scan.skipped--;
    return;
  }
  for (int k = scan.first < 1 ? 1 : scan.first; k <= scan.last; k++) {
    const int symbol = bits.symbol(table), run = symbol >> 4, size = symbol & 15;
    if (size != 0) {
      k += run;
      const int value = bits.number(size);
      if (k < BLOCK) block[zigzag[k]] = static_cast<short>(static_cast<unsigned>(value) << scan.low);
    } else if (run == 15) k += 15;
    else {
      scan.skipped = (1u << run) - 1 + static_cast<unsigned>(bits.take(run));
      return;
    }
  }
}

/** A later pass, which adds a bit to coefficients (T.81, G.1.2.3). */
void refineAc(ScanBits &bits, Scan &scan, const Table &table, short *block) {
  const int plus = 1 << scan.low;
  const auto refine = [&](short &value) {
    if (bits.bit() != 0 && (value & plus) == 0) value = static_cast<short>(value + (value > 0 ? plus : -plus));
  };
  int k = scan.first < 1 ? 1 : scan.first;
  if (scan.skipped == 0) {
    for (; k <= scan.last; k++) {
      const int symbol = bits.symbol(table);
      int run = symbol >> 4, added = 0;
      if ((symbol & 15) != 0) added = bits.bit() != 0 ? plus : -plus;
      else if (run != 15) {
        scan.skipped = (1u << run) + static_cast<unsigned>(bits.take(run));
        break;
      }
      for (; k <= scan.last; k++) {
        short &value = block[zigzag[k]];
        if (value != 0) refine(value);
        else if (run-- == 0) {
          value = static_cast<short>(added);
          break;
        }
      }
    }
  }
  if (scan.skipped == 0) return;
  for (; k <= scan.last; k++) if (block[zigzag[k]] != 0) refine(block[zigzag[k]]);
  scan.skipped--;
}

BYTE clamp(int value) { return static_cast<BYTE>(value < 0 ? 0 : value > 255 ? 255 : value); }

/** The transform of Loeffler, Ligtenberg and Moschytz on eight values that lie `step` apart; constants have 13 bits behind the point. */
void transform(int *at, int step, int shift) {
  const auto scaled = [&](int value) { return (value + (1 << (shift - 1))) >> shift; };
  int z1 = (at[2 * step] + at[6 * step]) * 4433;
  const int even2 = z1 - at[6 * step] * 15137, even3 = z1 + at[2 * step] * 6270;
  const int even0 = (at[0] + at[4 * step]) * 8192, even1 = (at[0] - at[4 * step]) * 8192;
  const int sums[4] = {even0 + even3, even1 + even2, even1 - even2, even0 - even3};
  int odd[4] = {at[7 * step], at[5 * step], at[3 * step], at[step]};
  z1 = (odd[0] + odd[3]) * -7373;
  const int z2 = (odd[1] + odd[2]) * -20995, z5 = (odd[0] + odd[1] + odd[2] + odd[3]) * 9633;
  const int z3 = (odd[0] + odd[2]) * -16069 + z5, z4 = (odd[1] + odd[3]) * -3196 + z5;
  odd[0] = odd[0] * 2446 + z1 + z3;
  odd[1] = odd[1] * 16819 + z2 + z4;
  odd[2] = odd[2] * 25172 + z2 + z3;
  odd[3] = odd[3] * 12299 + z1 + z4;
  for (int i = 0; i < 4; i++) {
    at[i * step] = scaled(sums[i] + odd[3 - i]);
    at[(7 - i) * step] = scaled(sums[i] - odd[3 - i]);
  }
}

void toSamples(const Component &component, const unsigned short *quantization) {
  const size_t stride = static_cast<size_t>(component.roomWide) * 8;
  for (unsigned row = 0; row < component.roomHigh; row++) {
    for (unsigned column = 0; column < component.roomWide; column++) {
      const short *const block = component.coefficients + (static_cast<size_t>(row) * component.roomWide + column) * BLOCK;
      int values[BLOCK];
      for (int i = 0; i < BLOCK; i++) values[i] = block[i] * quantization[i];
      for (int x = 0; x < 8; x++) transform(values + x, 8, 11);
      for (int y = 0; y < 8; y++) transform(values + y * 8, 1, 18);
      BYTE *const to = component.samples + static_cast<size_t>(row) * 8 * stride + column * 8;
      for (int i = 0; i < BLOCK; i++) to[static_cast<size_t>(i / 8) * stride + static_cast<size_t>(i % 8)] = clamp(values[i] + 128);
    }
  }
}

/** A component at the picture's size: half as many samples are spread by a triangle filter, others repeated. */
struct Spread {
  const Component &component;
  unsigned width, height, dx, dy;
  int at(unsigned x, unsigned y) const { return component.samples[static_cast<size_t>(y) * component.roomWide * 8 + x]; }
  /** A sample of a column between two rows, in quarters: the nearer one counts three times. */
  int between(unsigned x, unsigned y) const {
    const unsigned near = y / 2, far = y % 2 == 0 ? (near == 0 ? 0 : near - 1) : (near + 1 < height ? near + 1 : near);
    return 3 * at(x, near) + at(x, far);
  }
  BYTE sample(unsigned x, unsigned y) const {
    const unsigned near = x / 2, side = x % 2 == 0 ? near - 1 : near + 1;
    const bool isEdge = side >= width;
    if (dx == 1 && dy == 2) return static_cast<BYTE>((between(x, y) + (y % 2 == 0 ? 1 : 2)) >> 2);
    if (width > 2 && dx == 2 && dy == 1) return static_cast<BYTE>(isEdge ? at(near, y) : (3 * at(near, y) + at(side, y) + (x % 2 == 0 ? 1 : 2)) >> 2);
    if (width > 2 && dx == 2 && dy == 2) return static_cast<BYTE>((3 * between(near, y) + between(isEdge ? near : side, y) + (x % 2 == 0 ? 8 : 7)) >> 4);
    return static_cast<BYTE>(at(x / dx, y / dy));
  }
};

struct Jpeg {
  const BYTE *at, *end;
  unsigned width = 0, height = 0, restartInterval = 0;
  int count = 0, maxH = 1, maxV = 1, adobeTransform = -1;
  bool isProgressive = false, isJfif = false;
  Component components[MAX_COMPONENTS] = {};
  unsigned short quantization[4][BLOCK] = {};
  Table tables[2][4] = {};

  ~Jpeg() {
    for (Component &each : components) {
      free(each.coefficients);
      free(each.samples);
    }
  }

  HRESULT readFrame(const BYTE *data, unsigned length) {
    if (count != 0 || length < 6 || data[0] != 8) return BAD_IMAGE;
    height = static_cast<unsigned>(data[1] << 8 | data[2]);
    width = static_cast<unsigned>(data[3] << 8 | data[4]);
    // Four components are a format of its own, which is not here.
    if (data[5] != 1 && data[5] != 3) return UNSUPPORTED_FORMAT;
    if (width == 0 || height == 0 || length < 6u + data[5] * 3u) return BAD_IMAGE;
    count = data[5];
    for (int i = 0; i < count; i++) {
      Component &each = components[i];
      each.id = data[6 + i * 3];
      each.h = data[7 + i * 3] >> 4;
      each.v = data[7 + i * 3] & 15;
      each.quantization = data[8 + i * 3];
      if (each.h < 1 || each.h > 4 || each.v < 1 || each.v > 4 || each.quantization > 3) return BAD_IMAGE;
      if (each.h > maxH) maxH = each.h;
      if (each.v > maxV) maxV = each.v;
    }
    if (static_cast<unsigned long long>(width) * height > MAX_PIXELS) return E_OUTOFMEMORY;
    for (int i = 0; i < count; i++) {
      Component &each = components[i];
      if (maxH % each.h != 0 || maxV % each.v != 0) return UNSUPPORTED_FORMAT;
      each.blocksWide = (sampled(width, each.h, maxH) + 7) / 8;
      each.blocksHigh = (sampled(height, each.v, maxV) + 7) / 8;
      each.roomWide = unitsWide() * static_cast<unsigned>(each.h);
      each.roomHigh = unitsHigh() * static_cast<unsigned>(each.v);
      const size_t blocks = static_cast<size_t>(each.roomWide) * each.roomHigh;
      each.coefficients = static_cast<short *>(malloc(blocks * BLOCK * sizeof(short)));
      each.samples = static_cast<BYTE *>(malloc(blocks * BLOCK));
      if (each.coefficients == nullptr || each.samples == nullptr) return E_OUTOFMEMORY;
      memset(each.coefficients, 0, blocks * BLOCK * sizeof(short));
    }
    return S_OK;
  }
  static unsigned sampled(unsigned size, int factor, int max) { return (size * static_cast<unsigned>(factor) + static_cast<unsigned>(max) - 1) / static_cast<unsigned>(max); }
  unsigned unitsWide() const { return (width + static_cast<unsigned>(maxH) * 8 - 1) / (static_cast<unsigned>(maxH) * 8); }
  unsigned unitsHigh() const { return (height + static_cast<unsigned>(maxV) * 8 - 1) / (static_cast<unsigned>(maxV) * 8); }

  HRESULT readQuantization(const BYTE *data, unsigned length) {
    while (length > 0) {
      const unsigned bytes = (data[0] >> 4) != 0 ? 2 : 1;
      if (length < 1 + BLOCK * bytes || (data[0] & 15) > 3) return BAD_IMAGE;
      for (unsigned i = 0; i < BLOCK; i++) quantization[data[0] & 3][zigzag[i]] = static_cast<unsigned short>(bytes == 1 ? data[1 + i] : data[1 + 2 * i] << 8 | data[2 + 2 * i]);
      data += 1 + BLOCK * bytes;
      length -= 1 + BLOCK * bytes;
    }
    return S_OK;
  }
  HRESULT readTables(const BYTE *data, unsigned length) {
    while (length > 0) {
      unsigned total = 0;
      if (length < 17 || data[0] >> 4 > 1 || (data[0] & 15) > 3) return BAD_IMAGE;
      Table &table = tables[data[0] >> 4][data[0] & 3];
      for (int i = 1; i <= 16; i++) total += table.counts[i] = data[i];
      if (total > 256 || length < 17 + total) return BAD_IMAGE;
      memcpy(table.symbols, data + 17, total);
      data += 17 + total;
      length -= 17 + total;
    }
    return S_OK;
  }

  void decodeBlock(ScanBits &bits, Scan &scan, Component &component, unsigned column, unsigned row) {
    short *const block = component.coefficients + (static_cast<size_t>(row) * component.roomWide + column) * BLOCK;
    if (scan.first == 0) decodeDc(bits, scan, component, tables[0][component.dcTable], block);
    if (scan.last == 0) return;
    const Table &table = tables[1][component.acTable];
    if (scan.high != 0) refineAc(bits, scan, table, block);
    else decodeAc(bits, scan, table, block);
  }
  HRESULT readScan(const BYTE *data, unsigned length) {
    const int used = length > 0 ? data[0] : 0;
    if (count == 0 || used < 1 || used > count || length < 4u + static_cast<unsigned>(used) * 2) return BAD_IMAGE;
    Component *chosen[MAX_COMPONENTS];
    for (int i = 0; i < used; i++) {
      chosen[i] = nullptr;
      for (int j = 0; j < count; j++) if (components[j].id == data[1 + i * 2]) chosen[i] = &components[j];
      if (chosen[i] == nullptr) return BAD_IMAGE;
      chosen[i]->dcTable = data[2 + i * 2] >> 4 & 3;
      chosen[i]->acTable = data[2 + i * 2] & 3;
      chosen[i]->predicted = 0;
    }
    const BYTE *const rest = data + 1 + used * 2;
    Scan scan = {rest[0], rest[1], rest[2] >> 4, rest[2] & 15, 0};
    if (!isProgressive) scan = {0, BLOCK - 1, 0, 0, 0};
    if (scan.first > scan.last || scan.last >= BLOCK || scan.low > 13 || (isProgressive && ((scan.first == 0) != (scan.last == 0)))) return BAD_IMAGE;
    ScanBits bits{data + length, end};
    // A component by itself has no blocks that only fill an MCU.
    const bool isAlone = used == 1;
    const unsigned wide = isAlone ? chosen[0]->blocksWide : unitsWide(), high = isAlone ? chosen[0]->blocksHigh : unitsHigh();
    unsigned left = restartInterval;
    for (unsigned unit = 0; unit < wide * high; unit++) {
      if (restartInterval != 0 && left-- == 0) {
        bits.restart();
        scan.skipped = 0;
        for (int i = 0; i < used; i++) chosen[i]->predicted = 0;
        left = restartInterval - 1;
      }
      const unsigned x = unit % wide, y = unit / wide;
      for (int i = 0; i < used; i++) {
        const unsigned h = isAlone ? 1 : static_cast<unsigned>(chosen[i]->h), v = isAlone ? 1 : static_cast<unsigned>(chosen[i]->v);
        for (unsigned block = 0; block < h * v; block++) decodeBlock(bits, scan, *chosen[i], x * h + block % h, y * v + block / h);
      }
    }
    at = bits.at;
    return S_OK;
  }

  /** Reads markers up to the end of the picture. */
  HRESULT read() {
    bool hasScan = false;
    while (end - at >= 4) {
      if (at[0] != 0xff || at[1] == 0 || at[1] == 0xff || (at[1] >= 0xd0 && at[1] <= 0xd8)) {
        at++;
        continue;
      }
      const BYTE marker = at[1];
      if (marker == 0xd9) break;
      const unsigned length = static_cast<unsigned>(at[2] << 8 | at[3]);
      if (length < 2 || length > static_cast<size_t>(end - at) - 2) break;
      const BYTE *const data = at + 4;
      at += 2 + length;
      HRESULT result = S_OK;
      if (marker == 0xc4) result = readTables(data, length - 2);
      else if (marker == 0xdb) result = readQuantization(data, length - 2);
      else if (marker >= 0xc0 && marker <= 0xc2) {
        isProgressive = marker == 0xc2;
        result = readFrame(data, length - 2);
      } else if (marker >= 0xc3 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc) result = UNSUPPORTED_FORMAT;
      else if (marker == 0xdd && length >= 4) restartInterval = static_cast<unsigned>(data[0] << 8 | data[1]);
      else if (marker == 0xe0 && length >= 7 && memcmp(data, "JFIF", 5) == 0) isJfif = true;
      else if (marker == 0xee && length >= 14 && memcmp(data, "Adobe", 5) == 0) adobeTransform = data[11];
      else if (marker == 0xda) {
        result = readScan(data, length - 2);
        hasScan = true;
      }
      if (result != S_OK) return result;
    }
    return hasScan ? S_OK : BAD_IMAGE;
  }

  bool isRgb() const {
    if (isJfif) return false;
    if (adobeTransform >= 0) return adobeTransform == 0;
    return components[0].id == 'R' && components[1].id == 'G' && components[2].id == 'B';
  }
  HRESULT toPicture(Picture &to) {
    for (int i = 0; i < count; i++) toSamples(components[i], quantization[components[i].quantization]);
    const unsigned bytes = count == 1 ? 1 : 3;
    BYTE *const pixels = static_cast<BYTE *>(malloc(static_cast<size_t>(width) * height * bytes));
    if (pixels == nullptr) return E_OUTOFMEMORY;
    const bool isPlain = count == 1 || isRgb();
    const auto spread = [&](int index) {
      const Component &each = components[index];
      return Spread{each, sampled(width, each.h, maxH), sampled(height, each.v, maxV), static_cast<unsigned>(maxH / each.h), static_cast<unsigned>(maxV / each.v)};
    };
    const Spread first = spread(0), second = spread(count == 1 ? 0 : 1), third = spread(count == 1 ? 0 : 2);
    BYTE *pixel = pixels;
    for (unsigned y = 0; y < height; y++) {
      for (unsigned x = 0; x < width; x++, pixel += bytes) {
        const int luma = first.sample(x, y);
        if (bytes == 1) {
          pixel[0] = static_cast<BYTE>(luma);
          continue;
        }
        const int blue = second.sample(x, y), red = third.sample(x, y);
        if (isPlain) {
          pixel[2] = static_cast<BYTE>(luma); pixel[1] = static_cast<BYTE>(blue); pixel[0] = static_cast<BYTE>(red);
          continue;
        }
        // JFIF's conversion, with 16 bits behind the point.
        pixel[2] = clamp(luma + ((91881 * (red - 128) + 32768) >> 16));
        pixel[1] = clamp(luma + ((-22554 * (blue - 128) - 46802 * (red - 128) + 32768) >> 16));
        pixel[0] = clamp(luma + ((116130 * (blue - 128) + 32768) >> 16));
      }
    }
    to = {width, height, bytes, bytes == 1 ? &GRAY8 : &BGR24, pixels};
    return S_OK;
  }
};

}  // namespace

bool isJpeg(const BYTE *file, size_t size) { return size >= 3 && file[0] == 0xff && file[1] == 0xd8 && file[2] == 0xff; }

HRESULT decodeJpeg(const BYTE *file, size_t size, Picture &to) {
  Jpeg jpeg{file, file + size};
  const HRESULT result = jpeg.read();
  return result == S_OK ? jpeg.toPicture(to) : result;
}
