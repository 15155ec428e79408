// Modals of the app and the confirmation dialogs of its buttons.
import { el, toast } from "./dom.js";
import { blocks, text } from "./blocks.js";
import { values } from "./elements.js";
import { act, store } from "./store.js";

/** Ask before an action; true when the person goes on. */
export function confirmed(ask) {
  return new Promise((settle) => {
    const node = el("dialog", { class: "dialog small", "aria-labelledby": "confirm-title" });
    const answer = (yes) => { node.close(); node.remove(); settle(yes); };
    node.append(
      el("h2", { id: "confirm-title" }, text(ask.title)),
      el("div", { class: "dialog-body" }, text(ask.text)),
      el("footer", {},
        el("button", { class: "button", type: "button", on: { click: () => answer(false) } }, ask.deny ? text(ask.deny) : "Cancel"),
        el("button", { class: `button ${ask.style || "primary"}`, type: "button", on: { click: () => answer(true) } }, ask.confirm ? text(ask.confirm) : "Yes")),
    );
    node.addEventListener("cancel", (event) => { event.preventDefault(); answer(false); });
    document.body.append(node);
    node.showModal();
  });
}

let shown = null;

/** Show the modal on top of the stack; a view that was updated keeps what was typed under the same ids. */
export function drawModals() {
  const view = store.modals.at(-1);
  const sign = view ? `${view.id} ${view.hash}` : "";
  if ((shown?.sign || "") === sign) return;
  const before = shown && view && shown.id === view.id ? values(shown.node) : {};
  shown?.node.remove();
  shown = null;
  if (!view) return;
  const node = dialog(view);
  document.getElementById("dialogs").append(node);
  node.showModal();
  restore(node, before);
  shown = { id: view.id, sign, node };
  node.querySelector(".field, .select, fieldset input")?.focus();
}

function dialog(view) {
  const node = el("dialog", { class: "dialog", "aria-labelledby": "modal-title" });
  const close = () => act("close", { view_id: view.id });
  const form = el("form", { method: "dialog", noValidate: true },
    el("header", {},
      view.previous_view_id && el("button", { class: "icon", type: "button", "aria-label": "Back", on: { click: close } }, "‹"),
      el("h2", { id: "modal-title" }, text(view.title)),
      el("button", { class: "icon", type: "button", "aria-label": "Close", on: { click: close } }, "×")),
    el("div", { class: "dialog-body" }, blocks(view.blocks, { view_id: view.id })),
    el("p", { class: "dialog-problem", role: "alert", hidden: true }),
    el("footer", {},
      el("button", { class: "button", type: "button", on: { click: close } }, view.close ? text(view.close) : "Cancel"),
      view.submit && el("button", { class: "button primary submit", type: "submit" }, text(view.submit))));
  form.addEventListener("submit", (event) => { event.preventDefault(); if (view.submit) submit(node, view); });
  node.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
  node.append(form);
  return node;
}

async function submit(node, view) {
  const button = node.querySelector(".submit");
  if (button.disabled) return;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  const answer = await act("submit", { view_id: view.id, values: values(node) });
  button.disabled = false;
  button.removeAttribute("aria-busy");
  const problem = node.querySelector(".dialog-problem");
  problem.hidden = !answer?.problem;
  problem.textContent = answer?.problem || "";
  if (answer) errors(node, answer.errors);
}

/** Write the errors below their inputs and go to the first. */
function errors(node, found) {
  let first = null;
  for (const block of node.querySelectorAll(".block-input")) {
    const message = found[block.dataset.block];
    const place = block.querySelector(".error");
    const control = block.querySelector(".control");
    place.hidden = !message;
    place.textContent = message || "";
    control.toggleAttribute("aria-invalid", Boolean(message));
    if (message) control.setAttribute("aria-describedby", place.id);
    first ||= message && control;
  }
  (first?.matches("fieldset, .external") ? first.querySelector("input") : first)?.focus();
}

/** Put earlier values back into fields of the same ids. */
function restore(node, before) {
  for (const control of node.querySelectorAll(".field.control, .select.control")) {
    const value = before[control.dataset.of]?.[control.dataset.action];
    if (value && !control.value) control.value = value;
  }
}

/** Use a shortcut and say when the app does not answer. */
export async function useShortcut(callback_id, message = null) {
  const where = message ? { channel: message.channel, ts: message.ts } : {};
  const answer = await act("shortcut", { callback_id, ...where });
  if (answer?.problem) toast(answer.problem);
}
