// What whoami.wasm is given under `jco run`: jco itself gives every variable and no
// file. The folder and the network are for the exchange in it; the component around
// it has no way to either.

import { _setEnv } from "@bytecodealliance/preview2-shim/cli";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";
import { dirname } from "node:path";

const env = {};
for (const name of [
  "AZURE_AUTHORITY_HOST",
  "AZURE_CLIENT_ID",
  "AZURE_FEDERATED_TOKEN_FILE",
  "AZURE_SCOPE",
  "AZURE_TENANT_ID",
]) {
  if (process.env[name] !== undefined) env[name] = process.env[name];
}
_setEnv(env);
const folder = dirname(env.AZURE_FEDERATED_TOKEN_FILE);
_setPreopens({ [folder]: folder });
