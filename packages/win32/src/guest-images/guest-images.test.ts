import { readImage } from "@decant/pe";
import { expect, test } from "vitest";
import { sourceHash } from "../../guest/build.ts";
import { guestImages } from "../../guest/images.ts";
import { imageNames, loadImage } from "./load-image.ts";
import { sources as x64 } from "./msvcp140-x64.ts";
import { sources as x86 } from "./msvcp140-x86.ts";

test("images are built from the sources as they are: npx tsx packages/win32/guest/build.ts", () => {
  const [msvcp140] = guestImages;
  expect([x64, x86]).toEqual([sourceHash(msvcp140!), sourceHash(msvcp140!)]);
});

test("every DLL has an image for each processor", () => {
  expect(imageNames).toEqual(guestImages.flatMap(({ name }) => [`${name}-x64`, `${name}-x86`]));
});

test("each is a DLL for its processor", () => {
  expect(readImage(loadImage("msvcp140-x64"))).toMatchObject({ isDll: true, machine: "x86-64", relocatable: true });
  expect(readImage(loadImage("msvcp140-x86"))).toMatchObject({ isDll: true, machine: "x86", relocatable: true });
});
