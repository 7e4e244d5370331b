/** Minutes as a person says them: "25 min", "1 h 40 min". */
export function showMinutes(minutes: number): string {
  const whole = Math.max(1, Math.round(minutes));
  if (minutes === 0) return "0 min";
  return whole < 60 ? `${whole} min` : `${Math.floor(whole / 60)} h ${String(whole % 60).padStart(2, "0")} min`;
}

/** US dollars with cents. */
export function showDollars(dollars: number): string {
  return `$${dollars.toFixed(2)}`;
}

/** The first digits of a key, enough to tell keys apart by eye. */
export function shortKey(key: string): string {
  return key.slice(0, 12);
}
