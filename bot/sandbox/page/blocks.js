// Block Kit on the page. `where` tells on what the blocks stand: {channel, ts} or {view_id}.
import { el } from "./dom.js";
import { element } from "./elements.js";
import { inlineMarkdown, markdown } from "./markdown.js";
import { channelLink, date, emoji, inline, link, mention, mrkdwn } from "./text.js";

/** A text object. */
export function text(object) {
  if (!object) return [];
  return object.type === "plain_text" ? plainText(object.text) : mrkdwn(object.text);
}

/** A plain text: no markup but emoji names and line breaks. */
export function plainText(value) {
  return value.split("\n").flatMap((row, index) => [
    ...(index ? [el("br")] : []),
    ...row.split(/(:[a-z0-9_+'-]+:)/).map((part) => (/^:.*:$/.test(part) ? emoji(part.slice(1, -1)) : part)),
  ]);
}

/** All blocks of a message or view. */
export function blocks(list, where) {
  return (list || []).map((block) => {
    const draw = DRAW[block.type];
    const node = draw ? draw(block, where) : el("p", { class: "unknown" }, `[${block.type} block: the sandbox does not draw it]`);
    node.classList.add("block", `block-${block.type}`);
    node.dataset.block = block.block_id || "";
    return node;
  });
}

const DRAW = {
  header: (block) => el("h3", {}, text(block.text)),
  divider: () => el("hr"),
  section: (block, where) => el("div", {},
    el("div", { class: "section-body" },
      block.text && el("div", { class: "text" }, text(block.text)),
      block.fields && el("div", { class: "fields" }, block.fields.map((field) => el("div", { class: "text" }, text(field))))),
    block.accessory && el("div", { class: "accessory" }, element(block.accessory, block, where))),
  context: (block) => el("div", {}, block.elements.map((item) =>
    item.type === "image" ? picture(item, "context-picture") : el("span", {}, text(item)))),
  actions: (block, where) => el("div", { role: "group" }, block.elements.map((item) => element(item, block, where))),
  context_actions: (block, where) => el("div", { role: "group" }, block.elements.map((item) => element(item, block, where))),
  image: (block) => el("figure", {}, block.title && el("figcaption", {}, text(block.title)), picture(block, "picture")),
  markdown: (block) => el("div", {}, markdown(block.text)),
  rich_text: (block) => el("div", {}, block.elements.map(rich)),
  table: (block) => table(block),
  alert: (block) => el("div", { class: `level-${block.level || "default"}`, role: "note" }, text(block.text)),
  task_card: (block) => task(block),
  file: () => el("div", { class: "unknown" }, "A file from elsewhere"),
  input: (block, where) => input(block, where),
};

function picture(item, kind) {
  const own = item.slack_file?.id || /\/files\/(\w+)/.exec(item.slack_file?.url || "")?.[1];
  const address = own ? `/ui/files/${own}` : item.image_url;
  const node = el("img", { class: kind, src: address, alt: item.alt_text, loading: "lazy" });
  node.addEventListener("error", () => node.replaceWith(el("span", { class: "unknown" }, `[picture: ${item.alt_text}]`)));
  return node;
}

function input(block, where) {
  const id = `in-${where.view_id || where.ts}-${block.block_id}`;
  const control = element(block.element, block, where, id);
  const group = control.tagName === "FIELDSET" || control.dataset.group;
  const label = el(group ? "div" : "label", { class: "label", ...(group ? { id: `${id}-label` } : { htmlFor: id }) },
    text(block.label), block.optional && el("span", { class: "optional" }, " (optional)"));
  if (group) control.setAttribute("aria-labelledby", `${id}-label`);
  return el("div", {}, label, control, block.hint && el("p", { class: "hint" }, text(block.hint)),
    el("p", { class: "error", id: `${id}-error`, role: "alert", hidden: true }));
}

function task(block) {
  const icon = { complete: "✔", error: "✖", pending: "○", in_progress: "◌" }[block.status] || "○";
  return el("div", { class: `task task-${block.status || "pending"}` }, el("span", { class: "task-icon", "aria-hidden": "true" }, icon),
    el("div", {}, el("strong", {}, block.title), part(block.details), part(block.output)));
}

const part = (value) => value && el("div", { class: "task-part" }, typeof value === "string" ? inlineMarkdown(value) : value.elements ? value.elements.map(rich) : "");

function table(block) {
  const settings = block.column_settings || [];
  const cell = (item, column, tag) => {
    const align = settings[column]?.align || "left";
    const inner = item.type === "rich_text" ? item.elements.map(rich) : plainText(String(item.text ?? ""));
    return el(tag, { class: `align-${align}` }, inner);
  };
  const [head, ...body] = block.rows;
  return el("div", { class: "table-frame" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, head.map((item, column) => cell(item, column, "th")))),
    el("tbody", {}, body.map((row) => el("tr", {}, row.map((item, column) => cell(item, column, "td")))))));
}

/** A part of a rich text block. */
function rich(item) {
  if (item.type === "rich_text_list") {
    return el(item.style === "ordered" ? "ol" : "ul", { class: `indent-${item.indent || 0}` },
      item.elements.map((entry) => el("li", {}, entry.elements.map(leaf))));
  }
  const tag = { rich_text_quote: "blockquote", rich_text_preformatted: "pre" }[item.type] || "div";
  return el(tag, {}, (item.elements || []).map(leaf));
}

const LEAVES = {
  text: (item) => item.text.split("\n").flatMap((row, index) => (index ? [el("br"), row] : [row])),
  link: (item) => link(item.url, item.text || item.url),
  user: (item) => mention(item.user_id),
  channel: (item) => channelLink(item.channel_id),
  emoji: (item) => emoji(item.name),
  broadcast: (item) => el("span", { class: "mention" }, `@${item.range}`),
  usergroup: (item) => inline(`<!subteam^${item.usergroup_id}>`),
  date: (item) => date(`!date^${item.timestamp}^${item.format}`, item.fallback || ""),
};

function leaf(item) {
  let nodes = [LEAVES[item.type]?.(item) ?? ""].flat();
  for (const [style, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
    if (item.style?.[style]) nodes = [el(tag, {}, nodes)];
  }
  return nodes;
}

const COLOURS = { good: "var(--good)", warning: "var(--warn)", danger: "var(--bad)" };

/** The attachments of a message: a colour bar with texts, fields or blocks. */
export function attachments(list, where) {
  return (list || []).map((item) => {
    const body = el("div", { class: "attachment-body" },
      item.author_name && el("div", { class: "attachment-author" }, item.author_name),
      item.title && el("div", { class: "attachment-title" }, item.title_link ? link(item.title_link, item.title) : plainText(item.title)),
      item.text && el("div", { class: "text" }, mrkdwn(item.text)),
      item.fields && el("div", { class: "fields" }, item.fields.map((field) =>
        el("div", { class: field.short ? "" : "wide" }, el("strong", {}, field.title), el("div", {}, mrkdwn(String(field.value)))))),
      blocks(item.blocks, where),
      item.image_url && picture({ image_url: item.image_url, alt_text: item.fallback || "" }, "picture"),
      (item.footer || item.ts) && el("div", { class: "attachment-footer" }, item.footer,
        item.ts && [" ", date(`!date^${item.ts}^{date_short_pretty} {time}`, "")]));
    if (/^#?[0-9a-f]{3,6}$/i.test(item.color || "")) body.style.borderColor = `#${item.color.replace("#", "")}`;
    else if (COLOURS[item.color]) body.style.borderColor = COLOURS[item.color];
    return el("div", { class: "attachment" }, item.pretext && el("div", { class: "text" }, mrkdwn(item.pretext)), body);
  });
}
