// An independent GitHub and Linear for tests: the npm package `emulate`.
//
//   node trackers.mjs GITHUB_PORT LINEAR_PORT SEED
//
// SEED is JSON: `tokens`, and emulate's sections `github` and `linear`.

import { createEmulator } from "emulate";

const [github, linear, seed] = [Number(process.argv[2]), Number(process.argv[3]), JSON.parse(process.argv[4])];
await createEmulator({
  service: "github",
  port: github,
  baseUrl: `http://127.0.0.1:${github}`,
  seed: { tokens: seed.tokens, github: seed.github },
});
await createEmulator({ service: "linear", port: linear, baseUrl: `http://127.0.0.1:${linear}`, seed: { linear: seed.linear } });
