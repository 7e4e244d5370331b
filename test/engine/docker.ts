import { spawn } from "node:child_process";
import { type IncomingMessage, request } from "node:http";
import { json, text } from "node:stream/consumers";

/** What tests ask of a Docker daemon. */
export interface Docker {
  /** `sha256:…` of the image of a name. */
  idOf(name: string): Promise<string>;
  /** The content of a file in an image. */
  fileIn(name: string, path: string): Promise<string>;
}

/** @param address a DOCKER_HOST of the form unix://… */
export function dockerAt(address: string): Docker {
  const send = (method: string, path: string, body?: object): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json" };
      const asked = request({ socketPath: address.replace("unix://", ""), method, path, headers });
      asked.once("error", reject);
      asked.once("response", (answer) => {
        if ((answer.statusCode ?? 500) < 400) resolve(answer);
        else text(answer).then((said) => reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`)), reject);
      });
      asked.end(body && JSON.stringify(body));
    });
  return {
    async idOf(name) {
      return ((await json(await send("GET", `/images/${name}/json`))) as { readonly Id: string }).Id;
    },
    async fileIn(name, path) {
      const made = await send("POST", "/containers/create", { Image: name, Cmd: ["none"] });
      const { Id } = (await json(made)) as { readonly Id: string };
      const tar = spawn("tar", ["-xO"], { stdio: ["pipe", "pipe", "inherit"] });
      (await send("GET", `/containers/${Id}/archive?path=${path}`)).pipe(tar.stdin);
      const content = await text(tar.stdout);
      (await send("DELETE", `/containers/${Id}`)).resume();
      return content;
    },
  };
}
