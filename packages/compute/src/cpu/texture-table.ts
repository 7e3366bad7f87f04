import { CUDA_ERROR, CudaError, MOST_TEXTURE_LEVELS, type TextureInfo } from "@decant/cuda";
import { TEXTURE, writeTextureDescriptor } from "@decant/ptx";
import { MEMORY_MAP } from "./device.ts";

/** Bytes of the levels of one texture, but its first. */
const LEVELS_BYTES = MOST_TEXTURE_LEVELS * TEXTURE.levelBytes;
const MOST_TEXTURES = Math.min(
  Math.floor((MEMORY_MAP.textureLevels - MEMORY_MAP.textures) / TEXTURE.bytes),
  Math.floor((MEMORY_MAP.allocations - MEMORY_MAP.textureLevels) / LEVELS_BYTES),
);

/** The texture and surface objects of a context. What a kernel knows one by is its place in the table, from 1 on. */
export class TextureTable {
  readonly #view: DataView;
  /** Added to an offset in the memory it gives a device pointer. */
  readonly #base: number;
  readonly #free: number[] = [];
  /** How many entries there are, free ones among them. */
  count = 0;

  constructor(view: DataView, base: number) {
    this.#view = view;
    this.#base = base;
  }

  add(info: TextureInfo): number {
    const entry = this.#free.pop() ?? this.count;
    if (entry >= MOST_TEXTURES) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, `a context has room for ${MOST_TEXTURES} textures`);
    this.count = Math.max(this.count, entry + 1);
    const { levels, addressModes, border, ...rest } = info;
    writeTextureDescriptor(this.#view, this.#at(entry), {
      ...rest,
      levels: levels.map((level) => ({ ...level, address: level.address - this.#base })),
      levelTable: MEMORY_MAP.textureLevels + entry * LEVELS_BYTES,
      addressModes: [addressModes[0] ?? 0, addressModes[1] ?? 0, addressModes[2] ?? 0],
      border: [border[0] ?? 0, border[1] ?? 0, border[2] ?? 0, border[3] ?? 0],
    });
    return entry + 1;
  }

  remove(object: number): void {
    const entry = object - 1;
    this.#view.setUint32(this.#at(entry) + TEXTURE.format, 0, true);
    this.#free.push(entry);
  }

  #at(entry: number): number {
    return MEMORY_MAP.textures + entry * TEXTURE.bytes;
  }
}
