import type { Instruction } from "./instructions.ts";
import { exposedPorts } from "./ports.ts";
import { withShell } from "./run.ts";
import type { StageState } from "./state.ts";
import { isSymbolic, symbol } from "./symbols.ts";
import { splitWords } from "./words.ts";

/** Values that ARG takes before its own default. */
export interface ArgValues {
  /** Values given to the build. */
  readonly given: ReadonlyMap<string, string>;
  /** Global and predefined args. */
  readonly globals: ReadonlyMap<string, string>;
  readonly hints: ReadonlySet<string>;
}

/** Args that speak to BuildKit and are kept from the environment of steps. */
const FOR_BUILDKIT: ReadonlySet<string> = new Set(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]);

/** Applies an instruction that makes no file system: it changes the environment, the configuration and the history. */
export function evaluateMetadata(instruction: Instruction, state: StageState, values: ArgValues): void {
  const { config } = state;
  switch (instruction.kind) {
    case "ARG":
      declareArgs(instruction.args, state, values);
      return;
    case "ENV": {
      // All words of one ENV see the environment before it.
      const pairs = instruction.pairs.map(({ name, value }) => [state.expand(name), state.expand(value)] as const);
      for (const [name, value] of pairs) {
        state.setEnv(name, value);
        config.env.set(name, value);
      }
      state.remember(`ENV ${pairs.map(([name, value]) => `${name}=${value}`).join(" ")}`);
      return;
    }
    case "LABEL": {
      const pairs = instruction.pairs.map(({ name, value }) => [state.expand(name), state.expand(value)] as const);
      for (const [name, value] of pairs) config.labels.set(name, value);
      state.remember(`LABEL ${pairs.map(([name, value]) => `${name}=${value}`).join(" ")}`);
      return;
    }
    case "CMD":
      config.cmd = instruction.command.shell
        ? withShell(state, instruction.command.arguments)
        : instruction.command.arguments;
      state.hasCmd = true;
      state.remember(`CMD ${JSON.stringify(config.cmd)}`);
      return;
    case "ENTRYPOINT": {
      const { shell, arguments: words } = instruction.command;
      config.entrypoint = shell ? withShell(state, words) : words.length === 0 ? null : words;
      if (!state.hasCmd) config.cmd = null;
      state.remember(`ENTRYPOINT ${JSON.stringify(config.entrypoint)}`);
      return;
    }
    case "USER":
      config.user = state.expand(instruction.value);
      state.remember(`USER ${config.user}`);
      return;
    case "STOPSIGNAL":
      config.stopSignal = state.expand(instruction.value);
      state.remember(`STOPSIGNAL ${config.stopSignal}`);
      return;
    case "MAINTAINER":
      config.author = instruction.value;
      state.remember(`MAINTAINER ${instruction.value}`);
      return;
    case "EXPOSE": {
      const ports = instruction.values.flatMap((value) => portsOf(value, state));
      for (const port of ports) config.ports.add(port);
      state.remember(`EXPOSE [${ports.join(" ")}]`);
      return;
    }
    case "VOLUME": {
      const volumes = instruction.values.map((value) => state.expand(value));
      if (volumes.includes("")) throw state.error("a volume's path is empty", instruction.values.join(" "));
      for (const volume of volumes) config.volumes.add(volume);
      state.remember(`VOLUME [${volumes.join(" ")}]`);
      return;
    }
    case "SHELL":
      config.shell = instruction.shell;
      state.remember(`SHELL [${instruction.shell.join(" ")}]`);
      return;
    case "HEALTHCHECK":
      config.health = instruction.health;
      state.remember(`HEALTHCHECK ${JSON.stringify(instruction.health)}`);
      return;
    case "ONBUILD":
      config.onbuild.push(instruction.trigger);
      return;
    default:
      throw new Error(`${instruction.kind} is not metadata`);
  }
}

/** A given value comes before the default, a global or predefined value counts where there is neither. */
function declareArgs(
  args: readonly { readonly name: string; readonly value?: string }[],
  state: StageState,
  { given, globals, hints }: ArgValues,
): void {
  const shown = args.map(({ name, value: fallback }) => {
    const value = hints.has(name)
      ? symbol(`hint ${name}`)
      : (given.get(name) ?? (fallback === undefined ? globals.get(name) : state.expand(fallback)));
    if (value !== undefined && !FOR_BUILDKIT.has(name)) state.setEnv(name, value);
    state.args.push({ name, value: value ?? "" });
    return value === undefined ? name : `${name}=${value}`;
  });
  state.remember(`ARG ${shown.join(" ")}`);
}

/** What an exposed port counts for, in characters: it is an entry of a set besides. */
const PORT_WEIGHT = 64;

function portsOf(value: string, state: StageState): readonly string[] {
  const { variables, escape } = state;
  return state
    .reading(value, () => splitWords(value, variables, { escape }))
    .flatMap((word) => {
      const ports = isSymbolic(word) ? [word] : exposedPorts(word);
      state.spend((ports?.length ?? 0) * PORT_WEIGHT);
      if (ports) return ports;
      throw state.error("EXPOSE names no port", word, { allowed: "port, first-last, either with /tcp, /udp or /sctp" });
    });
}
