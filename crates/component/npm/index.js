// The transpiled component with its core modules, which lie beside it.

import { instantiate as instantiateWith } from "./component/exchange.js";

const load = async (name) => {
  const url = new URL(`component/${name}`, import.meta.url);
  if (url.protocol !== "file:") return WebAssembly.compileStreaming(fetch(url));
  const { readFile } = await import("node:fs/promises");
  return WebAssembly.compile(await readFile(url));
};

export const instantiate = (imports) => instantiateWith(load, imports);
