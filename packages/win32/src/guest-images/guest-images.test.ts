import { readImage } from "@decant/pe";
import { expect, test } from "vitest";
import { sourceHash } from "../../guest/build.ts";
import { guestImages } from "../../guest/images.ts";
import { imageNames, loadImage } from "./load-image.ts";
import * as msvcp140x64 from "./msvcp140-x64.ts";
import * as msvcp140x86 from "./msvcp140-x86.ts";
import * as sortingX64 from "./sorting-x64.ts";
import * as sortingX86 from "./sorting-x86.ts";
import * as vcomp140x64 from "./vcomp140-x64.ts";
import * as vcomp140x86 from "./vcomp140-x86.ts";
import * as windowscodecsX64 from "./windowscodecs-x64.ts";
import * as windowscodecsX86 from "./windowscodecs-x86.ts";

test("images are built from the sources as they are: npx tsx packages/win32/guest/build.ts", () => {
  const built = [msvcp140x64, msvcp140x86, vcomp140x64, vcomp140x86, windowscodecsX64, windowscodecsX86, sortingX64, sortingX86].map(
    ({ sources }) => sources,
  );
  expect(built).toEqual(guestImages.flatMap((image) => [sourceHash(image), sourceHash(image)]));
});

test("every DLL has an image for each processor", () => {
  expect(imageNames).toEqual(guestImages.flatMap(({ name }) => [`${name}-x64`, `${name}-x86`]));
});

test.each(imageNames)("%s is a DLL for its processor", (name) => {
  const machine = name.endsWith("-x64") ? "x86-64" : "x86";
  expect(readImage(loadImage(name))).toMatchObject({ isDll: true, machine, relocatable: true });
});
