import { exchange } from "../../../cloud/http.ts";
import { type Check, good, wrong } from "../finding.ts";

/** More than this, in seconds, and Google refuses signed requests sooner or later; a Date header is exact to one. */
const TOLERATED = 60;

const PATIENCE_MS = 5_000;

/** This machine's clock against the one of Cloud Storage, by the Date of any answer. */
export const clockCheck: Check = {
  subject: "clock",
  asksGoogle: false,
  async run({ api, now }) {
    const url = api.endpoint("storage");
    const date = await exchange({ method: "HEAD", url, timeoutMs: PATIENCE_MS }, async ({ headers }) =>
      headers.get("date"),
    );
    if (date === null) return { state: "unknown", says: `${new URL(url).host} does not say what time it is` };
    const seconds = Math.round((now() - Date.parse(date)) / 1000);
    const says = `${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} ${new URL(url).host}`;
    return Math.abs(seconds) <= TOLERATED ? good(says) : wrong(says, "sudo timedatectl set-ntp true");
  },
};
