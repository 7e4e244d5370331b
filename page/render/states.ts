import { type Html, html, raw } from "../html.ts";
import type { TargetState } from "../view.ts";

/** How a state is shown: never by colour alone, always by a word and a sign as well. */
export interface StateLook {
  readonly word: string;
  /** What it means, for the legend. */
  readonly meaning: string;
  /** Path of its sign, in a square of 16. */
  readonly sign: string;
}

const CIRCLE = "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm0 1.5a5 5 0 1 1 0 10A5 5 0 0 1 8 3Z";
const DISC = "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z";

/** In the order of the legend: from what is done to what went wrong. */
export const STATES: Readonly<Record<TargetState, StateLook>> = {
  published: {
    word: "published",
    meaning: "built, verified, tagged",
    sign: `${DISC}M7.1 11 12 6.1 10.9 5 7.1 8.8 5.1 6.8 4 7.9Z`,
  },
  reuse: {
    word: "reuse",
    meaning: "its key is published already",
    sign: `${CIRCLE}M7.1 10.6 11.4 6.3 10.4 5.3 7.1 8.6 5.6 7.1l-1 1Z`,
  },
  verified: {
    word: "verified",
    meaning: "its checks have passed",
    sign: "M8 1 14 3.2v4.3c0 3.4-2.4 6-6 7.5-3.6-1.5-6-4.1-6-7.5V3.2Zm-.8 9.6 3.9-4-1-1-2.9 3-1.4-1.4-1 1Z",
  },
  building: {
    word: "building",
    meaning: "its build runs",
    sign: `${CIRCLE}M6.5 5.2v5.6L11 8Z`,
  },
  queued: {
    word: "queued",
    meaning: "it waits for a machine",
    sign: `${CIRCLE}M7.25 4.5h1.5v3.2l2 2-1 1-2.5-2.5Z`,
  },
  build: {
    word: "to build",
    meaning: "its key is not published",
    sign: `${CIRCLE}M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z`,
  },
  unknown: {
    word: "not asked",
    meaning: "no registry was asked",
    sign: `${CIRCLE}M7.25 9.9h1.5v1.4h-1.5ZM8 4.6c-1.4 0-2.4.9-2.5 2.1H7c.1-.5.5-.8 1-.8.6 0 1 .3 1 .8 0 .9-1.8 1-1.8 2.5h1.5c0-1 1.8-1.1 1.8-2.5 0-1.2-1-2.1-2.5-2.1Z`,
  },
  skipped: {
    word: "skipped",
    meaning: "a target before it failed",
    sign: `${CIRCLE}M5 7.25h6v1.5H5Z`,
  },
  refused: {
    word: "refused",
    meaning: "it cannot be keyed",
    sign: `${DISC}M4.25 7.2h7.5v1.6h-7.5Z`,
  },
  failed: {
    word: "failed",
    meaning: "its build failed",
    sign: `${DISC}M5.7 4.6 8 6.9l2.3-2.3 1.1 1.1L9.1 8l2.3 2.3-1.1 1.1L8 9.1l-2.3 2.3-1.1-1.1L6.9 8 4.6 5.7Z`,
  },
};

/** The states in the order of the legend. */
export const ALL_STATES = Object.keys(STATES) as readonly TargetState[];

/** A state's sign beside text that says the same. */
export function signOf(state: TargetState): Html {
  return html`<svg class="sign" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${signPath(state)}</svg>`;
}

/** The sign's path, for a drawing. */
export function signPath(state: TargetState): Html {
  return raw(`<path fill-rule="evenodd" d="${STATES[state].sign}"/>`);
}

/** The word and the sign, in the state's colour. */
export function badgeOf(state: TargetState): Html {
  return html`<span class="badge" data-state="${state}">${signOf(state)}${STATES[state].word}</span>`;
}
