// The strip for a first visit: the five steps of the story, ticked off as they happen.
import { el, refill } from "./dom.js";
import { listed, remember, remembered, store } from "./store.js";

const some = (test) => [...store.channels.keys()].some((channel) => listed(channel).some(test));
const mine = (message, short) => message.reactions?.some((one) => one.name === short && one.users.includes(store.viewer));

function steps() {
  const command = store.commands[0]?.command || "/do";
  return [
    { title: "Ask", text: ["Type ", el("kbd", {}, `${command} manage health`)], done: [...store.deeds].some((deed) => deed.startsWith("command ")) },
    { title: "Break", text: ["Press ", el("kbd", {}, "Errors"), " on the demo service, watch #alerts"], done: [...store.deeds].some((deed) => /^demo (slow|errors|down)/.test(deed)) },
    { title: "Take it", text: ["React with 👀 to the alert"], done: some((message) => message.bot_id && mine(message, "eyes")) },
    { title: "Work", text: ["Open the incident channel, mark what matters with 📌"], done: some((message) => mine(message, "pushpin")) },
    { title: "Learn", text: ["Resolve it, then review the postmortem in its thread"], done: [...store.channels.values()].some((channel) => channel.archived) },
  ];
}

export function drawGuide(place) {
  place.hidden = remembered("guide") === "done";
  if (place.hidden) return;
  const list = steps();
  const next = list.findIndex((step) => !step.done);
  refill(place, JSON.stringify([list.map((step) => step.done), store.commands[0]?.command]), () => [
    el("ol", {}, list.map((step, index) => el("li", { class: step.done ? "done" : index === next ? "next" : "" },
      el("span", { class: "step", "aria-hidden": "true" }, step.done ? "✓" : String(index + 1)),
      el("div", {}, el("strong", {}, step.title), el("span", {}, step.text))))),
    el("button", { class: "icon", type: "button", "aria-label": "Hide the first steps", title: "Hide", on: { click: () => { remember("guide", "done"); place.hidden = true; } } }, "×")]);
}
