// wasi:http/outgoing-handler that lets one method and one URL pass, for the
// component that `jco transpile` or `jco run` makes of a WASI command.

import { outgoingHandler as every } from "@bytecodealliance/preview2-shim/http";

// The scheme's tag is in upper case here and in lower case in the WIT.
const urlOf = (request) =>
  `${request.scheme()?.tag?.toLowerCase()}://${request.authority()}${request.pathWithQuery()}`;

export const only = (endpoint) => ({
  handle(request, options) {
    if (request.method().tag !== "post" || urlOf(request) !== endpoint) {
      throw { tag: "HTTP-request-denied" };
    }
    return every.handle(request, options);
  },
});

// For `jco run`, which takes a module and not a value.
const run = JSON.parse(globalThis.process?.env.KEYHOLE_RUN ?? "{}");
export const outgoingHandler = only(run.endpoint);
