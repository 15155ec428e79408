// What the page knows, the connection that keeps it true, and the deeds that it can ask for.
import { toast } from "./dom.js";

export const store = {
  ready: false, connected: false, online: false,
  viewer: remembered("viewer") || "U0YOU", bot: "", users: new Map(), people: [], groups: [],
  channels: new Map(), messages: new Map(), modals: [], home: null,
  commands: [], shortcuts: [], emoji: {}, demo: null,
  open: decodeURIComponent(location.hash.slice(1)) || "C0ALERTS", tab: "home", panel: null, jump: null,
  read: new Map(), dismissed: new Set(), status: new Map(), drafts: new Map(), deeds: new Set(),
};

const watchers = new Set();
let socket = null;
let delay = 250;
let planned = false;

/** Call `run` after changes, at most once per frame. */
export function watch(run) {
  watchers.add(run);
}

/** Say that something changed. */
export function changed() {
  if (planned) return;
  planned = true;
  const draw = () => { planned = false; watchers.forEach((run) => run()); };
  if (document.hidden) setTimeout(draw, 50);
  else requestAnimationFrame(draw);
}

/** A small thing that this browser keeps; without storage it is forgotten. */
export function remembered(name) {
  try { return localStorage.getItem(`sandbox.${name}`); } catch { return null; }
}

export function remember(name, value) {
  try { localStorage.setItem(`sandbox.${name}`, value); } catch { /* private windows keep nothing */ }
}

/** Do something in the viewer's name; gives the answer, or null after telling why it failed. */
export async function act(deed, body = {}) {
  store.deeds.add(deed);
  try {
    const answer = await fetch(`/ui/${deed}`, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: store.viewer, ...body }),
    });
    const result = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : { problem: await answer.text() };
    if (!answer.ok) { toast(result.problem); return null; }
    return result;
  } catch {
    toast("The workspace does not answer. Is it still running?");
    return null;
  }
}

/** Connect as the viewer and stay connected. */
export function connect() {
  const mine = new WebSocket(`ws://${location.host}/ui/ws?user=${encodeURIComponent(store.viewer)}`);
  socket?.close();
  socket = mine;
  mine.onmessage = (frame) => { if (socket === mine) { take(JSON.parse(frame.data)); changed(); } };
  mine.onclose = () => {
    if (socket !== mine) return;
    store.connected = false;
    if (!store.ready) store.viewer = "U0YOU"; // who this browser remembers may not exist here
    changed();
    setTimeout(connect, delay);
    delay = Math.min(delay * 2, 5000);
  };
}

/** Become somebody else. */
export function become(user) {
  Object.assign(store, { viewer: user, panel: null, modals: [], home: null });
  remember("viewer", user);
  connect();
}

const takers = {
  hello(change) {
    delay = 250;
    const fresh = !store.ready || change.viewer !== store.viewer || !store.read.size;
    Object.assign(store, {
      ready: true, connected: true, online: change.online, bot: change.bot, people: change.people, groups: change.groups,
      commands: change.commands, shortcuts: change.shortcuts, emoji: change.emoji, demo: change.demo,
      modals: change.modals, home: change.home, assistant: change.assistant,
      users: new Map(change.users.map((user) => [user.id, user])),
      channels: new Map(change.channels.map((channel) => [channel.id, channel])),
      messages: new Map(change.channels.map((channel) => [channel.id, new Map()])),
    });
    for (const message of change.messages) store.messages.get(message.channel).set(message.ts, message);
    if (fresh) for (const id of store.channels.keys()) store.read.set(id, newest(id));
    if (!store.channels.has(store.open)) store.open = "C0ALERTS";
  },
  message({ message }) {
    if (!store.messages.has(message.channel)) store.messages.set(message.channel, new Map());
    store.messages.get(message.channel).set(message.ts, message);
    if (message.user === store.viewer) store.read.set(message.channel, message.ts);
    if (message.thread_ts) store.status.delete(`${message.channel} ${message.thread_ts}`);
  },
  removed({ channel, ts }) { store.messages.get(channel)?.delete(ts); },
  channel({ channel, messages }) {
    store.channels.set(channel.id, channel);
    if (!store.messages.has(channel.id)) store.messages.set(channel.id, new Map());
    for (const message of messages) store.messages.get(channel.id).set(message.ts, message);
  },
  gone({ channel }) {
    store.channels.delete(channel);
    store.messages.delete(channel);
    if (store.open === channel) store.open = "C0ALERTS";
    if (store.panel?.channel === channel) store.panel = null;
  },
  status(change) {
    const key = `${change.channel} ${change.thread_ts}`;
    if (change.status) store.status.set(key, change.status);
    else store.status.delete(key);
  },
  modals({ modals }) { store.modals = modals; },
  home({ home }) { store.home = home; },
  app({ online }) { store.online = online; },
  demo({ demo }) { store.demo = demo; },
};

function take(change) {
  takers[change.type]?.(change);
}

/** The messages of a channel in the order of time, as the viewer has them. */
export function listed(channel) {
  return [...(store.messages.get(channel)?.values() || [])]
    .filter((message) => !store.dismissed.has(message.ts))
    .sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

export const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts && !message.broadcast;

/** The timestamp of the newest message outside threads. */
export function newest(channel) {
  return listed(channel).filter((message) => !isReply(message)).at(-1)?.ts || "0";
}

/** How much of a channel is unread: messages, and those that name the viewer. */
export function unread(channel) {
  const since = store.read.get(channel.id) || "0";
  const fresh = listed(channel.id).filter((m) => m.ts > since && m.user !== store.viewer && !isReply(m));
  const named = fresh.filter((m) => channel.kind === "im" || m.text.includes(`<@${store.viewer}`) || m.text.includes("<!subteam"));
  return { count: fresh.length, named: named.length };
}

/** Show a channel, and a thread or message in it. */
export function go(channel, { thread = null, ts = null } = {}) {
  store.open = channel;
  store.panel = thread ? { kind: "thread", channel, ts: thread } : store.panel?.channel === channel ? store.panel : null;
  store.jump = ts;
  history.replaceState(null, "", `/#${channel}`);
  changed();
}

export const name = (user) => store.users.get(user)?.real_name || user;
