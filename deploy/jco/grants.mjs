// What gateway.wasm may touch under `jco serve` on Node (docs/gateway.md, "On
// other servers"): the variables below, one file to read, the authority's token
// endpoint and one upstream. jco itself grants everything. Keep this file in the
// folder in which jco is installed, and name it by --jco-import.
//
// It works on the shim's own objects: mappings (--jco-map) do not reach components
// that are made anew for each request.

import { _setCwd, _setEnv } from "@bytecodealliance/preview2-shim/cli";
import {
  _setPreopens,
  types as filesystem,
} from "@bytecodealliance/preview2-shim/filesystem";
import {
  outgoingHandler,
  types as http,
} from "@bytecodealliance/preview2-shim/http";
import { streams } from "@bytecodealliance/preview2-shim/io";
import { basename, dirname } from "node:path";

const env = {};
for (const name of [
  "AZURE_AUTHORITY_HOST",
  "AZURE_CLIENT_ID",
  "AZURE_FEDERATED_TOKEN_FILE",
  "AZURE_SCOPE",
  "AZURE_TENANT_ID",
  "KEYHOLE_ACCEPT_HOSTS",
  "KEYHOLE_ALLOW_PATHS",
  "KEYHOLE_ALLOW_VERBS",
  "KEYHOLE_UPSTREAM",
]) {
  if (process.env[name] !== undefined) env[name] = process.env[name];
}
for (const name of ["AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID", "KEYHOLE_UPSTREAM"]) {
  if (!env[name]) throw new Error(`${name} is not set`);
}
_setEnv(env);
_setCwd(undefined);

// One file: of its folder's descriptor nothing is left but opening that name to
// read, and of the file's nothing but reading.
const file = env.AZURE_FEDERATED_TOKEN_FILE;
_setPreopens({ [dirname(file)]: dirname(file) });
const descriptor = filesystem.Descriptor.prototype;
const { openAt } = descriptor;
for (const name of Object.getOwnPropertyNames(descriptor)) {
  if (name === "constructor" || name === "read") continue;
  descriptor[name] = () => {
    throw "not-permitted";
  };
}
descriptor.openAt = function (_pathFlags, path) {
  if (path !== basename(file)) throw "not-permitted";
  return openAt.call(this, { symlinkFollow: true }, path, {}, { read: true });
};

// Two places. The shim names schemes in upper case, and "https" by nothing.
const authority = new URL(env.AZURE_AUTHORITY_HOST ?? "https://login.microsoftonline.com/");
const upstream = new URL(env.KEYHOLE_UPSTREAM);
const tokenPath = `/${env.AZURE_TENANT_ID}/oauth2/v2.0/token`;
const handle = outgoingHandler.handle;
outgoingHandler.handle = (request, options) => {
  const scheme = (request.scheme()?.tag ?? "HTTPS").toLowerCase() + ":";
  const goesTo = (url) => scheme === url.protocol && request.authority() === url.host;
  const isExchange =
    goesTo(authority) &&
    request.method().tag === "post" &&
    request.pathWithQuery() === tokenPath;
  if (!isExchange && !goesTo(upstream)) throw { tag: "HTTP-request-denied" };
  return handle(request, options);
};

// Two faults of preview2-shim 0.26.1. Its splice asks an input stream for a
// private member of output streams, which throws.
streams.OutputStream.prototype.splice = function (source, length) {
  const bytes = source.read(length);
  this.write(bytes);
  return BigInt(bytes.byteLength);
};
// And an answer whose body nobody asked for (204, 304, to HEAD) ends the server.
const { body } = http.OutgoingResponse.prototype;
const asked = new WeakSet();
http.OutgoingResponse.prototype.body = function () {
  asked.add(this);
  return body.call(this);
};
const { set } = http.ResponseOutparam;
http.ResponseOutparam.set = (out, response) => {
  if (response.tag === "ok" && !asked.has(response.val)) response.val.body();
  set(out, response);
};
