// The part of Markdown that a markdown block shows: headings, lists, quotes, code, tables, links, emphasis.
import { el } from "./dom.js";
import { date, emoji, link } from "./text.js";
import { store } from "./store.js";

const INLINE = /`([^`\n]+)`|\[([^\]\n]+)\]\(([^()\s]+)\)|<?(https?:\/\/[^<>\s|]*[\w/=&#-])>?|<(!date\^[^<>|]+)\|([^<>]+)>|:([a-z0-9_+'-]+):|\*\*(\S(?:[^\n]*?\S)?)\*\*|~~(\S(?:[^\n]*?\S)?)~~|(?<![\w*])\*(\S(?:[^*\n]*?\S)?)\*(?![\w*])|(?<![\w_])_(\S(?:[^_\n]*?\S)?)_(?![\w_])/g;

export function inlineMarkdown(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) nodes.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [whole, code, label, address, bare, stamp, fallback, short, bold, struck, star, low] = match;
    if (code) nodes.push(el("code", {}, code));
    else if (label) nodes.push(link(address, inlineMarkdown(label)));
    else if (bare) nodes.push(link(bare, bare));
    else if (stamp) nodes.push(date(stamp, fallback));
    else if (short) nodes.push(short in store.emoji ? emoji(short) : whole);
    else if (bold) nodes.push(el("strong", {}, inlineMarkdown(bold)));
    else if (struck) nodes.push(el("s", {}, inlineMarkdown(struck)));
    else nodes.push(el("em", {}, inlineMarkdown(star || low)));
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

const RULES = [
  { start: /^```/, take: fence },
  { start: /^#{1,6}\s/, take: heading },
  { start: /^\s*([-*_])(\s*\1){2,}\s*$/, take: (rows) => { rows.shift(); return el("hr"); } },
  { start: /^\s*([-*+]|\d+[.)])\s/, take: list },
  { start: /^>/, take: quote },
  { start: /^\|.*\|\s*$/, take: table },
];

/** A whole Markdown text. */
export function markdown(text) {
  const rows = text.replace(/\r/g, "").split("\n");
  const nodes = [];
  while (rows.length) {
    if (!rows[0].trim()) { rows.shift(); continue; }
    const rule = RULES.find(({ start }) => start.test(rows[0]));
    nodes.push(rule ? rule.take(rows) : paragraph(rows));
  }
  return nodes;
}

function while_(rows, test) {
  const taken = [];
  while (rows.length && test(rows[0])) taken.push(rows.shift());
  return taken;
}

function fence(rows) {
  rows.shift();
  const code = while_(rows, (row) => !row.startsWith("```"));
  rows.shift();
  return el("pre", {}, el("code", {}, code.join("\n")));
}

function heading(rows) {
  const [, marks, text] = /^(#+)\s+(.*)$/.exec(rows.shift()) || [null, "#", ""];
  return el(`h${Math.min(6, marks.length + 2)}`, { class: `md-heading md-${marks.length}` }, inlineMarkdown(text));
}

function list(rows) {
  const ordered = /^\s*\d/.test(rows[0]);
  const items = while_(rows, (row) => /^\s*([-*+]|\d+[.)])\s/.test(row) || /^\s{2,}\S/.test(row));
  const nodes = [];
  for (const item of items) {
    const found = /^(\s*)(?:[-*+]|\d+[.)])\s+(.*)$/.exec(item);
    if (!found) { nodes.at(-1).append(" ", ...inlineMarkdown(item.trim())); continue; }
    nodes.push(el("li", { class: found[1].length > 1 ? "nested" : "" }, inlineMarkdown(found[2])));
  }
  return el(ordered ? "ol" : "ul", {}, nodes);
}

function quote(rows) {
  return el("blockquote", {}, markdown(while_(rows, (row) => row.startsWith(">")).map((row) => row.replace(/^>\s?/, "")).join("\n")));
}

function table(rows) {
  const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const [head, ...body] = while_(rows, (row) => /^\|.*\|\s*$/.test(row)).map(cells);
  const line = (row, tag) => el("tr", {}, row.map((cell) => el(tag, {}, inlineMarkdown(cell))));
  const rest = body.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell)));
  return el("table", { class: "table" }, el("thead", {}, line(head, "th")), el("tbody", {}, rest.map((row) => line(row, "td"))));
}

function paragraph(rows) {
  const taken = while_(rows, (row) => row.trim() && !RULES.some(({ start }) => start.test(row)));
  return el("p", {}, taken.flatMap((row, index) => (index ? [el("br"), ...inlineMarkdown(row)] : inlineMarkdown(row))));
}
