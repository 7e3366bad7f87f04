/** Imports a module by its address. In the bundle bin/decant.js does it: a script that V8's code is kept of cannot import by itself. */
export const importModule = (url: string): Promise<unknown> => import(url);
