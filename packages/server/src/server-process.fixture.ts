import { memoryDriver } from "@decant/cuda/testing";
import { serveParent } from "./server-process.ts";

// A server process with the memory driver, for server.test.ts.
await serveParent(
  memoryDriver({
    kernels: {
      die: () => process.exit(3),
      increment({ memory, parameters }) {
        const bytes = memory(Number(parameters.getBigUint64(0, true)), parameters.getUint32(8, true));
        bytes.forEach((value, index) => (bytes[index] = value + 1));
      },
    },
  }),
);
