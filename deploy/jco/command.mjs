// What keyhole.wasm may touch under `jco run` on Node (docs/command.md): the
// variables below, one file to read, and the authority's token endpoint. jco by
// itself gives every variable, any address and no file. Keep this file in the
// folder in which jco is installed, and name it by --jco-import.

import { _setCwd, _setEnv } from "@bytecodealliance/preview2-shim/cli";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";
import { outgoingHandler } from "@bytecodealliance/preview2-shim/http";

const env = {};
for (const name of [
  "AKS_SERVER_APP_ID",
  "AZURE_AUTHORITY_HOST",
  "AZURE_CLIENT_ID",
  "AZURE_FEDERATED_TOKEN_FILE",
  "AZURE_SCOPE",
  "AZURE_TENANT_ID",
  "KUBERNETES_EXEC_INFO",
]) {
  if (process.env[name] !== undefined) env[name] = process.env[name];
}
_setEnv(env);
_setCwd(undefined);

// The file itself and not its folder: the shim can do that, and the component
// opens it as such.
const file = env.AZURE_FEDERATED_TOKEN_FILE;
_setPreopens(file ? { [file]: file } : {});

// One place. The shim names schemes in upper case, and "https" by nothing.
const authority = new URL(env.AZURE_AUTHORITY_HOST ?? "https://login.microsoftonline.com/");
const tokenPath = `/${env.AZURE_TENANT_ID}/oauth2/v2.0/token`;
const handle = outgoingHandler.handle;
outgoingHandler.handle = (request, options) => {
  const scheme = (request.scheme()?.tag ?? "HTTPS").toLowerCase() + ":";
  const isExchange =
    scheme === authority.protocol &&
    request.authority() === authority.host &&
    request.method().tag === "post" &&
    request.pathWithQuery() === tokenPath;
  if (!isExchange) throw { tag: "HTTP-request-denied" };
  return handle(request, options);
};
