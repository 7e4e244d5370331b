// The first process of a step's container: makes the local cloud, which the container's network does not reach, answer
// on the loopback address, and then runs the step. Arguments: a socket that leads to the cloud, its port, the command.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";

const [socket, port, program, ...words] = process.argv.slice(2);
const relay = createServer((near) => {
  const far = connect(socket);
  near.pipe(far).pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
});
relay.listen(Number(port), "127.0.0.1");
await once(relay, "listening");
const [code] = await once(spawn(program, words, { stdio: "inherit" }), "close");
process.exit(code ?? 1);
