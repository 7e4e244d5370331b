import { InvalidArgumentError } from "commander";

/**
 * Reads the whole number that an option is given.
 * @param least the smallest that is allowed
 * @param most the largest; none where it is left out
 */
export function numberFrom(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const bounds = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number, ${bounds}.`);
  };
}
