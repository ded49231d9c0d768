// exchange.wasm in Node: five variables, one file and one request.
//
//     npm install @bytecodealliance/jco@1.35 @bytecodealliance/preview2-shim@0.26
//     npx jco transpile exchange.wasm --instantiation async -o component
//     node get_token.mjs    # settings: the AZURE_* variables of the pod
//
// Another CA than Node's: NODE_EXTRA_CA_CERTS=ca.pem.

import { readFile } from "node:fs/promises";
import { http } from "@bytecodealliance/preview2-shim";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import { instantiate } from "./component/exchange.js";

const SETTINGS = ["AZURE_AUTHORITY_HOST", "AZURE_CLIENT_ID", "AZURE_SCOPE", "AZURE_TENANT_ID"];
const env = {};
for (const name of SETTINGS) if (process.env[name]) env[name] = process.env[name];

// A preopen that is the file: the component sees no folder around it.
const file = process.env.AZURE_FEDERATED_TOKEN_FILE;
if (!file) throw new Error("AZURE_FEDERATED_TOKEN_FILE is not set");
const seen = (env.AZURE_FEDERATED_TOKEN_FILE = "/keyhole/federated-token");

// Node's handler goes anywhere. This one lets a single request pass.
const authority = new URL(env.AZURE_AUTHORITY_HOST ?? "https://login.microsoftonline.com/");
const path = `/${env.AZURE_TENANT_ID}/oauth2/v2.0/token`;
const outgoingHandler = {
  handle(request, options) {
    // The tag is in upper case here, "http" in other hosts.
    const scheme = `${request.scheme()?.tag.toLowerCase()}:`;
    const granted =
      request.method().tag === "post" &&
      scheme === authority.protocol &&
      request.authority() === authority.host &&
      request.pathWithQuery() === path;
    if (!granted) throw { tag: "HTTP-request-denied" };
    return http.outgoingHandler.handle(request, options);
  },
};

const shim = new WASIShim({
  sandbox: { env, args: [], preopens: { [seen]: file } },
  http: { ...http, outgoingHandler },
});
const load = async (name) =>
  WebAssembly.compile(await readFile(new URL(`component/${name}`, import.meta.url)));
const { tokenProvider } = await instantiate(load, shim.getImportObject());

try {
  const token = tokenProvider.getToken({ retryPropagation: 0n, skipAssertionChecks: false });
  console.log(`a token of ${token.token.length} characters, valid until ${token.expiresOn}`);
} catch (error) {
  const { tag, val } = error.payload ?? {};
  if (!val) throw error;
  console.error(`${tag}: ${val.explanation.message}\nhint: ${val.explanation.nextStep}`);
  process.exitCode = 1;
}
