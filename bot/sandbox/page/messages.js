// Messages: the list of a channel, a thread, and what can be done with one message.
import { arrows, el, menu, place, reconcile, closeMenu } from "./dom.js";
import { attachments, blocks } from "./blocks.js";
import { useShortcut } from "./dialogs.js";
import { act, changed, isReply, listed, name, store } from "./store.js";
import { clock, emoji, mrkdwn, relativeDay } from "./text.js";

const QUICK = ["eyes", "white_check_mark", "pushpin", "+1"];
const GROUPED = 300;

/** Draw messages into a container, with a line between days. */
export function drawMessages(container, messages, { thread = false } = {}) {
  const items = [];
  let before = null;
  for (const message of messages) {
    const day = new Date(Number(message.ts) * 1000).toDateString();
    if (!thread && (!before || day !== new Date(Number(before.ts) * 1000).toDateString())) {
      items.push({ key: `day ${day}`, sign: relativeDay(new Date(day)) || day, build: () => dayLine(day) });
      before = null;
    }
    const grouped = Boolean(before) && before.user === message.user && !before.subtype && !message.subtype
      && message.ts - before.ts < GROUPED && before.only_for === message.only_for;
    const status = store.status.get(`${message.channel} ${message.ts}`);
    const sign = JSON.stringify([message, grouped, thread, store.viewer, status, store.channels.size]);
    items.push({ key: message.ts, sign, build: () => row(message, { grouped, thread, status }) });
    before = message;
  }
  reconcile(container, items);
  container.onkeydown = (event) => {
    if (event.target.classList.contains("message")) arrows(event, [...container.querySelectorAll(".message")]);
  };
  const rows = [...container.querySelectorAll(".message")];
  rows.forEach((node) => { node.tabIndex = -1; });
  const current = rows.find((node) => node === document.activeElement) || rows.at(-1);
  if (current) current.tabIndex = 0;
}

function dayLine(day) {
  const when = new Date(day);
  const label = relativeDay(when) || new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" }).format(when);
  return el("div", { class: "day", role: "separator" }, el("span", {}, label[0].toUpperCase() + label.slice(1)));
}

/** The first letters of a name on a colour of its own. */
export function avatar(user) {
  const shown = store.users.get(user);
  const letters = (shown?.real_name || "?").split(/[\s-]+/).slice(0, 2).map((word) => word[0]?.toUpperCase()).join("");
  const hue = [...user].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 6, 7);
  return el("span", { class: `avatar hue-${hue} ${shown?.is_bot ? "bot" : ""}`, "aria-hidden": "true" }, shown?.is_bot ? "⌁" : letters);
}

function row(message, { grouped, thread, status }) {
  const note = /^(channel|group)_/.test(message.subtype || "");
  if (note) return noteRow(message);
  const author = message.username || name(message.user);
  const kinds = ["message", grouped && "grouped", message.only_for && "ephemeral", message.pinned_by && "pinned", message.streaming && "streaming"];
  const node = el("article", { class: kinds.filter(Boolean).join(" "), "aria-label": `${author}: ${message.text.slice(0, 120)}`, data: { ts: message.ts } },
    grouped ? el("div", { class: "gutter" }, clock(message.ts)) : avatar(message.user),
    el("div", { class: "message-main" },
      message.only_for && el("p", { class: "flag" }, "◑ Only visible to you ",
        el("button", { class: "link", type: "button", on: { click: () => { store.dismissed.add(message.ts); changed(); } } }, "Dismiss")),
      message.pinned_by && el("p", { class: "flag" }, `📌 Pinned by ${name(message.pinned_by)}`),
      message.broadcast && el("p", { class: "flag" }, "↳ Also sent to the channel"),
      !grouped && el("div", { class: "byline" }, el("strong", {}, author), message.bot_id && el("span", { class: "badge" }, "app"), clock(message.ts)),
      body(message),
      message.reactions?.length ? reactions(message) : null,
      !thread && message.reply_count ? replies(message) : null,
      thread && message.prompts && !message.reply_count ? prompts(message) : null,
      status && el("p", { class: "typing" }, `${name(store.bot)} ${status}`)),
    !message.only_for && toolbar(message, thread));
  return node;
}

/** What the assistant suggests to ask; a click asks it. */
const prompts = (message) => el("div", { class: "prompts" }, message.prompts.title && el("p", { class: "topic" }, message.prompts.title),
  message.prompts.prompts.map((one) => el("button", { class: "button", type: "button",
    on: { click: () => act("say", { channel: message.channel, text: one.message, thread_ts: message.ts }) } }, one.title)));

/** One of the workspace's own lines: somebody joined, the topic changed. */
function noteRow(message) {
  const text = message.text.startsWith("<@") ? message.text : `<@${message.user}> ${message.text}`;
  return el("article", { class: "message note", "aria-label": message.text, data: { ts: message.ts } },
    el("div", { class: "gutter", "aria-hidden": "true" }, "·"),
    el("div", { class: "message-main" }, el("span", {}, mrkdwn(text)), clock(message.ts)));
}

function body(message) {
  const where = { channel: message.channel, ts: message.ts };
  const drawn = message.bot_id && message.blocks?.length ? blocks(message.blocks, where) : null;
  return el("div", { class: "message-body" },
    drawn || (message.text && el("div", { class: "text" }, mrkdwn(message.text))),
    message.streaming && el("span", { class: "caret", "aria-label": "still writing" }),
    message.edited && !message.bot_id && el("small", { class: "edited" }, " (edited)"),
    attachments(message.attachments, where),
    message.files?.map(file));
}

function file(shown) {
  const address = `/ui/files/${shown.id}`;
  const size = shown.size < 1024 ? `${shown.size} bytes` : `${(shown.size / 1024).toFixed(1)} kB`;
  const card = el("div", { class: "file" },
    el("div", { class: "file-head" }, el("span", { "aria-hidden": "true" }, "📄"),
      el("a", { href: address, target: "_blank", rel: "noopener", download: shown.name }, shown.title), el("small", {}, size)));
  if (shown.mimetype.startsWith("image/")) card.append(el("img", { class: "picture", src: address, alt: shown.title }));
  else if (/^text\/|json/.test(shown.mimetype)) {
    const preview = el("pre", { class: "preview" }, "…");
    card.append(preview);
    fetch(address).then((answer) => answer.text()).then((text) => { preview.textContent = text.length > 1500 ? `${text.slice(0, 1500)}\n…` : text; })
      .catch(() => preview.remove());
  }
  return card;
}

function reactions(message) {
  return el("div", { class: "reactions" }, message.reactions.map((one) => {
    const mine = one.users.includes(store.viewer);
    return el("button", { class: `reaction ${mine ? "mine" : ""}`, type: "button", "aria-pressed": String(mine), data: { focus: `re-${one.name}` },
      title: `${one.users.map(name).join(", ")} · :${one.name}:`, "aria-label": `${one.name}, ${one.count}`,
      on: { click: () => react(message, one.name, !mine) } }, emoji(one.name), el("span", {}, String(one.count)));
  }));
}

function replies(message) {
  return el("button", { class: "replies", type: "button", data: { focus: "replies" }, on: { click: () => openThread(message) } },
    message.reply_users.slice(0, 4).map(avatar), el("span", {}, message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`),
    el("small", {}, "last at ", clock(message.latest_reply)));
}

const react = (message, short, on) => act("react", { channel: message.channel, ts: message.ts, name: short, on });

export function openThread(message) {
  store.panel = { kind: "thread", channel: message.channel, ts: message.thread_ts || message.ts };
  changed();
}

function toolbar(message, thread) {
  const has = (short) => message.reactions?.some((one) => one.name === short && one.users.includes(store.viewer));
  const tool = (label, content, run, more = {}) => el("button", { class: "tool", type: "button", title: label, "aria-label": label, data: { focus: `tool-${label}` }, on: { click: (event) => run(event.currentTarget) }, ...more }, content);
  return el("div", { class: "toolbar", role: "toolbar", "aria-label": "Message actions",
    on: { keydown: (event) => arrows(event, [...event.currentTarget.children], { horizontal: true }) } },
    QUICK.map((short) => tool(`React with ${short}`, emoji(short), () => react(message, short, !has(short)), { "aria-pressed": String(Boolean(has(short))) })),
    tool("Other reaction", "☺", (anchor) => picker(anchor, (short) => react(message, short, !has(short)))),
    !thread && tool("Reply in thread", "↰", () => openThread(message)),
    tool("More", "⋯", (anchor) => menu(anchor, entries(message), "Message menu"), { "aria-haspopup": "menu" }));
}

function entries(message) {
  const own = store.shortcuts.filter((shortcut) => shortcut.type === "message");
  const pinned = Boolean(message.pinned_by);
  const address = `${location.origin}/archives/${message.channel}/p${message.ts.replace(".", "")}`;
  return [
    { label: "Reply in thread", run: () => openThread(message) },
    { label: pinned ? "Unpin from channel" : "Pin to channel", run: () => act("pin", { channel: message.channel, ts: message.ts, on: !pinned }) },
    { label: "Copy link", run: () => navigator.clipboard?.writeText(address) },
    ...(own.length ? [null] : []),
    ...own.map((shortcut) => ({ label: shortcut.name, hint: name(store.bot), run: () => useShortcut(shortcut.callback_id, message) })),
  ];
}

/** A field of emoji to choose from, with a search. */
export function picker(anchor, chosen) {
  closeMenu();
  const back = document.activeElement;
  const grid = el("div", { class: "picker-grid", role: "listbox", "aria-label": "Emoji" });
  const search = el("input", { type: "search", class: "field", placeholder: "Search emoji", "aria-label": "Search emoji" });
  const node = el("div", { class: "picker", role: "dialog", "aria-label": "Choose an emoji" }, search, grid);
  const done = (short) => { closeMenu(); back?.focus?.({ preventScroll: true }); if (short) chosen(short); };
  const unlike = [...new Map(Object.entries(store.emoji).map(([short, drawn]) => [drawn, short]).reverse()).values()].reverse();
  const fill = () => grid.replaceChildren(...unlike.filter((short) => short.includes(search.value.toLowerCase()))
    .map((short) => el("button", { type: "button", class: "tool", role: "option", title: `:${short}:`, "aria-label": short, on: { click: () => done(short) } }, store.emoji[short])));
  search.addEventListener("input", fill);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); done(); }
    else if (event.key === "Enter" && event.target === search) grid.firstChild?.click();
    else if (event.target !== search) arrows(event, [...grid.children], { horizontal: true });
    else if (event.key === "ArrowDown") { event.preventDefault(); grid.firstChild?.focus(); }
  });
  fill();
  (anchor.closest("dialog") || document.body).append(node);
  place(node, anchor);
  search.focus();
}

/** The messages of a channel outside its threads. */
export const mainMessages = (channel) => listed(channel).filter((message) => !isReply(message));

/** A thread: its first message and the answers. */
export const threadMessages = (channel, ts) => listed(channel).filter((message) => message.ts === ts || message.thread_ts === ts);
