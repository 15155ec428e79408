// The box to write in: Enter sends, "/" offers commands, "@", "#" and ":" complete names.
import { el, menu, refill } from "./dom.js";
import { useShortcut } from "./dialogs.js";
import { picker } from "./messages.js";
import { act, name, store } from "./store.js";

/** Draw the composer of a channel or thread into `place`. */
export function drawComposer(place, channel, thread = null) {
  const joined = channel.members.includes(store.viewer);
  const sign = JSON.stringify([channel.id, channel.name, channel.archived, joined, thread, store.viewer, store.commands, store.shortcuts.length]);
  refill(place, sign, () => {
    if (channel.archived) return el("p", { class: "closed" }, "This channel is archived. Its messages stay to be read.");
    if (!joined) {
      return el("p", { class: "closed" }, `You are looking at #${channel.name}. `,
        el("button", { class: "button primary", type: "button", on: { click: () => act("join", { channel: channel.id }) } }, "Join channel"));
    }
    return box(channel, thread);
  });
}

function box(channel, thread) {
  const draft = `${channel.id} ${thread || ""}`;
  const label = thread ? "Reply in thread" : channel.kind === "im" ? `Message ${name(store.bot)}` : `Message #${channel.name}`;
  const list = el("div", { class: "completions", role: "listbox", id: `completions-${thread || "main"}`, hidden: true });
  const area = el("textarea", { id: thread ? "reply" : "message", rows: 1, placeholder: label, "aria-label": label, "aria-autocomplete": "list",
    "aria-controls": list.id, autocomplete: "off", spellcheck: true, data: { focus: "message" } });
  area.value = store.drafts.get(draft) || "";
  const send = el("button", { class: "send", type: "button", "aria-label": "Send", title: "Send (Enter)", on: { click: () => submit() } }, "➤");
  const hint = el("p", { class: "composer-hint" });
  const submit = async () => {
    const text = area.value.trim();
    if (!text) return;
    if (thread && text.startsWith("/")) { hint.textContent = "Slash commands do not work in threads. Mention the bot or write a reply instead."; return; }
    area.value = "";
    typed();
    const known = store.commands.some((command) => text.split(" ")[0] === command.command);
    if (text.startsWith("/") && !known) { area.value = text; hint.textContent = `${text.split(" ")[0]} is not a command here. There is ${store.commands.map((one) => one.command).join(", ") || "none"}.`; return; }
    if (known) store.deeds.add(`command ${text}`);
    const answer = known ? await act("command", { channel: channel.id, text }) : await act("say", { channel: channel.id, text, thread_ts: thread });
    if (!answer && !area.value) { area.value = text; typed(); }
  };
  const typed = () => {
    store.drafts.set(draft, area.value);
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 180)}px`;
    send.disabled = !area.value.trim();
    const command = store.commands.find((one) => area.value.startsWith(`${one.command} `));
    hint.textContent = command ? `${command.command} ${command.usage_hint}` : "";
    complete(area, list, thread);
  };
  area.addEventListener("input", typed);
  area.addEventListener("blur", () => setTimeout(() => { list.hidden = true; }, 150));
  area.addEventListener("keydown", (event) => {
    if (completionKey(event, area, list, typed)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
  });
  const insert = (text) => { area.setRangeText(text, area.selectionStart, area.selectionEnd, "end"); area.focus(); typed(); };
  queueMicrotask(typed);
  return el("div", { class: "composer-box" }, list,
    el("div", { class: "composer-row" }, !thread && plus(channel, insert),
      area,
      el("button", { class: "tool", type: "button", "aria-label": "Insert emoji", title: "Insert emoji", on: { click: (event) => picker(event.currentTarget, (short) => insert(`:${short}: `)) } }, "☺"),
      send),
    hint);
}

/** The menu of what the app offers everywhere: its commands and global shortcuts. */
function plus(channel, insert) {
  const global = store.shortcuts.filter((shortcut) => shortcut.type === "global");
  const open = (event) => menu(event.currentTarget, [
    ...store.commands.map((one) => ({ label: one.command, hint: one.description, run: () => insert(`${one.command} `) })),
    ...global.map((one) => ({ label: one.name, hint: name(store.bot), run: () => useShortcut(one.callback_id) })),
  ], "Commands and shortcuts");
  return el("button", { class: "tool", type: "button", "aria-label": "Commands and shortcuts", "aria-haspopup": "menu", title: "Commands and shortcuts", on: { click: open } }, "+");
}

/** What can stand at the caret: [what is inserted, label, explanation]. */
function offers(before, thread) {
  const slash = /^\/(\S*)$/.exec(before);
  if (slash && !thread) return store.commands.filter((one) => one.command.startsWith(before)).map((one) => [`${one.command} `, one.command, one.usage_hint || one.description]);
  const word = /(?:^|[\s(])([@#:])([\w+.-]*)$/.exec(before);
  if (!word) return [];
  const [, sign, start] = word;
  const fits = (text) => text.toLowerCase().includes(start.toLowerCase());
  if (sign === "@") {
    return [...[...store.users.values()].filter((user) => user.id !== "USLACKBOT" && (fits(user.name) || fits(user.real_name))).map((user) => [`@${user.name} `, `@${user.name}`, user.real_name]),
      ...store.groups.filter((group) => fits(group.handle)).map((group) => [`@${group.handle} `, `@${group.handle}`, "user group"])];
  }
  if (sign === "#") return [...store.channels.values()].filter((one) => one.kind !== "im" && !one.archived && fits(one.name)).map((one) => [`#${one.name} `, `#${one.name}`, ""]);
  return start.length < 2 ? [] : Object.keys(store.emoji).filter(fits).map((short) => [`:${short}: `, `${store.emoji[short]} :${short}:`, ""]);
}

function complete(area, list, thread) {
  const before = area.value.slice(0, area.selectionStart);
  const found = offers(before, thread).slice(0, 7);
  list.hidden = !found.length;
  list.replaceChildren(...found.map(([value, label, more], index) => el("div", { id: `${list.id}-${index}`, class: "completion", role: "option", "aria-selected": String(index === 0), data: { value },
    on: { pointerdown: (event) => { event.preventDefault(); accept(area, list, value); } } }, el("strong", {}, label), el("small", {}, more))));
  area.setAttribute("aria-activedescendant", found.length ? `${list.id}-0` : "");
}

function accept(area, list, value) {
  const before = area.value.slice(0, area.selectionStart);
  const start = value.startsWith("/") ? 0 : before.search(/[@#:][\w+.-]*$/);
  area.setRangeText(value, start, area.selectionStart, "end");
  list.hidden = true;
  area.dispatchEvent(new Event("input"));
}

/** Keys while completions are offered; true when the key was theirs. */
function completionKey(event, area, list) {
  if (list.hidden) return false;
  const options = [...list.children];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    options[at].setAttribute("aria-selected", "false");
    const next = options[(at + step + options.length) % options.length];
    next.setAttribute("aria-selected", "true");
    area.setAttribute("aria-activedescendant", next.id);
    return true;
  }
  if (event.key === "Escape") { list.hidden = true; event.stopPropagation(); return true; }
  const value = options[at].dataset.value;
  const whole = area.value.slice(0, area.selectionStart).endsWith(value.trim());
  if (event.key === "Tab" || (event.key === "Enter" && !whole)) {
    event.preventDefault();
    accept(area, list, value);
    return true;
  }
  return false;
}

