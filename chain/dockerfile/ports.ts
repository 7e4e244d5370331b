/**
 * The ports of one EXPOSE argument as the image's configuration has them: "80" is "80/tcp", "8000-8002/udp" three.
 * An address or host port in front is dropped. Undefined where the argument is no port.
 */
export function exposedPorts(argument: string): readonly string[] | undefined {
  const container = argument.slice(argument.lastIndexOf(":") + 1);
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp)?)?$/i.exec(container);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (last > 65535 || first > last) return undefined;
  const protocol = (match[3] ?? "tcp").toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}
