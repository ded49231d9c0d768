// Runs the transpiled command beside this file with all that the shim can grant: one
// folder, every address, every variable. What holds it is in it.
//
//     node guarded.mjs FOLDER FOLDER-INSIDE ARGUMENT...

import { readFile } from "node:fs/promises";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import { instantiate } from "./program.js";

const [folder, inside, ...args] = process.argv.slice(2);
const load = async (name) =>
  WebAssembly.compile(await readFile(new URL(name, import.meta.url)));
const shim = new WASIShim({
  sandbox: {
    env: { ...process.env },
    args: ["program.wasm", ...args],
    preopens: { [inside]: folder },
  },
});
const program = await instantiate(load, shim.getImportObject());
program.run.run();
