import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { errorCode, errorMessage } from "../../../cloud/systemError.ts";
import { type Check, good, wrong } from "../finding.ts";

const PATIENCE_MS = 10_000;

/** This machine's Docker, for an environment that it builds: the command, and a daemon that answers it. */
export const dockerCheck: Check = {
  subject: "Docker",
  asksGoogle: false,
  async run({ env }) {
    const words = ["version", "--format", "{{.Server.Version}}"];
    try {
      const { stdout } = await promisify(execFile)("docker", words, { env: { ...env }, timeout: PATIENCE_MS });
      return good(`a daemon of version ${stdout.trim()} answers`);
    } catch (error) {
      if (errorCode(error) === "ENOENT") {
        return wrong(
          "the command docker is not on the PATH",
          "install it as https://docs.docker.com/engine/install says",
        );
      }
      if (/permission denied/i.test(errorMessage(error))) {
        return wrong("this user may not call the Docker daemon", 'sudo usermod -aG docker "$USER", then log in again');
      }
      return wrong("no Docker daemon answers", "sudo systemctl start docker");
    }
  },
};
