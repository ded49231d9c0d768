// What a person does and sees. The token is bytes in `held`, and goes to the worker in
// exchange.mjs and nowhere else; it is never put into the document.

// The component takes 1 MiB, and says so of more.
const BYTES = 1024 * 1024;
const SECONDS = { check: 5, exchange: 30 };
// inspect-token judges the token alone, but wants settings to be there.
const ANY = "00000000-0000-0000-0000-000000000000";

const at = (id) => document.getElementById(id);
let held;
// Counts the tokens that were here, so that what is found in one is not shown of another.
let turn = 0;
let worker;
let answered;

// A worker of a blob: address has this page's Content-Security-Policy; one of a file would
// have only what the server sends with that file.
const start = () => {
  worker?.terminate();
  answered?.({ stopped: true });
  answered = undefined;
  busy(true);
  at("state").textContent = "Loading the component …";
  const module = JSON.stringify(new URL("exchange.mjs", import.meta.url));
  const script = `import(${module}).catch((error) => postMessage({ unable: String(error) }));`;
  const blob = new Blob([script], { type: "text/javascript" });
  const address = URL.createObjectURL(blob);
  worker = new Worker(address);
  worker.onmessage = ({ data }) => {
    if (data.ready) {
      URL.revokeObjectURL(address);
      busy(false);
      at("state").textContent = "The component is here: this works offline now.";
    } else if (data.unable) {
      at("state").textContent = `The component cannot run here. ${data.unable}`;
    } else answered?.(data);
  };
};

const busy = (is) => {
  for (const id of ["check", "exchange"]) at(id).disabled = is;
};

// Runs it in the worker. One that does not end is ended with the worker.
const run = async (action, settings) => {
  let timer;
  const answer = await new Promise((resolve) => {
    answered = resolve;
    worker.postMessage({ action, settings, token: held ?? new Uint8Array() });
    timer = setTimeout(() => {
      answered = undefined;
      resolve({ late: true });
      start();
    }, SECONDS[action] * 1000);
  });
  clearTimeout(timer);
  answered = undefined;
  return answer;
};

const hold = (bytes, from) => {
  forget();
  held = bytes;
  at("held").textContent = `${bytes.length} bytes ${from}, held in memory.`;
};

const forget = () => {
  turn += 1;
  held?.fill(0);
  held = undefined;
  at("token").value = "";
  at("file").value = "";
  at("held").textContent = "There is no token.";
  at("result").hidden = true;
  for (const id of ["verdict", "message", "next", "facts"]) at(id).replaceChildren();
};

const takeText = (text, from) => hold(new TextEncoder().encode(text), from);
const takeFile = async (file) => {
  if (!file) return;
  forget();
  const mine = turn;
  const bytes = new Uint8Array(await file.slice(0, BYTES + 1).arrayBuffer());
  if (mine === turn) hold(bytes, `of the file ${file.name}`);
};

const time = (seconds) => {
  if (seconds === undefined) return undefined;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  const minutes = Math.round((date - Date.now()) / 60_000);
  const [away, unit] = Math.abs(minutes) < 120 ? [minutes, "minute"] : [minutes / 60, "hour"];
  const words = new Intl.RelativeTimeFormat("en").format(Math.round(away), unit);
  return `${date.toISOString()} (${words})`;
};

// As text, never as markup: what a token says of itself is anybody's.
const show = (ok, verdict, { message = "", next = "", facts, token } = {}) => {
  const rows = [
    ["Issuer", facts?.issuer],
    ["Subject", facts?.subject],
    ["Audience", facts?.audiences.join(", ")],
    ["Issued", time(facts?.issuedAt)],
    ["Not before", time(facts?.notBefore)],
    ["Expires", time(facts?.expiresOn)],
    ["Size", facts && `${facts.size} bytes`],
    ["Access token", token?.text],
    ["It ends", time(token?.expiresOn)],
    ["Requests", token?.requests],
  ];
  at("facts").replaceChildren();
  for (const [name, value] of rows) {
    if (value === undefined || value === "") continue;
    at("facts").append(
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    );
  }
  at("verdict").textContent = verdict;
  at("message").textContent = message;
  at("next").textContent = next;
  at("result").className = ok ? "ok" : "failed";
  at("result").hidden = false;
  at("result").focus();
};

const WHAT = {
  check: "Nothing was sent. The signature is the authority's to check.",
  exchange: "The access token stays in the worker and is dropped.",
};

const act = async (action, settings) => {
  if (at("token").value) takeText(at("token").value, "typed");
  busy(true);
  const mine = turn;
  const answer = await run(action, settings);
  if (answer.stopped) return;
  // After one that was late, the next worker says when it is there.
  if (!answer.late) busy(false);
  if (mine !== turn) return;
  if (answer.late) {
    show(false, `The component was ended after ${SECONDS[action]} seconds`);
  } else if (answer.error) {
    const { message, next, kind } = answer.error;
    const elsewhere = action === "exchange" && kind === "unavailable" && isElsewhere();
    show(false, elsewhere ? "The browser stopped it" : `Not right: ${kind}`, {
      message: elsewhere
        ? `${new URL(at("authority").value).origin} is not this page's origin, ${location.origin}. This page's policy (CSP) lets nothing be sent there, and no page but the authority's own may read its answer (CORS). The component says: ${message}`
        : message,
      next: elsewhere ? "" : next,
      facts: answer.error.facts,
    });
  } else {
    const verdict = action === "check" ? "The token reads well" : "The authority gave a token";
    show(true, verdict, { message: WHAT[action], ...answer });
  }
};

const isElsewhere = () => {
  const authority = at("authority").value;
  return URL.canParse(authority) && new URL(authority).origin !== location.origin;
};

at("authority").value = `${location.origin}/`;
at("token").addEventListener("paste", (event) => {
  event.preventDefault();
  takeText(event.clipboardData.getData("text/plain"), "pasted");
});
at("file").addEventListener("change", () => takeFile(at("file").files[0]));
for (const name of ["dragover", "dragleave", "drop"]) {
  at("drop").addEventListener(name, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    if (name !== "drop") return;
    const [file] = event.dataTransfer.files;
    if (file) takeFile(file);
    else takeText(event.dataTransfer.getData("text/plain"), "dropped");
  });
}
at("wipe").addEventListener("click", () => {
  forget();
  // The worker overwrites its copy after each run; in one it still has it.
  if (answered) start();
});
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  act("check", { AZURE_CLIENT_ID: ANY, AZURE_TENANT_ID: ANY });
});
at("exchange").addEventListener("click", () => {
  if (!URL.canParse(at("authority").value.trim())) {
    show(false, "The authority is no URL", {
      message: "An authority is a URL such as https://login.microsoftonline.com/.",
    });
    return;
  }
  act("exchange", {
    AZURE_CLIENT_ID: at("client").value.trim(),
    AZURE_TENANT_ID: at("tenant").value.trim(),
    AZURE_AUTHORITY_HOST: at("authority").value.trim(),
    AZURE_SCOPE: at("scope").value.trim(),
  });
});
start();
