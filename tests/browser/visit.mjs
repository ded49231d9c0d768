// Visits a page in Chromium, does what a plan says, and writes what was seen to standard
// output as JSON.
//
//     node visit.mjs plan.json
//
// A plan has `chromium`, the program; `site`, the folder to serve; `authority`, to which
// POST is passed on, so that it is at the page's own origin; and `steps`, each a name and
// what it needs (see `steps` below).

import { readFile } from "node:fs/promises";
import http from "node:http";
import { extname, join } from "node:path";
import { launch } from "puppeteer-core";

const plan = JSON.parse(await readFile(process.argv[2], "utf8"));

// What any static server does, and the authority behind it.
const TYPES = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const requests = [];
const server = http.createServer(async (request, response) => {
  requests.push(`${request.method} ${request.url}`);
  if (request.method === "POST") {
    const { method, headers } = request;
    const onward = http.request(new URL(request.url, plan.authority), { method, headers });
    onward.on("error", () => response.destroy());
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
    return;
  }
  const path = request.url === "/" ? "/index.html" : request.url;
  try {
    const bytes = await readFile(join(plan.site, path));
    response.writeHead(200, { "content-type": TYPES[extname(path)] }).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://localhost:${server.address().port}`;

// Root has no user namespace to drop to.
const sandbox = process.getuid() === 0 ? ["--no-sandbox"] : [];
const browser = await launch({
  executablePath: plan.chromium,
  pipe: true,
  args: ["--disable-background-networking", ...sandbox],
});
const page = await browser.newPage();
const console = [];
page.on("console", (message) => console.push(message.text()));
page.on("pageerror", (error) => console.push(String(error)));
page.on("workercreated", (worker) =>
  worker.on("console", (message) => console.push(message.text())),
);
await page.evaluateOnNewDocument(() => {
  globalThis.violations = [];
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    globalThis.violations.push(`${violatedDirective} ${blockedURI}`),
  );
});

const ready = () => page.waitForSelector("#check:enabled");

const steps = {
  // By the keyboard, from another page.
  async paste(text) {
    const other = await browser.newPage();
    await other.evaluate((text) => {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
    }, text);
    await other.keyboard.press("KeyC", { commands: ["Copy"] });
    await other.close();
    await page.bringToFront();
    await page.focus("#token");
    await page.keyboard.press("KeyV", { commands: ["Paste"] });
  },
  async type(id, text) {
    await page.click(id, { count: 3 });
    await page.type(id, text);
  },
  // A file dragged in from outside of the browser.
  async drop(file) {
    const area = await page.$("#drop");
    const { x, y } = await area.clickablePoint();
    const data = { items: [], files: [file], dragOperationsMask: 1 };
    const session = await page.createCDPSession();
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await session.send("Input.dispatchDragEvent", { type, x, y, data });
    }
  },
  async choose(file) {
    const input = await page.$("#file");
    await input.uploadFile(file);
  },
  async held() {
    await page.waitForFunction(() => document.querySelector("#held").textContent.includes("held"));
  },
  async offline() {
    server.close();
    server.closeAllConnections();
    await page.setOfflineMode(true);
  },
  ready,
  async press(id) {
    await page.click(id);
    if (id === "#wipe") await ready();
    else await page.waitForSelector("#result:not([hidden])", { timeout: 60_000 });
  },
  // What any script of the page could do, were it not for its policy.
  async fetch(url) {
    const outcome = await page.evaluate(
      (url) =>
        fetch(url, { method: "POST", body: new URLSearchParams() }).then(() => "read", String),
      url,
    );
    console.push(`fetch: ${outcome}`);
  },
};

let loaded = 0;
let failed = null;
try {
  await page.goto(origin);
  await ready();
  loaded = requests.length;
  for (const [name, ...rest] of plan.steps) await steps[name](...rest);
} catch (error) {
  // What there is to see is written all the same.
  failed = String(error);
}

const seen = await page.evaluate(async () => {
  const text = (id) => document.getElementById(id).textContent;
  const facts = {};
  for (const name of document.querySelectorAll("dt")) {
    facts[name.textContent] = name.nextElementSibling.textContent;
  }
  return {
    verdict: text("verdict"),
    message: text("message"),
    next: text("next"),
    facts,
    document: document.documentElement.outerHTML,
    fields: [...document.querySelectorAll("input, textarea")].map((field) => field.value),
    url: location.href,
    violations: globalThis.violations,
    storage: {
      local: { ...localStorage },
      session: { ...sessionStorage },
      cookies: document.cookie,
      databases: await indexedDB.databases(),
      caches: await caches.keys(),
      history: history.state,
    },
  };
});
const all = { ...seen, failed, origin, console, loaded: requests.slice(0, loaded), sent: requests.slice(loaded) };
process.stdout.write(JSON.stringify(all));
await browser.close();
process.exit(0);
