// Building and keeping up the page's elements. Text is only ever added as text nodes.

/** Make an element. Keys of `props`: `class`, `on` (handlers), `data`, ARIA and other attributes, or properties. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && !name.startsWith("aria") && name !== "list" && name !== "role") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Make an SVG element. */
export function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Put `items` ({key, sign, build}) into a container; what kept its key and sign keeps its element. */
export function reconcile(container, items) {
  const old = new Map([...container.children].map((node) => [node.dataset.key, node]));
  let place = container.firstChild;
  for (const { key, sign, build } of items) {
    let node = old.get(key);
    old.delete(key);
    if (!node || node.sign !== sign) {
      const fresh = build();
      fresh.dataset.key = key;
      fresh.sign = sign;
      if (node) {
        if (place === node) place = node.nextSibling;
        swap(node, fresh);
      }
      node = fresh;
    }
    if (node === place) place = place.nextSibling;
    else container.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}

/** Replace an element by its newer self, with the focus and what was typed in it. */
function swap(node, fresh) {
  const active = node.contains(document.activeElement) ? document.activeElement : null;
  const path = active?.dataset.focus;
  node.replaceWith(fresh);
  if (!active) return;
  const heir = path ? fresh.querySelector(`[data-focus="${CSS.escape(path)}"]`) : null;
  (heir || (fresh.tabIndex >= 0 || fresh.hasAttribute("tabindex") ? fresh : null))?.focus({ preventScroll: true });
}

/** Fill an element anew when `sign` changed. */
export function refill(node, sign, build) {
  if (node.sign === sign) return;
  node.sign = sign;
  const focus = node.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  node.replaceChildren(...[build()].flat(Infinity).filter(Boolean));
  if (focus) node.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

/** Move the focus among `nodes` with the arrow keys. */
export function arrows(event, nodes, { horizontal = false } = {}) {
  const steps = horizontal ? { ArrowLeft: -1, ArrowRight: 1 } : { ArrowUp: -1, ArrowDown: 1 };
  const ends = { Home: 0, End: nodes.length - 1 };
  const at = nodes.indexOf(document.activeElement);
  const to = event.key in steps ? at + steps[event.key] : ends[event.key];
  if (to === undefined || !nodes[to]) return false;
  event.preventDefault();
  nodes[to].focus();
  return true;
}

/** A short message at the edge of the page. */
export function toast(text) {
  const node = el("p", { class: "toast" }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

/** A menu beside a button: `items` are {label, hint?, run} or null for a line. */
export function menu(anchor, items, label) {
  closeMenu();
  const back = document.activeElement;
  const done = (run) => { closeMenu(); back?.focus?.({ preventScroll: true }); run?.(); };
  const entries = items.map((item) => item === null ? el("hr") : el("button", {
    class: `menu-item ${item.danger ? "danger" : ""}`, role: "menuitem", type: "button", tabIndex: -1,
    on: { click: () => done(item.run) },
  }, item.label, item.hint && el("small", {}, item.hint)));
  const node = el("div", { class: "menu", role: "menu", "aria-label": label }, entries);
  const buttons = entries.filter((entry) => entry.tagName === "BUTTON");
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); event.stopPropagation(); done(); }
    else arrows(event, buttons);
  });
  (anchor.closest("dialog") || document.body).append(node);
  place(node, anchor);
  buttons[0]?.focus();
}

/** Put a floating element beside its anchor, inside the window. */
export function place(node, anchor) {
  const at = anchor.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - node.offsetWidth - 8);
  const below = at.bottom + node.offsetHeight + 8 < innerHeight;
  node.style.left = `${Math.max(8, left)}px`;
  node.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - node.offsetHeight - 4)}px`;
}

export function closeMenu() {
  document.querySelectorAll(".menu, .picker").forEach((node) => node.remove());
}

document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest(".menu, .picker")) closeMenu();
});
