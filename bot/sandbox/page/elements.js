// The elements of Block Kit that a person can press, choose or type in, and the values that they hold.
import { el, menu } from "./dom.js";
import { confirmed } from "./dialogs.js";
import { act, name, store } from "./store.js";
import { plainText, text } from "./blocks.js";
import { toast } from "./dom.js";

/** One interactive element. Each control keeps `read()`, by which `values` finds what is chosen. */
export function element(item, block, where, id) {
  const draw = DRAW[item.type];
  if (!draw) return el("span", { class: "unknown" }, `[${item.type}: the sandbox does not draw it]`);
  const node = draw(item, block, where, id);
  node.classList.add("control");
  node.dataset.action = item.action_id || "";
  node.dataset.of = block.block_id || "";
  return node;
}

/** What is chosen and typed below an element, as {block_id: {action_id: value}}. */
export function values(root) {
  const found = {};
  for (const node of root.querySelectorAll(".control")) {
    if (node.read) (found[node.dataset.of] ||= {})[node.dataset.action] = node.read();
  }
  return found;
}

/** Tell the app that an element was pressed or chosen in. */
async function press(node, item, where, value) {
  if (item.confirm && !(await confirmed(item.confirm))) return;
  node.setAttribute("aria-busy", "true");
  const root = node.closest(".message, dialog, .home");
  const answer = await act("press", { ...where, action_id: item.action_id, value, state: root ? values(root) : {} });
  node.removeAttribute("aria-busy");
  if (answer?.problem) toast(answer.problem);
}

/** Whether a change of this element is told at once: everywhere but in an input block that does not ask for it. */
const tells = (block) => block.type !== "input" || block.dispatch_action;

const focusKey = (item, block) => `${block.block_id}/${item.action_id}`;

function button(item, block, where) {
  const props = {
    class: `button ${item.style || ""}`, type: "button", title: item.accessibility_label,
    data: { focus: focusKey(item, block) },
  };
  const node = el("button", props, text(item.text), item.url && el("span", { class: "outward", "aria-hidden": "true" }, " ↗"));
  node.addEventListener("click", () => {
    if (item.url && /^https?:/i.test(item.url)) window.open(item.url, "_blank", "noopener,noreferrer");
    if (!node.hasAttribute("aria-busy")) press(node, item, where, item.value ?? null);
  });
  return node;
}

function overflow(item, block, where) {
  const node = el("button", { class: "button overflow", type: "button", "aria-label": "More actions", "aria-haspopup": "menu",
    data: { focus: focusKey(item, block) } }, "⋯");
  node.addEventListener("click", () => menu(node, item.options.map((option) => ({
    label: option.text.text, hint: option.description?.text, run: () => press(node, item, where, option.value),
  })), "More actions"));
  return node;
}

/** A native menu; `entries` are [value, label] or [label, entries] for a group. */
function select(item, block, where, id, entries, chosen) {
  const option = ([value, label]) => el("option", { value, selected: value === chosen }, label);
  const node = el("select", { id, class: "select", "aria-label": block.type === "input" ? null : item.placeholder?.text || "Choose",
    data: { focus: focusKey(item, block) } },
    el("option", { value: "" }, item.placeholder?.text || "Choose an option"),
    entries.map((entry) => (Array.isArray(entry[1]) ? el("optgroup", { label: entry[0] }, entry[1].map(option)) : option(entry))));
  node.read = () => node.value || null;
  node.addEventListener("change", () => { if (tells(block) && node.value) press(node, item, where, node.value); });
  return node;
}

const optionEntries = (options) => (options || []).map((option) => [option.value, option.text.text]);
const staticEntries = (item) => (item.option_groups
  ? item.option_groups.map((group) => [group.label.text, optionEntries(group.options)])
  : optionEntries(item.options));
const people = () => [...store.people, store.bot].map((user) => [user, name(user)]);
const channels = () => [...store.channels.values()].filter((one) => one.kind !== "im" && !one.archived).map((one) => [one.id, `#${one.name}`]);

/** Checkboxes or radio buttons in a frame; `many` tells which. */
function boxes(item, block, where, id, entries, chosen, many) {
  const kind = many ? "checkbox" : "radio";
  const group = id || `${where.view_id || where.ts}-${block.block_id}-${item.action_id}`;
  const inputs = entries.map(([value, label, description]) => {
    const box = el("input", { type: kind, name: group, value, checked: chosen.includes(value), data: { focus: `${focusKey(item, block)}/${value}` } });
    return el("label", { class: "box" }, box, el("span", {}, label, description && el("small", {}, description)));
  });
  const node = el("fieldset", { class: entries.length > 8 ? "boxes tall" : "boxes", id }, inputs);
  const checked = () => [...node.querySelectorAll("input:checked")].map((box) => box.value);
  node.read = () => (many ? checked() : checked()[0] ?? null);
  node.addEventListener("change", () => { if (tells(block)) press(node, item, where, node.read()); });
  return node;
}

const boxEntries = (item) => (item.options || []).map((option) => [option.value, text(option.text), option.description && text(option.description)]);
const flat = (entries) => entries.flatMap((entry) => (Array.isArray(entry[1]) && typeof entry[0] === "string" && Array.isArray(entry[1][0]) ? entry[1] : [entry]));

/** A field to type in; `type` is that of the HTML input. */
function field(item, block, where, id, type, initial) {
  const props = { id, class: "field", placeholder: item.placeholder?.text || "", data: { focus: focusKey(item, block) } };
  const node = item.multiline ? el("textarea", { ...props, rows: 4 }) : el("input", { ...props, type });
  node.value = initial ?? "";
  if (item.max_length) node.maxLength = item.max_length;
  if (!block.label) node.setAttribute("aria-label", item.placeholder?.text || "Value");
  node.read = () => node.value || null;
  const events = item.dispatch_action_config?.trigger_actions_on || ["on_enter_pressed"];
  node.addEventListener("change", () => {
    const picker = ["date", "time", "datetime-local"].includes(type);
    if (tells(block) && node.read() && (picker || events.includes("on_character_entered"))) press(node, item, where, node.read());
  });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !item.multiline && block.dispatch_action) { event.preventDefault(); press(node, item, where, node.read()); }
  });
  return node;
}

function moment(item, block, where, id) {
  const local = (seconds) => {
    const when = new Date(seconds * 1000);
    return new Date(when.getTime() - when.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  };
  const node = field(item, block, where, id, "datetime-local", item.initial_date_time ? local(item.initial_date_time) : "");
  node.read = () => (node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null);
  return node;
}

/** A menu whose options the app gives for what is typed. */
function external(item, block, where, id) {
  const results = el("select", { class: "select", "aria-label": "Results", size: 4, hidden: true });
  const typed = el("input", { id, class: "field", type: "search", placeholder: item.placeholder?.text || "Type to search" });
  const node = el("div", { class: "external" }, typed, results);
  let known = item.initial_option ? [item.initial_option] : [];
  let chosen = item.initial_option || null;
  typed.value = chosen?.text.text || "";
  typed.addEventListener("input", async () => {
    if (typed.value.length < (item.min_query_length ?? 3)) return;
    const answer = await act("suggest", { view_id: where.view_id, action_id: item.action_id, typed: typed.value });
    known = answer?.options || [];
    results.replaceChildren(...known.map((option) => el("option", { value: option.value }, option.text.text)));
    results.hidden = !known.length;
  });
  results.addEventListener("change", () => {
    chosen = known.find((option) => option.value === results.value) || null;
    typed.value = chosen?.text.text || "";
    results.hidden = true;
    if (chosen && tells(block)) press(node, item, where, chosen);
  });
  node.read = () => chosen;
  return node;
}

function feedback(item, block, where) {
  const one = (side) => el("button", { class: "button quiet", type: "button", title: side.accessibility_label,
    on: { click: (event) => press(event.currentTarget, item, where, side.value) } }, text(side.text));
  return el("span", { class: "feedback" }, one(item.positive_button), one(item.negative_button));
}

const many = (entries) => entries.map(([value, label]) => [value, label]);
const DRAW = {
  button, overflow, feedback_buttons: feedback,
  icon_button: (item, block, where) => button({ ...item, text: item.text }, block, where),
  image: (item) => el("img", { class: "thumbnail", src: item.slack_file?.id ? `/ui/files/${item.slack_file.id}` : item.image_url, alt: item.alt_text }),
  static_select: (item, block, where, id) => select(item, block, where, id, staticEntries(item), item.initial_option?.value),
  users_select: (item, block, where, id) => select(item, block, where, id, people(), item.initial_user),
  channels_select: (item, block, where, id) => select(item, block, where, id, channels(), item.initial_channel),
  conversations_select: (item, block, where, id) => select(item, block, where, id, channels(), item.initial_conversation),
  external_select: external,
  multi_static_select: (item, block, where, id) =>
    boxes(item, block, where, id, many(flat(staticEntries(item))), (item.initial_options || []).map((one) => one.value), true),
  multi_users_select: (item, block, where, id) => boxes(item, block, where, id, people(), item.initial_users || [], true),
  multi_channels_select: (item, block, where, id) => boxes(item, block, where, id, channels(), item.initial_channels || [], true),
  multi_conversations_select: (item, block, where, id) => boxes(item, block, where, id, channels(), item.initial_conversations || [], true),
  checkboxes: (item, block, where, id) => boxes(item, block, where, id, boxEntries(item), (item.initial_options || []).map((one) => one.value), true),
  radio_buttons: (item, block, where, id) => boxes(item, block, where, id, boxEntries(item), [item.initial_option?.value], false),
  datepicker: (item, block, where, id) => field(item, block, where, id, "date", item.initial_date),
  timepicker: (item, block, where, id) => field(item, block, where, id, "time", item.initial_time),
  datetimepicker: moment,
  plain_text_input: (item, block, where, id) => field(item, block, where, id, "text", item.initial_value),
  number_input: (item, block, where, id) => field(item, block, where, id, "number", item.initial_value),
  email_text_input: (item, block, where, id) => field(item, block, where, id, "email", item.initial_value),
  url_text_input: (item, block, where, id) => field(item, block, where, id, "url", item.initial_value),
};

/** The text of an option, for those who list them. */
export const optionText = (option) => plainText(option.text.text);
