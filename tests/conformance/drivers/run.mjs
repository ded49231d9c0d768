// Runs a WASI command that `jco transpile --instantiation async` made of a
// component, on Node or Deno: each run of a plan in an instance of its own.
//
//     node run.mjs plan.json
//
// A run has `arguments`, `variables`, `preopens` (guest path: host file or folder),
// `endpoint`, the one URL that is asked, `stock`, whether the shim's own handler stands
// there instead, which asks any, and `out`, a folder in which standard output, standard
// error and outcome.json are left.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { cli, filesystem, http } from "@bytecodealliance/preview2-shim";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import { only } from "./handler.mjs";

if (Number.parseInt(process.versions.node, 10) < 20) {
  console.error(`error: this is Node ${process.versions.node}\nhint: install Node 20 or newer`);
  process.exit(2);
}

class Exit extends Error {
  constructor(code) {
    super(`exit code ${code}`);
    this.code = code;
  }
}

// A stream into a file, as the shim makes it for a guest.
const into = (folder, name) => {
  const { preopens } = filesystem.createFilesystem({ preopens: { "/": folder } });
  const [[root]] = preopens.getDirectories();
  const file = root.openAt({}, name, { create: true, truncate: true }, { write: true });
  return file.writeViaStream(0n);
};

const start = async (instantiate, load, run) => {
  const stdout = into(run.out, "stdout");
  const stderr = into(run.out, "stderr");
  const shim = new WASIShim({
    sandbox: {
      env: run.variables,
      args: ["keyhole.wasm", ...run.arguments],
      preopens: run.preopens,
    },
    cli: {
      ...cli,
      stdout: { getStdout: () => stdout },
      stderr: { getStderr: () => stderr },
      exit: {
        exit: ({ tag }) => {
          throw new Exit(tag === "err" ? 1 : 0);
        },
        exitWithCode: (code) => {
          throw new Exit(code);
        },
      },
    },
    http: run.stock ? http : { ...http, outgoingHandler: only(run.endpoint) },
  });
  const program = await instantiate(load, shim.getImportObject());
  try {
    program.run.run();
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    if (error?.payload !== undefined || error?.constructor?.name === "ComponentError") return 1;
    throw error;
  }
};

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { instantiate } = await import(pathToFileURL(`${plan.program}/keyhole.js`));
const modules = new Map();
const load = (name) => {
  if (!modules.has(name)) {
    modules.set(name, WebAssembly.compile(readFileSync(`${plan.program}/${name}`)));
  }
  return modules.get(name);
};
for (const run of plan.runs) {
  const begin = performance.now();
  const outcome = {};
  try {
    outcome.exit = await start(instantiate, load, run);
  } catch (error) {
    outcome.error = String(error?.stack ?? error);
  }
  outcome.ms = performance.now() - begin;
  writeFileSync(`${run.out}/outcome.json`, JSON.stringify(outcome));
}
process.exit(0);
