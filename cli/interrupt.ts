/**
 * Calls `listener` for every Ctrl-C, in place of ending the program.
 * @returns ends that
 */
export function onInterrupt(listener: () => void): () => void {
  process.on("SIGINT", listener);
  return () => process.off("SIGINT", listener);
}
