// The page: draws the workspace from the store whenever it changes.
import { el, reconcile, refill, closeMenu } from "./dom.js";
import { blocks } from "./blocks.js";
import { drawComposer } from "./composer.js";
import { drawModals } from "./dialogs.js";
import { drawGuide } from "./guide.js";
import { drawMessages, mainMessages, threadMessages } from "./messages.js";
import { drawSidebar } from "./sidebar.js";
import { act, changed, connect, go, listed, name, newest, store, watch } from "./store.js";
import { link, mrkdwn } from "./text.js";

const part = (id) => document.getElementById(id);
let drawn = { open: null, thread: null };

function draw() {
  part("workspace").hidden = !store.ready;
  part("waiting").hidden = store.ready;
  if (!store.ready) return;
  const channel = store.channels.get(store.open);
  document.title = `${channel.kind === "im" ? name(store.bot) : `#${channel.name}`} · Sandbox`;
  if (!document.hidden) store.read.set(channel.id, newest(channel.id));
  drawSidebar(part("sidebar"));
  drawBanners();
  drawHeader(channel);
  drawGuide(part("guide"));
  drawBookmarks(channel);
  drawMain(channel);
  drawPanel();
  drawModals();
}

function drawBanners() {
  const items = [];
  const banner = (key, kind, ...text) => items.push({ key, sign: key, build: () => el("p", { class: `banner ${kind}` }, text) });
  if (!store.connected) banner("lost", "bad", "The page lost its workspace. Reconnecting …");
  else if (!store.online) banner("offline", "warn", el("strong", {}, "The bot is offline. "), "Commands and buttons fail until it connects.");
  reconcile(part("banners"), items);
}

function drawHeader(channel) {
  const joined = channel.members.includes(store.viewer);
  const withBot = channel.members.includes(store.bot);
  const pins = listed(channel.id).filter((message) => message.pinned_by).length;
  const app = channel.kind === "im";
  refill(part("header"), JSON.stringify([channel, pins, joined, withBot, store.tab, store.panel, store.viewer]), () => [
    el("button", { class: "icon burger", type: "button", "aria-label": "Channels", on: { click: () => document.body.classList.toggle("side-open") } }, "☰"),
    el("div", { class: "title" },
      el("h1", {}, app ? name(store.bot) : `${channel.kind === "group" ? "◆" : "#"} ${channel.name}`, channel.archived && el("span", { class: "badge" }, "archived")),
      el("p", { class: "topic", title: channel.topic || channel.purpose }, mrkdwn(channel.topic || channel.purpose || ""))),
    app && el("div", { class: "tabs", role: "tablist" }, tab("home", "Home"), tab("messages", "Messages")),
    el("div", { class: "header-tools" },
      app && store.assistant && el("button", { class: "button", type: "button", on: { click: () => newChat(channel) } }, "New chat"),
      !app && !withBot && !channel.archived && el("button", { class: "button", type: "button", on: { click: () => act("invite-bot", { channel: channel.id }) } }, `Add ${name(store.bot)}`),
      !app && el("span", { class: "members", title: channel.members.map(name).join(", ") }, channel.members.length === 1 ? "1 member" : `${channel.members.length} members`),
      !app && el("button", { class: "button", type: "button", "aria-pressed": String(store.panel?.kind === "pins"), data: { focus: "pins" }, on: { click: () => togglePins(channel) } }, `📌 ${pins}`))]);
}

function tab(value, label) {
  return el("button", { class: "tab", type: "button", role: "tab", "aria-selected": String(store.tab === value), data: { focus: `tab-${value}` },
    on: { click: () => { store.tab = value; act("home", { tab: value }); changed(); } } }, label);
}

/** Begin a thread with the assistant, as its pane does. */
async function newChat(channel) {
  store.tab = "messages";
  const begun = await act("assistant");
  if (begun) store.panel = { kind: "thread", channel: channel.id, ts: begun.ts };
  changed();
}

function togglePins(channel) {
  store.panel = store.panel?.kind === "pins" ? null : { kind: "pins", channel: channel.id };
  changed();
}

function drawBookmarks(channel) {
  const place = part("bookmarks");
  place.hidden = !channel.bookmarks.length;
  refill(place, JSON.stringify(channel.bookmarks), () => channel.bookmarks.map((one) => link(one.link, [one.emoji ? `${store.emoji[one.emoji.replaceAll(":", "")] || "🔖"} ` : "🔖 ", one.title])));
}

function drawMain(channel) {
  const home = channel.kind === "im" && store.tab === "home";
  const list = part("messages");
  list.hidden = home;
  part("composer").hidden = home;
  part("home").hidden = !home;
  if (home) { drawHome(); drawn.open = null; return; }
  const moved = drawn.open !== `${channel.id} ${store.viewer}`;
  const low = moved || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const messages = mainMessages(channel.id);
  drawMessages(list, messages);
  if (!messages.length) {
    reconcile(list, [{ key: "empty", sign: channel.id, build: () => el("div", { class: "empty" }, el("h2", {}, channel.kind === "im" ? `Talk to ${name(store.bot)}` : `#${channel.name} is quiet`),
      el("p", {}, channel.kind === "im" ? "What you write here reaches the bot alone." : "Nothing has happened here yet. Write the first message below.")) }]);
  }
  drawComposer(part("composer"), channel);
  if (store.jump) jump(list);
  else if (low) list.scrollTop = list.scrollHeight;
  if (moved) part("message")?.focus({ preventScroll: true });
  drawn.open = `${channel.id} ${store.viewer}`;
}

/** Scroll to the message that a link names and let it glow. */
function jump(list) {
  const node = [list, part("panel")].map((place) => place.querySelector(`[data-ts="${CSS.escape(store.jump)}"]`)).find(Boolean);
  if (!node) return;
  store.jump = null;
  node.scrollIntoView({ block: "center" });
  node.classList.add("glow");
  setTimeout(() => node.classList.remove("glow"), 2500);
}

let homeShown = null;
function drawHome() {
  if (homeShown !== store.viewer) { homeShown = store.viewer; act("home", { tab: "home" }); }
  refill(part("home"), JSON.stringify([store.home, store.viewer]), () => (store.home
    ? blocks(store.home.blocks, { view_id: store.home.id })
    : el("div", { class: "empty" }, el("h2", {}, "Nothing here yet"), el("p", {}, "The bot fills its home page when it is online."))));
}

function drawPanel() {
  const place = part("panel");
  const { panel } = store;
  const channel = panel && store.channels.get(panel.channel);
  place.hidden = !channel;
  document.body.classList.toggle("with-panel", Boolean(channel));
  if (!channel) { drawn.thread = null; return; }
  const title = panel.kind === "thread" ? "Thread" : "Pinned";
  if (!place.firstChild) place.append(el("header", { class: "header" }), el("div", { class: "messages", role: "log", "aria-label": "Thread" }), el("div", { class: "composer" }));
  const [header, list, composer] = place.children;
  refill(header, `${title} ${channel.name}`, () => [
    el("div", { class: "title" }, el("h1", {}, title), el("p", { class: "topic" }, channel.kind === "im" ? name(store.bot) : `#${channel.name}`)),
    el("button", { class: "icon", type: "button", "aria-label": `Close ${title.toLowerCase()}`, data: { focus: "close" }, on: { click: closePanel } }, "×")]);
  const low = drawn.thread !== panel.ts || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const messages = panel.kind === "thread" ? threadMessages(channel.id, panel.ts) : listed(channel.id).filter((message) => message.pinned_by);
  if (messages.length) drawMessages(list, messages, { thread: panel.kind === "thread" });
  else reconcile(list, [{ key: "empty", sign: panel.kind, build: () => el("div", { class: "empty" }, el("p", {}, panel.kind === "pins" ? "Nothing is pinned here yet." : "This thread is gone.")) }]);
  composer.hidden = panel.kind !== "thread";
  if (panel.kind === "thread") drawComposer(composer, channel, panel.ts);
  if (low && !store.jump) list.scrollTop = list.scrollHeight;
  if (panel.kind === "thread" && drawn.thread !== panel.ts) part("reply")?.focus({ preventScroll: true });
  drawn.thread = panel.ts || panel.kind;
}

function closePanel() {
  store.panel = null;
  changed();
  part("message")?.focus();
}

/** Open what the address names: a message of the workspace, or a channel. */
function arrive() {
  const found = /^\/archives\/(\w+)\/p(\d+)(\d{6})/.exec(location.pathname);
  if (!found) return;
  const thread = new URLSearchParams(location.search).get("thread_ts");
  go(found[1], { thread, ts: `${found[2]}.${found[3]}` });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (document.querySelector(".menu, .picker")) closeMenu();
    else if (store.panel) closePanel();
    else document.body.classList.remove("side-open");
  }
});
document.addEventListener("visibilitychange", changed);
addEventListener("hashchange", () => { const id = decodeURIComponent(location.hash.slice(1)); if (store.channels.has(id)) go(id); });
watch(draw);
arrive();
connect();
