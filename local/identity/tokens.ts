import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { GoogleError } from "../http/errors.ts";
import type { Documents } from "../state/documents.ts";

/** The operator of the local cloud: owner of every project in it. */
export const OPERATOR = "user:operator@local.strata";

/** Who makes a call. */
export interface Caller {
  /** As a policy names it: `serviceAccount:E`, `user:E`; undefined for a call without a token. */
  readonly member: string | undefined;
}

interface Claims {
  readonly member: string;
  /** Seconds since 1970 after which the token is refused; absent for the operator's. */
  readonly expires?: number;
}

/**
 * Access tokens that carry who they are for and until when, signed with a key kept in the state: a token stays good
 * over a restart, and none can be made up.
 */
export class Tokens {
  readonly #key: Buffer;

  constructor(documents: Documents) {
    const stored = documents.get<{ readonly key: string }>("settings", "tokenKey");
    const key = stored?.key ?? randomBytes(32).toString("base64");
    if (!stored) documents.put("settings", "tokenKey", { key });
    this.#key = Buffer.from(key, "base64");
  }

  /**
   * Makes a token.
   *
   * @param member - such as `serviceAccount:builder@p.iam.gserviceaccount.com`.
   * @param seconds - how long it is good; for ever if left out.
   */
  mint(member: string, seconds?: number): string {
    const claims: Claims = {
      member,
      ...(seconds !== undefined && { expires: Math.floor(Date.now() / 1000) + seconds }),
    };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    return `ya29.local.${payload}.${this.#sign(payload)}`;
  }

  /**
   * Who a token is for.
   *
   * @throws GoogleError 401 for a token that the local cloud did not make or that has ended.
   */
  read(token: string): Caller {
    const [payload, signature] = token.startsWith("ya29.local.") ? token.slice(11).split(".") : [];
    if (payload === undefined || signature === undefined || !this.#signed(payload, signature)) throw unauthenticated();
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
    if (claims.expires !== undefined && claims.expires * 1000 < Date.now()) throw unauthenticated();
    return { member: claims.member };
  }

  #sign(payload: string): string {
    return createHmac("sha256", this.#key).update(payload).digest("base64url");
  }

  #signed(payload: string, signature: string): boolean {
    const expected = Buffer.from(this.#sign(payload));
    const given = Buffer.from(signature);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}

function unauthenticated(): GoogleError {
  return new GoogleError(
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    { reason: "authError" },
  );
}
