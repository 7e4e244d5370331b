/** Minutes as a person says them: "25 min", "1 h 40 min". */
export function showMinutes(minutes: number): string {
  const whole = Math.max(1, Math.round(minutes));
  if (minutes === 0) return "0 min";
  return whole < 60 ? `${whole} min` : `${Math.floor(whole / 60)} h ${String(whole % 60).padStart(2, "0")} min`;
}

/** Seconds as a clock says them: "42 s", "3 min 07 s", "1 h 05 min". */
export function showSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A number of things as a person says it: "1 error", "2 errors". */
export function counted(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** US dollars with cents. */
export function showDollars(dollars: number): string {
  return `$${dollars.toFixed(2)}`;
}

/** The first digits of a key, enough to tell keys apart by eye. */
export function shortKey(key: string): string {
  return key.slice(0, 12);
}
