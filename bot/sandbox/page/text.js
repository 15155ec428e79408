// Slack's mrkdwn and a good part of Markdown, as elements.
import { el } from "./dom.js";
import { go, name, store } from "./store.js";

const INLINE = /`([^`\n]+)`|<([^<>\n]+)>|(https?:\/\/[^\s<>|]*[\w/=#-])|:([a-z0-9_+'-]+):|(?<![\w*_~`])([*_~])(?=\S)([^\n]*?\S)\5(?![\w*_~])/g;
const STYLE = { "*": "strong", _: "em", "~": "s" };

/** The three characters that Slack escapes, as themselves. */
export const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

/** An emoji by its short name, or the name between colons. */
export function emoji(short) {
  const drawn = store.emoji[short];
  return drawn ? el("span", { class: "emoji", role: "img", "aria-label": short, title: `:${short}:` }, drawn) : `:${short}:`;
}

/** A text with Slack's markup. */
export function mrkdwn(text) {
  const nodes = [];
  text.split("```").forEach((part, index, parts) => {
    const closed = index < parts.length - 1 || parts.length % 2 === 1;
    if (index % 2 === 1 && closed) nodes.push(el("pre", {}, el("code", {}, plain(part.replace(/^\n|\n$/g, "")))));
    else if (part) nodes.push(...quotes(index % 2 === 1 ? `\`\`\`${part}` : part));
  });
  return nodes;
}

function quotes(text) {
  const nodes = [];
  let quoted = [];
  const close = () => {
    if (quoted.length) nodes.push(el("blockquote", {}, lines(quoted)));
    quoted = [];
  };
  const open = [];
  const flush = () => { if (open.length) nodes.push(...lines(open.splice(0))); };
  for (const line of text.split("\n")) {
    const quote = /^(?:&gt;|>)\s?(.*)$/.exec(line);
    if (quote) { flush(); quoted.push(quote[1]); }
    else { close(); open.push(line); }
  }
  flush();
  close();
  return nodes;
}

function lines(rows) {
  return rows.flatMap((row, index) => (index ? [el("br"), ...inline(row)] : inline(row)));
}

/** One line of mrkdwn. */
export function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) nodes.push(plain(text.slice(end, match.index)));
    end = match.index + match[0].length;
    const [whole, code, token, bare, short, mark, inner] = match;
    if (code) nodes.push(el("code", {}, plain(code)));
    else if (token) nodes.push(reference(token));
    else if (bare) nodes.push(link(plain(bare), plain(bare)));
    else if (short) nodes.push(short in store.emoji ? emoji(short) : whole);
    else nodes.push(el(STYLE[mark], {}, inline(inner)));
  }
  if (end < text.length) nodes.push(plain(text.slice(end)));
  return nodes;
}

/** What stands between < and >: a mention, a date, a link. */
function reference(token) {
  const [target, ...rest] = token.split("|");
  const label = rest.join("|");
  if (target.startsWith("@")) return mention(target.slice(1), label);
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!subteam^")) {
    const group = store.groups.find((one) => one.id === target.slice(9));
    return el("span", { class: "mention" }, `@${group?.handle || label.replace(/^@/, "") || target}`);
  }
  if (target.startsWith("!")) return el("span", { class: "mention" }, `@${target.slice(1)}`);
  return link(plain(target), label ? inline(label) : plain(target).replace(/^mailto:/, ""));
}

export function mention(user, label = "") {
  const mine = user === store.viewer ? "mine" : "";
  return el("span", { class: `mention ${mine}` }, `@${store.users.has(user) ? name(user) : label || user}`);
}

export function channelLink(id, label = "") {
  const channel = store.channels.get(id);
  if (!channel) return el("span", { class: "mention" }, `#${label || "private channel"}`);
  return el("button", { class: "mention link", type: "button", on: { click: () => go(id) } }, `#${channel.name}`);
}

/** A link; only web and mail addresses become one. Addresses of this workspace open on the page itself. */
export function link(address, label) {
  if (!/^(https?:|mailto:|tel:)/i.test(address)) return el("span", {}, label);
  const own = new RegExp(`^${location.origin}/archives/(\\w+)/p(\\d+)(\\d{6})(?:\\?thread_ts=([\\d.]+))?`).exec(address);
  if (!own) return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label);
  const [, channel, seconds, micros, thread] = own;
  const open = (event) => { event.preventDefault(); go(channel, { thread, ts: `${seconds}.${micros}` }); };
  return el("a", { href: address, on: { click: open } }, label);
}

/** A date token in the viewer's own zone. */
export function date(target, fallback) {
  const [, seconds, pattern, address] = target.split("^");
  const when = new Date(Number(seconds) * 1000);
  if (!pattern || Number.isNaN(when.getTime())) return plain(fallback);
  const shown = pattern.replace(/\{(\w+)\}/g, (whole, kind) => dated(when, kind) ?? whole);
  const node = el("time", { dateTime: when.toISOString(), title: when.toLocaleString() }, plain(shown));
  return address ? link(plain(address), [node]) : node;
}

const FORMATS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

function dated(when, kind) {
  if (kind === "ago") return ago(when);
  if (kind.endsWith("_pretty")) {
    const day = relativeDay(when);
    if (day) return day;
  }
  const format = FORMATS[kind.replace("_pretty", "")];
  return format && new Intl.DateTimeFormat(undefined, format).format(when);
}

export function relativeDay(when) {
  const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
  const days = Math.round((midnight(when) - midnight(new Date())) / 86400000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function ago(when) {
  const seconds = (when - Date.now()) / 1000;
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(Math.round(seconds), "second");
}

/** The clock time of a message. */
export function clock(ts) {
  const when = new Date(Number(ts) * 1000);
  const shown = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(when);
  return el("time", { class: "clock", dateTime: when.toISOString(), title: when.toLocaleString() }, shown);
}
