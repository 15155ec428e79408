// An independent Twilio for tests: the npm package `emulate` with one account and one number.
//
//   node twilio.mjs PORT SEED
//
// SEED is the JSON of emulate's section `twilio`. GET /_twilio/... is the package's own simulator of what people do.

import { createEmulator } from "emulate";

const [port, seed] = [Number(process.argv[2]), JSON.parse(process.argv[3])];
await createEmulator({ service: "twilio", port, baseUrl: `http://127.0.0.1:${port}`, seed: { twilio: seed } });
