// One run of a plan in a page: see chromium.mjs.

import { stdin } from "/shim/cli.js";
import { monotonicClock, wallClock } from "/shim/clocks.js";
import { InMemoryFilesystemAdapter, createFilesystem } from "/shim/filesystem.js";
import { outgoingHandler, types } from "/shim/http.js";
import { error, outputStreamCreate, poll, streams } from "/shim/io.js";
import { instantiate } from "/keyhole/keyhole.js";

class Exit extends Error {
  constructor(code) {
    super(`exit code ${code}`);
    this.code = code;
  }
}

const load = (name) => WebAssembly.compileStreaming(fetchFile(`/keyhole/${name}`));

// preview2-shim sends by `fetch`, which follows redirects, with the form in it.
const fetchFile = globalThis.fetch;
globalThis.fetch = (url, options) =>
  fetchFile(url, { ...options, redirect: "error", credentials: "omit", cache: "no-store" });

const urlOf = (request) =>
  `${request.scheme()?.tag?.toLowerCase()}://${request.authority()}${request.pathWithQuery()}`;

const only = (endpoint) => ({
  handle(request, options) {
    if (request.method().tag !== "post" || urlOf(request) !== endpoint) {
      throw { tag: "HTTP-request-denied" };
    }
    return outgoingHandler.handle(request, options);
  },
});

const filesystem = (folders) => {
  const preopens = {};
  for (const { folder, name, bytes } of folders) {
    const dir = {};
    if (bytes !== undefined) {
      dir[name] = { source: Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0)) };
    } else if (name !== undefined) dir[name] = { dir: {} };
    preopens[folder] = { dir };
  }
  return createFilesystem({ adapter: new InMemoryFilesystemAdapter(), preopens });
};

// One stream, as the shim has it: a guest that drops it cannot take it again.
const output = () => {
  let text = "";
  const decoder = new TextDecoder();
  const stream = outputStreamCreate({
    write(bytes) {
      text += decoder.decode(bytes, { stream: true });
    },
  });
  return { stream, text: () => text };
};

export const start = async (run) => {
  const begin = performance.now();
  const [stdout, stderr] = [output(), output()];
  const { preopens, types: descriptors } = filesystem(run.folders);
  const outcome = {};
  try {
    const program = await instantiate(load, {
      "wasi:cli/environment": {
        getArguments: () => ["keyhole.wasm", ...run.arguments],
        getEnvironment: () => Object.entries(run.variables),
        initialCwd: () => undefined,
      },
      "wasi:cli/exit": {
        exit: ({ tag }) => {
          throw new Exit(tag === "err" ? 1 : 0);
        },
        exitWithCode: (code) => {
          throw new Exit(code);
        },
      },
      // The guards ask for it.
      "wasi:cli/stdin": stdin,
      "wasi:cli/stdout": { getStdout: () => stdout.stream },
      "wasi:cli/stderr": { getStderr: () => stderr.stream },
      "wasi:clocks/monotonic-clock": monotonicClock,
      "wasi:clocks/wall-clock": wallClock,
      "wasi:filesystem/preopens": preopens,
      "wasi:filesystem/types": descriptors,
      "wasi:http/outgoing-handler": run.stock ? outgoingHandler : only(run.endpoint),
      "wasi:http/types": types,
      "wasi:io/error": error,
      "wasi:io/poll": poll,
      "wasi:io/streams": streams,
    });
    await program.run.run();
    outcome.exit = 0;
  } catch (failure) {
    if (failure instanceof Exit) outcome.exit = failure.code;
    else if (failure?.constructor?.name === "ComponentError") outcome.exit = 1;
    else outcome.error = String(failure?.stack ?? failure);
  }
  return {
    ...outcome,
    ms: performance.now() - begin,
    stdout: stdout.text(),
    stderr: stderr.text(),
  };
};
