// The npm package keyhole-exchange in TypeScript: five variables, one file and one
// request.
//
//     npm install keyhole-exchange @bytecodealliance/preview2-shim
//     npm install --save-dev typescript @types/node
//     npx tsc && node get_token.js    # settings: the AZURE_* variables of the pod

import { http } from "@bytecodealliance/preview2-shim";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import { instantiate, type TokenError } from "keyhole-exchange";

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const tenant = setting("AZURE_TENANT_ID");
const file = setting("AZURE_FEDERATED_TOKEN_FILE");
// A preopen that is the file: the component sees no folder around it.
const seen = "/keyhole/federated-token";
const host = process.env.AZURE_AUTHORITY_HOST || "https://login.microsoftonline.com/";
const env: Record<string, string> = {
  AZURE_AUTHORITY_HOST: host,
  AZURE_CLIENT_ID: setting("AZURE_CLIENT_ID"),
  AZURE_TENANT_ID: tenant,
  AZURE_FEDERATED_TOKEN_FILE: seen,
};
if (process.env.AZURE_SCOPE) env.AZURE_SCOPE = process.env.AZURE_SCOPE;

// Node's handler goes anywhere. This one lets a single request pass.
const authority = new URL(host);
const outgoingHandler: typeof http.outgoingHandler = {
  handle(request, options) {
    const granted =
      request.method().tag === "post" &&
      `${request.scheme()?.tag.toLowerCase()}:` === authority.protocol &&
      request.authority() === authority.host &&
      request.pathWithQuery() === `/${tenant}/oauth2/v2.0/token`;
    if (!granted) throw { tag: "HTTP-request-denied" };
    return http.outgoingHandler.handle(request, options);
  },
};

const shim = new WASIShim({
  sandbox: { env, args: [], preopens: { [seen]: file } },
  http: { ...http, outgoingHandler },
});
const { tokenProvider } = await instantiate(shim.getImportObject());

try {
  const token = tokenProvider.getToken({ retryPropagation: 0n, skipAssertionChecks: false });
  console.log(`a token of ${token.token.length} characters, valid until ${token.expiresOn}`);
} catch (error) {
  const why = (error as { payload?: TokenError }).payload;
  if (!why) throw error;
  console.error(`${why.tag}: ${why.val.explanation.message}\nhint: ${why.val.explanation.nextStep}`);
  process.exitCode = 1;
}
