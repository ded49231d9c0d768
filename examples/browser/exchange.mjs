// exchange.wasm in a worker: what it is given, and no more. A message `{action, settings,
// token}` starts a new instance; the answer is what it found, never a token.

import { monotonicClock, wallClock } from "./shim/clocks.js";
import { InMemoryFilesystemAdapter, createFilesystem } from "./shim/filesystem.js";
import { outgoingHandler, types } from "./shim/http.js";
import { error, poll, streams } from "./shim/io.js";
import { instantiate } from "./component/exchange.js";

const FOLDER = "/keyhole";
const FILE = "federated-token";
// What an exchange of Keyhole's sends at most.
const REQUESTS = 6;
const SHOWN = 10;

// The shim sends by `fetch`, which follows redirects: a 307 would send the form, and with
// it the federated token, again to wherever it leads. And a browser sends a form to another
// origin without asking it; only the answer is kept from the page (CORS).
const fetchFile = globalThis.fetch;
globalThis.fetch = (url, options) =>
  fetchFile(url, {
    ...options,
    mode: "same-origin",
    redirect: "error",
    credentials: "omit",
    cache: "no-store",
    referrerPolicy: "no-referrer",
  });

// The tag of a scheme is in upper case here and in lower case in the WIT.
const urlOf = (request) =>
  `${request.scheme()?.tag?.toLowerCase()}://${request.authority()}${request.pathWithQuery()}`;

const handlerFor = (endpoint) => {
  let left = REQUESTS;
  return {
    handle(request, options) {
      const granted = request.method().tag === "post" && urlOf(request) === endpoint;
      if (!granted || left-- === 0) throw { tag: "HTTP-request-denied" };
      return outgoingHandler.handle(request, options);
    },
  };
};

const endpointOf = ({ AZURE_AUTHORITY_HOST: authority, AZURE_TENANT_ID: tenant }) =>
  URL.canParse(authority) && new URL(`/${tenant}/oauth2/v2.0/token`, authority).href;

const modules = new Map();
const load = (name) => {
  if (!modules.has(name)) {
    const file = fetchFile(new URL(`component/${name}`, import.meta.url));
    modules.set(name, WebAssembly.compileStreaming(file));
  }
  return modules.get(name);
};

// An instance with variables, one file and, if there is an endpoint, one request.
const component = (variables, token, endpoint) => {
  const files = createFilesystem({
    adapter: new InMemoryFilesystemAdapter(),
    preopens: { [FOLDER]: { dir: { [FILE]: { source: token } } } },
  });
  const environment = { getEnvironment: () => Object.entries(variables) };
  return instantiate(load, {
    "wasi:cli/environment": environment,
    "wasi:clocks/monotonic-clock": monotonicClock,
    "wasi:clocks/wall-clock": wallClock,
    "wasi:filesystem/preopens": files.preopens,
    "wasi:filesystem/types": files.types,
    "wasi:http/outgoing-handler": handlerFor(endpoint),
    "wasi:http/types": types,
    "wasi:io/error": error,
    "wasi:io/poll": poll,
    "wasi:io/streams": streams,
  });
};

// As `keyhole verify` shows one.
const summary = ({ token, expiresOn, requests }) => {
  const start = token.length >= 2 * SHOWN ? token.slice(0, SHOWN) : "";
  return { text: `${start}… (${token.length} characters)`, expiresOn, requests };
};

const answer = async ({ action, settings, token }) => {
  const variables = { ...settings, AZURE_FEDERATED_TOKEN_FILE: `${FOLDER}/${FILE}` };
  const sends = action === "exchange";
  try {
    const { tokenProvider } = await component(variables, token, sends && endpointOf(settings));
    if (!sends) return { facts: await tokenProvider.inspectToken() };
    const request = { retryPropagation: 0n, skipAssertionChecks: false };
    const given = await tokenProvider.getToken(request);
    return { facts: given.assertion, token: summary(given) };
  } catch (failure) {
    const { tag, val } = failure?.payload ?? {};
    if (!val?.explanation) return { error: { kind: "the component failed", message: "" } };
    const { message, nextStep } = val.explanation;
    return { error: { kind: tag, message, next: nextStep, facts: val.assertion } };
  } finally {
    token.fill(0);
  }
};

if (typeof WebAssembly.promising === "function") {
  // All that is ever fetched for the component is here before a token is.
  await component({}, new Uint8Array());
  self.onmessage = async ({ data }) => self.postMessage(await answer(data));
  self.postMessage({ ready: true });
} else {
  self.postMessage({ unable: "this browser has no JSPI (WebAssembly.promising)" });
}
