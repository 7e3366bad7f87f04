import { CUDA_ERROR } from "@decant/cuda";
import { cell } from "@decant/hook";
import { expect, test } from "vitest";
import { ready } from "./guest.fixture.ts";

type Made = Awaited<ReturnType<typeof ready>>;

async function given({ call }: Pick<Made, "call">, name: string, ...args: unknown[]): Promise<number> {
  const place = cell(0);
  expect([name, await call(name, place, ...args)]).toEqual([name, 0]);
  return place.get();
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const padded = (size: number, bytes: Uint8Array): Uint8Array => Uint8Array.of(...bytes, ...new Uint8Array(size - bytes.length));
const floats = padded(104, words(1, 1, 1, 1));

/** CUDA_RESOURCE_DESC of an array, and of linear memory. */
const ofArray = (array: number): Uint8Array => padded(144, words(0, 0, array, 0));
const ofMemory = (p: number, bytes: number): Uint8Array =>
  padded(144, words(2, 0, p % 2 ** 32, Math.floor(p / 2 ** 32), 0x20, 1, bytes, 0));

test("texture and surface objects take the structs of cuda.h, and give them back", async () => {
  const made = await ready();
  const { call, place, allocate, memory, alloc, memoryCuda } = made;
  const array = await given(made, "cuArray3DCreate_v2", place(words(4, 0, 2, 0, 0, 0, 0x20, 1, 2, 0)));
  const resource = place(ofArray(array));
  const texture = await given(made, "cuTexObjectCreate", resource, place(floats), 0);
  expect(memoryCuda.log.findLast(({ name }) => name === "cuTexObjectCreate")!.args[2]).toMatchObject({
    format: 0x20,
    channels: 1,
    addressModes: [1, 1, 1],
    filterMode: 1,
    levels: [{ width: 4, height: 2 }],
  });
  const shown = allocate(144);
  expect(await call("cuTexObjectGetResourceDesc", shown, texture)).toBe(0);
  expect(memory.read(shown, 144)).toEqual(ofArray(array));
  expect(await call("cuTexObjectGetTextureDesc", shown, texture)).toBe(0);
  expect(memory.read(shown, 104)).toEqual(floats);
  expect(await call("cuTexObjectDestroy", texture)).toBe(0);
  expect(await call("cuTexObjectDestroy", texture)).toBe(CUDA_ERROR.INVALID_VALUE);

  const surface = await given(made, "cuSurfObjectCreate", resource);
  expect(await call("cuSurfObjectGetResourceDesc", shown, surface)).toBe(0);
  expect(await call("cuSurfObjectDestroy", surface)).toBe(0);

  const p = await alloc(4096);
  const linear = (bytes: number): Promise<number> => call("cuTexObjectCreate", cell(0), place(ofMemory(p, bytes)), place(floats), 0);
  expect(await linear(4096)).toBe(0);
  expect(await linear(4100)).toBe(CUDA_ERROR.INVALID_VALUE);
  expect(await call("cuTexObjectCreate", cell(0), 0, place(floats), 0)).toBe(CUDA_ERROR.INVALID_VALUE);
  expect(await call("cuTexObjectCreate", cell(0), resource, 0, 0)).toBe(CUDA_ERROR.INVALID_VALUE);
  expect(await call("cuTexObjectCreate", cell(0), resource, place(floats), 8)).toBe(CUDA_ERROR.NOT_SUPPORTED);
  expect(await call("cuSurfObjectCreate", cell(0), place(ofMemory(p, 64)))).toBe(CUDA_ERROR.INVALID_VALUE);
});

test("references of older modules are told what they are, call by call", async () => {
  const made = await ready();
  const { call, text, place, memoryCuda, alloc } = made;
  const module = await given(made, "cuModuleLoadData", text("kernel k 8\ntexref image"));
  const image = await given(made, "cuModuleGetTexRef", module, "image");
  expect(await call("cuModuleGetTexRef", cell(0), module, "none")).toBe(CUDA_ERROR.NOT_FOUND);
  const last = () => memoryCuda.log.findLast(({ name }) => name === "cuTexObjectCreate")!.args[2];
  const array = await given(made, "cuArrayCreate_v2", place(words(4, 0, 2, 0, 0x20, 1)));
  expect(await call("cuTexRefSetArray", image, array, 1)).toBe(0);
  expect(await call("cuTexRefSetArray", image, array, 0)).toBe(CUDA_ERROR.INVALID_VALUE);
  expect(await call("cuTexRefSetAddressMode", image, 1, 3)).toBe(0);
  expect(await call("cuTexRefSetFilterMode", image, 1)).toBe(0);
  expect(await call("cuTexRefSetFlags", image, 2)).toBe(0);
  expect(last()).toMatchObject({ addressModes: [0, 3, 0], filterMode: 1, flags: 2, levels: [{ width: 4, height: 2 }] });
  await call("cuTexRefSetFormat", image, 0x0a, 2);
  await call("cuTexRefSetFilterMode", image, 0);
  expect(await call("cuTexRefSetAddress_v2", 0, image, await alloc(64), 64)).toBe(0);
  expect(last()).toMatchObject({ format: 0x0a, channels: 2, levels: [{ width: 8 }] });
  expect(memoryCuda.log.filter(({ name }) => name === "cuTexRefSetArray")).toHaveLength(6);
});

test("the row of an array is copied from and to", async () => {
  const made = await ready();
  const { call, place, memory, allocate, alloc } = made;
  const array = await given(made, "cuArrayCreate_v2", place(words(8, 0, 0, 0, 0x0a, 1)));
  const [source, target, p] = [place(words(1, 2, 3, 4)), allocate(16), await alloc(16)];
  expect(await call("cuMemcpyHtoA_v2", array, 16, source, 16)).toBe(0);
  expect(await call("cuMemcpyAtoA_v2", array, 0, array, 20, 8)).toBe(0);
  expect(await call("cuMemcpyAtoD_v2", p, array, 0, 16)).toBe(0);
  expect(await call("cuMemcpyDtoA_v2", array, 24, p, 8)).toBe(0);
  expect(await call("cuMemcpyAtoH_v2", target, array, 16, 16)).toBe(0);
  expect([0, 4, 8, 12].map((offset) => memory.u32(target + offset))).toEqual([1, 2, 2, 3]);
  expect(await call("cuMemcpyHtoA_v2", array, 17, source, 16)).toBe(CUDA_ERROR.INVALID_VALUE);
});
