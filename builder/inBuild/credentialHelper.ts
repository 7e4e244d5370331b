#!/usr/bin/env node
import { defaultGoogleCredentials } from "../../cloud/google/credentials.ts";

/**
 * Speaks the protocol of Docker's credential helpers: `get` reads a registry's address and answers with a user and a
 * secret. Here the secret is an access token of Google's default credentials, which is never older than it may be.
 */
async function main(verb: string | undefined): Promise<void> {
  if (verb !== "get") throw new Error("this credential helper only knows get");
  const token = await defaultGoogleCredentials(process.env).accessToken();
  if (token === undefined) throw new Error("this machine has no Google Cloud credentials");
  process.stdout.write(JSON.stringify({ ServerURL: "", Username: "oauth2accesstoken", Secret: token }));
}

main(process.argv[2]).catch((error: unknown) => {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
