import type { Layout } from "./run-blocks.ts";

/** Answers a texture or surface instruction whose operands are in the worker's record (see TEXTURE_CALL): false when the access is not allowed. */
export type Textures = (worker: number) => boolean;

/**
 * Textures and surfaces of one memory (CUDA C++ Programming Guide, "Texture Fetching"; PTX ISA, "Texture Instructions", "Surface
 * Instructions"). What a texture is, descriptors in the memory say: see TEXTURE in compile/layout.ts.
 *
 * The text of this function is what workers run: it must not name anything outside of itself.
 */
export function createTextures(layout: Layout, buffer: ArrayBufferLike, window: bigint): Textures {
  const { LAUNCH, TEXTURE, TEXTURE_CALL, TEXTURE_OPERATION, TEXTURE_FLAG, WORKER } = layout;
  const view = new DataView(buffer);
  const word = (address: number): number => view.getUint32(address, true);
  const single = (address: number): number => view.getFloat32(address, true);

  interface Level {
    readonly address: number;
    readonly width: number;
    readonly height: number;
    readonly depth: number;
    readonly rowPitch: number;
    readonly slicePitch: number;
  }

  /** The descriptor that a handle names; undefined when it names none. A handle above 32 bits is a pointer to where one is kept (.texref). */
  const descriptorOf = (launch: number, handle: bigint): number | undefined => {
    let value = handle;
    if (value >> 32n !== 0n) {
      const offset = value - window;
      if (offset < 0n || offset + 8n > BigInt(view.byteLength) || offset % 8n !== 0n) return undefined;
      value = view.getBigUint64(Number(offset), true);
    }
    if (value < 1n || value > BigInt(word(launch + LAUNCH.textureCount))) return undefined;
    const at = word(launch + LAUNCH.textures) + (Number(value) - 1) * TEXTURE.bytes;
    return word(at + TEXTURE.format) === 0 ? undefined : at;
  };

  const levelOf = (at: number, level: number): Level => {
    const table = word(at + TEXTURE.levelTable);
    const from = level > 0 && table !== 0 ? table + (level - 1) * TEXTURE.levelBytes : at + TEXTURE.address;
    const [address, width, height, depth, rowPitch, slicePitch] = [0, 4, 8, 12, 16, 20].map((field) => word(from + field));
    return {
      address: address ?? 0,
      width: Math.max(1, width ?? 1),
      height: Math.max(1, height ?? 1),
      depth: Math.max(1, depth ?? 1),
      rowPitch: rowPitch ?? 0,
      slicePitch: slicePitch ?? 0,
    };
  };

  const half = (bits: number): number => {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const magnitude =
      exponent === 31 ? (fraction === 0 ? Infinity : NaN) : exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return bits & 0x8000 ? -magnitude : magnitude;
  };
  const linearOf = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

  /** One channel as it is read: a number, as an integer where integers are asked for. */
  const channel = (place: number, format: number, flags: number, index: number): number => {
    const integers = (flags & TEXTURE_FLAG.readAsInteger) !== 0;
    switch (format) {
      case 0x01: {
        const value = view.getUint8(place);
        if (integers) return value;
        return flags & TEXTURE_FLAG.sRgb && index < 3 ? linearOf(value / 255) : value / 255;
      }
      case 0x02:
        return integers ? view.getUint16(place, true) : view.getUint16(place, true) / 65535;
      case 0x03:
        return view.getUint32(place, true);
      case 0x08:
        return integers ? view.getInt8(place) : Math.max(-1, view.getInt8(place) / 127);
      case 0x09:
        return integers ? view.getInt16(place, true) : Math.max(-1, view.getInt16(place, true) / 32767);
      case 0x0a:
        return view.getInt32(place, true);
      case 0x10:
        return half(view.getUint16(place, true));
      default:
        return view.getFloat32(place, true);
    }
  };

  const channelBytes = (format: number): number =>
    format === 0x01 || format === 0x08 ? 1 : format === 0x02 || format === 0x09 || format === 0x10 ? 2 : 4;

  /** The four channels of a texel; those that there are not are 0, and 1 for the last. */
  const texel = (at: number, level: Level, x: number, y: number, z: number): [number, number, number, number] => {
    const [format, channels, flags] = [word(at + TEXTURE.format), word(at + TEXTURE.channels), word(at + TEXTURE.flags)];
    const size = channelBytes(format);
    const place = level.address + z * level.slicePitch + y * level.rowPitch + x * size * channels;
    const out: [number, number, number, number] = [0, 0, 0, 1];
    for (let index = 0; index < channels; index++) out[index as 0] = channel(place + index * size, format, flags, index);
    return out;
  };

  /** A texel's index along one axis by the axis's address mode; -1: outside, where the border is. */
  const addressed = (index: number, size: number, mode: number): number => {
    if (index >= 0 && index < size) return index;
    if (mode === 0) return ((index % size) + size) % size;
    if (mode === 1) return Math.min(size - 1, Math.max(0, index));
    if (mode === 3) return -1;
    const place = ((index % (2 * size)) + 2 * size) % (2 * size);
    return place < size ? place : 2 * size - 1 - place;
  };

  /** A sampler's state: that of the texture itself, or another's. */
  interface Sampling {
    readonly modes: readonly [number, number, number];
    readonly linear: boolean;
    readonly normalized: boolean;
    readonly border: [number, number, number, number];
  }
  const samplingOf = (at: number): Sampling => ({
    modes: [
      view.getUint8(at + TEXTURE.addressModes),
      view.getUint8(at + TEXTURE.addressModes + 1),
      view.getUint8(at + TEXTURE.addressModes + 2),
    ],
    linear: view.getUint8(at + TEXTURE.filterMode) !== 0,
    normalized: (word(at + TEXTURE.flags) & TEXTURE_FLAG.normalizedCoordinates) !== 0,
    border: [0, 4, 8, 12].map((offset) => single(at + TEXTURE.border + offset)) as [number, number, number, number],
  });

  const fetch = (
    at: number,
    level: Level,
    sampling: Sampling,
    x: number,
    y: number,
    z: number,
    layer: number,
    axes: number,
  ): [number, number, number, number] => {
    const [px, py, pz] = [
      addressed(x, level.width, sampling.modes[0]),
      axes > 1 ? addressed(y, level.height, sampling.modes[1]) : 0,
      axes > 2 ? addressed(z, level.depth, sampling.modes[2]) : 0,
    ];
    return px < 0 || py < 0 || pz < 0 ? [...sampling.border] : texel(at, level, px, py, axes > 2 ? pz : layer);
  };

  /** A sample at one mipmap level, at coordinates in texels. */
  const sample = (
    at: number,
    level: Level,
    sampling: Sampling,
    position: readonly number[],
    layer: number,
    axes: number,
  ): [number, number, number, number] => {
    const at3 = (values: readonly number[]): [number, number, number] => [values[0] ?? 0, values[1] ?? 0, values[2] ?? 0];
    if (!sampling.linear) {
      const [x, y, z] = at3(position.map((value) => Math.floor(value)));
      return fetch(at, level, sampling, x, y, z, layer, axes);
    }
    const out: [number, number, number, number] = [0, 0, 0, 0];
    const whole = position.map((value) => Math.floor(value - 0.5));
    // Weights have 8 bits of fraction (CUDA C++ Programming Guide, "Linear Filtering").
    const weight = position.map((value, axis) => Math.floor((value - 0.5 - (whole[axis] ?? 0)) * 256 + 0.5) / 256);
    for (let corner = 0; corner < 2 ** axes; corner++) {
      let share = 1;
      const [x, y, z] = at3(
        whole.map((value, axis) => {
          const far = (corner >> axis) & 1;
          if (axis < axes) share *= far ? (weight[axis] ?? 0) : 1 - (weight[axis] ?? 0);
          return value + far;
        }),
      );
      if (share === 0) continue;
      const values = fetch(at, level, sampling, x, y, z, layer, axes);
      for (const index of [0, 1, 2, 3] as const) out[index] += share * values[index];
    }
    return out;
  };

  /** The face of a cube that a direction meets, and where on it, from 0 to 1 (CUDA C++ Programming Guide, "Cubemap Textures"). */
  const faceOf = (x: number, y: number, z: number): { face: number; s: number; t: number } => {
    const [ax, ay, az] = [Math.abs(x), Math.abs(y), Math.abs(z)];
    const [face, m, s, t] =
      ax >= ay && ax >= az
        ? x >= 0
          ? [0, ax, -z, -y]
          : [1, ax, z, -y]
        : ay >= az
          ? y >= 0
            ? [2, ay, x, z]
            : [3, ay, x, -z]
          : z >= 0
            ? [4, az, x, -y]
            : [5, az, -x, -y];
    return { face, s: (s / m + 1) / 2, t: (t / m + 1) / 2 };
  };

  const textureAccess = (call: number, at: number, sampler: number, operation: number): void => {
    const geometry = word(call + TEXTURE_CALL.geometry);
    const integerCoordinates = word(call + TEXTURE_CALL.integerCoordinates) !== 0;
    // Geometries: 1d, 2d, 3d, a1d, a2d, cube, acube.
    const layered = geometry === 3 || geometry === 4 || geometry === 6;
    const cube = geometry === 5 || geometry === 6;
    const axes = cube ? 2 : ([1, 2, 3, 1, 2][geometry] ?? 1);
    const raw = (index: number): number => call + TEXTURE_CALL.coordinates + 4 * (layered ? index + 1 : index);
    let layer = layered ? Math.min(word(call + TEXTURE_CALL.coordinates), Math.max(1, word(at + TEXTURE.layers) / (cube ? 6 : 1)) - 1) : 0;
    let coordinates = Array.from({ length: cube ? 3 : axes }, (_, axis) =>
      integerCoordinates ? view.getInt32(raw(axis), true) : single(raw(axis)),
    );
    let sampling = samplingOf(sampler);
    if (cube) {
      const { face, s, t } = faceOf(coordinates[0] ?? 0, coordinates[1] ?? 0, coordinates[2] ?? 0);
      layer = 6 * layer + face;
      coordinates = [s, t];
      sampling = { ...sampling, normalized: true, modes: [1, 1, 1] };
    }
    if (integerCoordinates) sampling = { ...sampling, linear: false, normalized: false, modes: [3, 3, 3], border: [0, 0, 0, 0] };
    const base = levelOf(at, 0);
    const sizeOf = (level: Level): number[] => [level.width, level.height, level.depth];
    const position = (level: Level): number[] =>
      coordinates.map((value, axis) => {
        const size = sizeOf(level)[axis] ?? 1;
        // Coordinates that are not normalized are those of the base level.
        const scaled = sampling.normalized ? value * size : (value * size) / (sizeOf(base)[axis] ?? 1);
        return scaled + view.getInt32(call + TEXTURE_CALL.offsets + 4 * axis, true);
      });
    let result: [number, number, number, number];
    if (operation === TEXTURE_OPERATION.gather) {
      const component = word(call + TEXTURE_CALL.component) as 0;
      const [x, y] = position(base).map((value) => Math.floor(value - 0.5));
      // Counter-clockwise from the lower left.
      result = (
        [
          [0, 1],
          [1, 1],
          [1, 0],
          [0, 0],
        ] as const
      ).map(([dx, dy]) => fetch(at, base, sampling, (x ?? 0) + dx, (y ?? 0) + dy, 0, layer, 2)[component]) as [
        number,
        number,
        number,
        number,
      ];
    } else {
      const levels = Math.max(1, word(at + TEXTURE.levels));
      let lod = 0;
      if (operation === TEXTURE_OPERATION.level) lod = single(call + TEXTURE_CALL.level);
      else if (operation === TEXTURE_OPERATION.gradient) {
        const length = (from: number): number =>
          Math.hypot(...coordinates.map((_, axis) => single(from + 4 * axis) * (sampling.normalized ? (sizeOf(base)[axis] ?? 1) : 1)));
        lod = Math.log2(Math.max(length(call + TEXTURE_CALL.gradientX), length(call + TEXTURE_CALL.gradientY)));
      }
      if (levels > 1) {
        lod += single(sampler + TEXTURE.levelBias);
        lod = Math.min(Math.max(lod, single(sampler + TEXTURE.minLevel)), single(sampler + TEXTURE.maxLevel));
      }
      lod = Number.isNaN(lod) ? 0 : Math.min(levels - 1, Math.max(0, lod));
      const near = Math.floor(lod);
      if (view.getUint8(sampler + TEXTURE.mipmapFilter) === 0 || near === lod) {
        const level = levelOf(at, Math.min(levels - 1, Math.floor(lod + 0.5)));
        result = sample(at, level, sampling, position(level), layer, axes);
      } else {
        const [fine, coarse] = [levelOf(at, near), levelOf(at, near + 1)];
        const [a, b] = [
          sample(at, fine, sampling, position(fine), layer, axes),
          sample(at, coarse, sampling, position(coarse), layer, axes),
        ];
        const share = Math.floor((lod - near) * 256 + 0.5) / 256;
        result = a.map((value, index) => value * (1 - share) + (b[index] ?? 0) * share) as [number, number, number, number];
      }
    }
    const format = word(at + TEXTURE.format);
    const integers = format === 0x03 || format === 0x0a || ((word(at + TEXTURE.flags) & TEXTURE_FLAG.readAsInteger) !== 0 && format < 0x10);
    for (const [index, value] of result.entries()) {
      const place = call + TEXTURE_CALL.result + 8 * index;
      if (integers) view.setInt32(place, value, true);
      else view.setFloat32(place, value, true);
    }
  };

  /** A surface is addressed by bytes along x. False: outside of it, where that is not allowed. */
  const surfaceAccess = (call: number, at: number, store: boolean): boolean => {
    const geometry = word(call + TEXTURE_CALL.geometry);
    const layered = geometry === 3 || geometry === 4;
    const axes = [1, 2, 3, 1, 2][geometry] ?? 1;
    const size = word(call + TEXTURE_CALL.elementBytes);
    const count = word(call + TEXTURE_CALL.elementCount);
    const mode = word(call + TEXTURE_CALL.clamp);
    const level = levelOf(at, 0);
    const coordinate = (index: number): number => view.getInt32(call + TEXTURE_CALL.coordinates + 4 * index, true);
    const texelBytes = channelBytes(word(at + TEXTURE.format)) * word(at + TEXTURE.channels);
    const limits = [
      level.width * texelBytes - size * count + 1,
      axes > 1 ? level.height : 1,
      axes > 2 ? level.depth : Math.max(1, word(at + TEXTURE.layers)),
    ];
    const first = layered ? 1 : 0;
    const position = [
      coordinate(first),
      axes > 1 ? coordinate(first + 1) : 0,
      axes > 2 ? coordinate(first + 2) : layered ? coordinate(0) >>> 0 : 0,
    ];
    const outside = position.some((value, axis) => value < 0 || value >= (limits[axis] ?? 0));
    const result = (index: number): number => call + TEXTURE_CALL.result + 8 * index;
    if (outside) {
      if (mode === 0) return false;
      if (mode === 2) {
        if (!store) for (let index = 0; index < count; index++) view.setBigUint64(result(index), 0n, true);
        return true;
      }
      for (const [axis, value] of position.entries()) position[axis] = Math.min(Math.max(0, value), (limits[axis] ?? 1) - 1);
    }
    const [x = 0, y = 0, z = 0] = position;
    if (x % Math.min(size * count, 16) !== 0 && x % size !== 0) return false;
    const place = level.address + z * level.slicePitch + y * level.rowPitch + x;
    for (let index = 0; index < count; index++) {
      for (let byte = 0; byte < size; byte++) {
        if (store) view.setUint8(place + index * size + byte, view.getUint8(result(index) + byte));
        else view.setUint8(result(index) + byte, view.getUint8(place + index * size + byte));
      }
    }
    return true;
  };

  /** What txq and suq ask for. Data types and orders have OpenCL's numbers (PTX ISA, "Texture, Sampler and Surface Types"). */
  const query = (call: number, at: number, sampler: number): void => {
    const level = levelOf(at, word(call + TEXTURE_CALL.component));
    const [format, flags, channels] = [word(at + TEXTURE.format), word(at + TEXTURE.flags), word(at + TEXTURE.channels)];
    const integers = (flags & TEXTURE_FLAG.readAsInteger) !== 0;
    const types: Record<number, number> = {
      1: integers ? 0x10da : 0x10d2,
      2: integers ? 0x10db : 0x10d3,
      3: 0x10dc,
      8: integers ? 0x10d7 : 0x10d0,
      9: integers ? 0x10d8 : 0x10d1,
      10: 0x10d9,
      16: 0x10dd,
      32: 0x10de,
    };
    const answers = [
      level.width,
      level.height,
      level.depth,
      types[format] ?? 0,
      { 1: 0x10b0, 2: 0x10b2 }[channels] ?? 0x10b5,
      samplingOf(sampler).normalized ? 1 : 0,
      word(at + TEXTURE.layers),
      Math.max(1, word(at + TEXTURE.levels)),
      samplingOf(sampler).linear ? 1 : 0,
      view.getUint8(sampler + TEXTURE.addressModes),
      view.getUint8(sampler + TEXTURE.addressModes + 1),
      view.getUint8(sampler + TEXTURE.addressModes + 2),
      1,
      0,
    ];
    view.setUint32(call + TEXTURE_CALL.result, answers[word(call + TEXTURE_CALL.geometry)] ?? 0, true);
  };

  return (worker) => {
    const call = worker + WORKER.service;
    const launch = word(worker + WORKER.launch);
    const at = descriptorOf(launch, view.getBigUint64(call + TEXTURE_CALL.texture, true));
    const other = view.getBigUint64(call + TEXTURE_CALL.sampler, true);
    const sampler = other === 0n ? at : descriptorOf(launch, other);
    if (at === undefined || sampler === undefined) return false;
    const operation = word(call + TEXTURE_CALL.operation);
    if (operation === TEXTURE_OPERATION.surfaceLoad) return surfaceAccess(call, at, false);
    if (operation === TEXTURE_OPERATION.surfaceStore) return surfaceAccess(call, at, true);
    if (operation === TEXTURE_OPERATION.query) query(call, at, sampler);
    else textureAccess(call, at, sampler, operation);
    return true;
  };
}
