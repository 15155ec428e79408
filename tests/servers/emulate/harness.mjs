// An independent Slack for tests: the npm package `emulate` behind a proxy that closes its gaps to real Slack.
//
//   node harness.mjs PORT
//
// POST /harness/workspace {"slack": SEED, "events_url": URL or null} makes a fresh workspace, in place of the one before.
// Everything else goes to that workspace. The gaps: slack_sdk sends arguments in the query string and emulate reads
// only the body; an unknown token counts as an administrator's there; an unknown method answers 404 without `ok`;
// events are delivered to subscribers only, and no seed can subscribe.

import { createServer } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import { createEmulator } from "emulate";

const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;

let workspace = null; // { emulator, inner, tokens, eventsUrl }, replaced as a whole
await subscribeOnRegister();
createServer((request, response) => {
  answer(request, response).catch((error) => send(response, 500, { ok: false, error: "harness", detail: String(error) }));
}).listen(port, "127.0.0.1");

// The plug-in gets the dispatcher of events when a workspace is made, and nobody else does.
async function subscribeOnRegister() {
  const dist = new URL("./", import.meta.resolve("emulate"));
  const file = readdirSync(dist).find(
    (name) => /^dist-.*\.js$/.test(name) && readFileSync(new URL(name, dist), "utf8").includes("var slackPlugin ="),
  );
  const { slackPlugin } = await import(new URL(file, dist));
  const register = slackPlugin.register;
  slackPlugin.register = (app, store, webhooks, ...rest) => {
    register.call(slackPlugin, app, store, webhooks, ...rest);
    if (workspace.eventsUrl) {
      webhooks.register({ url: workspace.eventsUrl, events: ["*"], active: true, owner: "slack" });
    }
  };
}

async function answer(request, response) {
  const url = new URL(request.url, origin);
  const body = await read(request);
  if (url.pathname === "/harness/workspace") {
    await makeWorkspace(JSON.parse(body));
    return send(response, 200, { ok: true });
  }
  if (!workspace) return send(response, 503, { ok: false, error: "no_workspace_yet" });
  const method = url.pathname.startsWith("/api/") ? url.pathname.slice("/api/".length) : null;
  const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  if (method && token && !workspace.tokens.has(token)) return send(response, 200, { ok: false, error: "invalid_auth" });
  const inner = await forward(request, url, body, method);
  if (method && inner.status === 404) return send(response, 200, { ok: false, error: "unknown_method", method });
  const headers = Object.fromEntries([...inner.headers].filter(([name]) => !isHopByHop(name)));
  response.writeHead(inner.status, headers);
  response.end(Buffer.from(await inner.arrayBuffer()));
}

async function makeWorkspace({ slack, events_url: eventsUrl }) {
  await workspace?.emulator.close();
  workspace = { eventsUrl, tokens: new Set(slack.tokens.map(({ token }) => token)) };
  const inner = await freePort();
  workspace.emulator = await createEmulator({ service: "slack", port: inner, baseUrl: origin, seed: { slack } });
  workspace.inner = `http://127.0.0.1:${inner}`;
}

function forward(request, url, body, method) {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !isHopByHop(name)));
  if (!method) {
    const hasBody = !["GET", "HEAD"].includes(request.method);
    return fetch(workspace.inner + request.url, { method: request.method, headers, body: hasBody ? body : undefined });
  }
  const type = request.headers["content-type"] ?? "";
  const query = Object.fromEntries(url.searchParams);
  if (type.includes("application/json")) {
    body = JSON.stringify({ ...query, ...JSON.parse(body || "{}") });
  } else if (!type.includes("multipart/")) {
    headers["content-type"] = "application/x-www-form-urlencoded";
    body = new URLSearchParams({ ...query, ...Object.fromEntries(new URLSearchParams(body.toString())) }).toString();
  }
  return fetch(workspace.inner + url.pathname, { method: "POST", headers, body });
}

function isHopByHop(name) {
  return ["connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"].includes(name);
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
}

function send(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
