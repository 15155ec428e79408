// The left side: channels with unread marks, the app, the demo service, and who one is.
import { arrows, el, refill, svg } from "./dom.js";
import { avatar } from "./messages.js";
import { act, become, changed, go, name, store, unread } from "./store.js";

const MODES = [["ok", "OK"], ["slow", "Slow"], ["errors", "Errors"], ["down", "Down"]];
let archivedOpen = false;

export function drawSidebar(place) {
  const channels = [...store.channels.values()].filter((one) => one.kind !== "im").sort((a, b) => a.name.localeCompare(b.name));
  const im = [...store.channels.values()].find((one) => one.kind === "im" && one.members.includes(store.viewer));
  const marks = [...channels, ...(im ? [im] : [])].map((channel) => [channel.id, channel.name, channel.archived, channel.members.includes(store.viewer), unread(channel)]);
  if (!place.firstChild) {
    place.append(...["brand", "lists", "demo", "you"].map((part) => el("div", { class: `side-${part}` })));
    place.addEventListener("keydown", (event) => { if (event.target.matches(".channel")) arrows(event, [...place.querySelectorAll(".channel")].filter((node) => node.offsetParent)); });
    heedPresses(place);
  }
  const [brand, lists, demo, you] = place.children;
  refill(brand, JSON.stringify([store.online, name(store.bot)]), () => [
    el("img", { src: "/page/icon.svg", alt: "", width: 28, height: 28 }),
    el("div", {}, el("strong", {}, "Sandbox"), el("small", {}, el("span", { class: `dot ${store.online ? "on" : "off"}`, "aria-hidden": "true" }), store.online ? "bot is online" : "bot is offline"))]);
  refill(lists, JSON.stringify([marks, store.open, store.tab, archivedOpen, store.viewer, store.online]), () => sections(channels, im));
  drawDemo(demo);
  refill(you, JSON.stringify([store.viewer, store.people]), () => youAre());
}

/** Open the channel that is pressed: when its entry is drawn anew before the release, the browser tells of no click. */
function heedPresses(place) {
  const at = (event) => event.target.closest(".channel")?.dataset.channel;
  let pressed;
  place.addEventListener("pointerdown", (event) => { pressed = at(event); });
  place.addEventListener("pointerup", (event) => { if (pressed && at(event) === pressed) visit(pressed); pressed = undefined; });
}

function visit(channel) {
  go(channel);
  document.body.classList.remove("side-open");
}

function sections(channels, im) {
  const open = channels.filter((channel) => !channel.archived);
  const archived = channels.filter((channel) => channel.archived);
  const fold = el("details", { open: archivedOpen || archived.some((one) => one.id === store.open) },
    el("summary", {}, `Archived (${archived.length})`), el("ul", {}, archived.map((channel) => el("li", {}, entry(channel)))));
  fold.addEventListener("toggle", () => { archivedOpen = fold.open; });
  return [
    el("h2", {}, "Channels"), el("ul", {}, open.map((channel) => el("li", {}, entry(channel)))),
    archived.length ? fold : null,
    el("h2", {}, "App"),
    im ? el("ul", {}, el("li", {}, entry(im))) : null,
  ];
}

function entry(channel) {
  const { count, named } = unread(channel);
  const current = store.open === channel.id;
  const joined = channel.members.includes(store.viewer);
  const label = channel.kind === "im" ? name(store.bot) : channel.name;
  const loud = count && !current && joined;
  return el("button", { class: `channel ${current ? "current" : ""} ${loud ? "unread" : ""} ${joined ? "" : "outside"}`, type: "button", data: { focus: channel.id, channel: channel.id },
    "aria-current": current ? "page" : null, "aria-label": `${label}${loud ? `, ${count} unread` : ""}`,
    on: { click: () => visit(channel.id) } },
  el("span", { class: "sigil", "aria-hidden": "true" }, channel.kind === "im" ? el("span", { class: `dot ${store.online ? "on" : "off"}` }) : channel.kind === "group" ? "◆" : "#"),
  el("span", { class: "channel-name" }, label), loud && named ? el("span", { class: "count" }, String(named)) : null);
}

function youAre() {
  const choice = el("select", { class: "select", id: "viewer", on: { change: (event) => become(event.target.value) }, data: { focus: "viewer" } },
    store.people.map((user) => el("option", { value: user, selected: user === store.viewer }, name(user))));
  return [avatar(store.viewer), el("div", {}, el("label", { htmlFor: "viewer" }, "You act as"), choice)];
}

/** The demo service: its mode, four buttons, and the last minute of its load. */
function drawDemo(place) {
  place.hidden = !store.demo;
  if (!store.demo) return;
  const { mode, url } = store.demo;
  if (!place.firstChild) place.append(el("div", { class: "demo-head" }), el("div", { class: "demo-buttons", role: "group", "aria-label": "Demo service" }), el("div", { class: "demo-charts" }));
  const [head, buttons, charts] = place.children;
  refill(head, `${mode} ${url}`, () => [el("h2", {}, "Demo service"), el("a", { class: `mode mode-${mode}`, href: `${url}/health`, target: "_blank", rel: "noopener", title: `${url}/health` }, mode)]);
  refill(buttons, mode, () => MODES.map(([value, label]) => el("button", { class: `button mode-button mode-${value}`, type: "button", "aria-pressed": String(mode === value), data: { focus: `demo-${value}` },
    on: { click: async () => { store.deeds.add(`demo ${value}`); await act("demo", { mode: value }); changed(); } } }, label)));
  const history = store.demo.history;
  const last = history.at(-1) || { rate: 0, p95_ms: 0, error_rate: 0 };
  refill(charts, JSON.stringify(history), () => [
    chart("Requests", history.map((one) => one.rate), `${last.rate}/s`, 30),
    chart("p95", history.map((one) => one.p95_ms), last.p95_ms ? `${Math.round(last.p95_ms)} ms` : "–", 100),
    el("p", { class: "demo-errors" }, `${(last.error_rate * 100).toFixed(0)} % errors`)]);
}

function chart(label, figures, now, least) {
  const top = Math.max(least, ...figures);
  const slots = Math.max(20, figures.length);
  const points = figures.map((value, index) => `${((index + slots - figures.length) / (slots - 1) * 100).toFixed(1)},${(28 - value / top * 26).toFixed(1)}`).join(" ");
  return el("div", { class: "chart" }, el("span", {}, label), svg("svg", { viewBox: "0 0 100 30", preserveAspectRatio: "none", role: "img", "aria-label": `${label} over the last minute, now ${now}` },
    svg("polyline", { points, fill: "none", "vector-effect": "non-scaling-stroke" })), el("b", {}, now));
}
