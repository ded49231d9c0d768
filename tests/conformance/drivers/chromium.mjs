// Runs a WASI command that `jco transpile --async-mode jspi` made of a component, in
// Chromium: each run of a plan (see run.mjs) in a page of its own.
//
//     node chromium.mjs CHROMIUM plan.json
//
// A page may only read answers of its own origin, so each is opened at the origin of its
// run's endpoint. What it loads comes from here and is asked of nobody; what it posts goes
// to the authority.

import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { connect } from "node:tls";
import { launch } from "puppeteer-core";

const SHIM = "node_modules/@bytecodealliance/preview2-shim/dist/browser";
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const NOWHERE = "http://localhost:9";

const [, script, chromium, path] = process.argv;
const plan = JSON.parse(readFileSync(path, "utf8"));

const originOf = ({ endpoint }) => {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  return LOOPBACK.includes(url?.hostname) ? url.origin : NOWHERE;
};

// The hash by which Chromium is told to accept a certificate that it cannot prove, of
// those alone that Node proves by NODE_EXTRA_CA_CERTS.
const proven = (origin) =>
  new Promise((resolve) => {
    const { protocol, hostname, port } = new URL(origin);
    if (protocol !== "https:") return resolve(undefined);
    const socket = connect({ host: hostname, port, servername: "localhost" });
    socket.on("error", () => resolve(undefined));
    socket.on("secureConnect", () => {
      const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
      socket.destroy();
      const key = publicKey.export({ type: "spki", format: "der" });
      resolve(createHash("sha256").update(key).digest("base64"));
    });
  });

// A preopen that is one file, as the shim for browsers takes it: a folder with that alone.
const foldersOf = ({ preopens }) =>
  Object.entries(preopens).map(([seen, file]) => {
    const [folder, name] = [dirname(seen), basename(seen)];
    try {
      if (statSync(file).isDirectory()) return { folder, name };
      return { folder, name, bytes: readFileSync(file).toString("base64") };
    } catch {
      return { folder };
    }
  });

const TYPES = { html: "text/html", js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm" };
const here = dirname(script);
const files = { "/keyhole/": plan.program, "/shim/": join(here, SHIM), "/": here };
const serve = (request) => {
  if (request.method() !== "GET") return request.continue();
  const { pathname } = new URL(request.url());
  if (pathname === "/") return request.respond({ contentType: TYPES.html, body: "<!doctype html>" });
  const [prefix, folder] = Object.entries(files).find(([prefix]) => pathname.startsWith(prefix));
  try {
    const body = readFileSync(join(folder, pathname.slice(prefix.length)));
    return request.respond({ contentType: TYPES[pathname.split(".").pop()], body });
  } catch {
    return request.respond({ status: 404 });
  }
};

const keys = (await Promise.all(plan.runs.map(originOf).map(proven))).filter(Boolean);
const profile = mkdtempSync(join(here, "profile-"));
const browser = await launch({
  executablePath: chromium,
  pipe: true,
  userDataDir: profile,
  protocolTimeout: 0,
  args: [
    "--js-flags=--wasm-max-mem-pages=256",
    `--ignore-certificate-errors-spki-list=${keys.join(",")}`,
    // Root has no user namespace to drop to.
    ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
  ],
});
for (const run of plan.runs) {
  const page = await browser.newPage();
  let outcome;
  try {
    await page.setRequestInterception(true);
    page.on("request", serve);
    await page.goto(originOf(run));
    const { out, preopens, ...given } = run;
    outcome = await page.evaluate(
      async (given) => (await import("/page.mjs")).start(given),
      { ...given, folders: foldersOf(run) },
    );
  } catch (error) {
    outcome = { error: String(error?.stack ?? error) };
  }
  const { stdout = "", stderr = "", ...rest } = outcome;
  writeFileSync(`${run.out}/stdout`, stdout);
  writeFileSync(`${run.out}/stderr`, stderr);
  writeFileSync(`${run.out}/outcome.json`, JSON.stringify(rest));
  await page.close();
}
await browser.close();
process.exit(0);
