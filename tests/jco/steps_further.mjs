// One step beyond each grant of deploy/jco/grants.mjs, as a component would take
// it: prints a line a step, `NAME: granted` or `NAME: REASON`.

import "./grants.mjs";
import { environment } from "@bytecodealliance/preview2-shim/cli";
import { preopens } from "@bytecodealliance/preview2-shim/filesystem";
import { outgoingHandler, types } from "@bytecodealliance/preview2-shim/http";
import { basename } from "node:path";

const attempt = (name, step) => {
  let outcome = "granted";
  try {
    step();
  } catch (error) {
    outcome = error?.tag ?? String(error);
  }
  console.log(`${name}: ${outcome}`);
};

const request = (method, url) => () => {
  const { protocol, host, pathname } = new URL(url);
  const request = new types.OutgoingRequest(new types.Fields());
  request.setMethod({ tag: method });
  request.setScheme({ tag: protocol === "https:" ? "HTTPS" : "HTTP" });
  request.setAuthority(host);
  request.setPathWithQuery(pathname);
  // What comes of it is not waited for.
  outgoingHandler.handle(request, undefined);
};

const file = basename(process.env.AZURE_FEDERATED_TOKEN_FILE);
const [[folder]] = preopens.getDirectories();
const open = (path, flags = { read: true }, how = {}) =>
  folder.openAt({ symlinkFollow: true }, path, how, flags);

attempt("the token file", () => {
  const [bytes] = open(file).read(10n, 0n);
  if (bytes.byteLength !== 10) throw new Error("nothing was read");
});
attempt("a neighbour", () => open("..data"));
attempt("the parent", () => open(`../${file}`));
attempt("the folder's names", () => folder.readDirectory());
attempt("a link", () => folder.symlinkAt("/etc/passwd", "link"));
attempt("another name", () => folder.renameAt(file, folder, "other"));
attempt("no file", () => folder.unlinkFileAt(file));
attempt("writing", () => open(file, { read: true, write: true }).write(new Uint8Array(1), 0n));
attempt("truncating", () => {
  open(file, { write: true }, { truncate: true });
  if (open(file).read(10n, 0n)[0].byteLength !== 10) return;
  throw new Error("it is as it was");
});

const authority = process.env.AZURE_AUTHORITY_HOST;
const exchange = `${authority}${process.env.AZURE_TENANT_ID}/oauth2/v2.0/token`;
const upstream = process.env.KEYHOLE_UPSTREAM;
const port = new URL(upstream).port;
attempt("the exchange", request("post", exchange));
attempt("the upstream", request("get", `${upstream}/version`));
attempt("the authority by GET", request("get", exchange));
attempt("another path of the authority", request("post", `${authority}common/oauth2/v2.0/token`));
attempt("another host", request("get", "https://evil.example/version"));
attempt("another port", request("get", `https://localhost:${port ^ 1}/version`));
attempt("without TLS", request("get", `http://localhost:${port}/version`));
attempt("the metadata service", request("get", "http://169.254.169.254/metadata/identity"));

const names = environment.getEnvironment().map(([name]) => name);
console.log(`variables: ${names.sort().join(" ")}`);
process.exit(0);
