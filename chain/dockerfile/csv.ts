/**
 * The fields of one comma-separated line: a field in double quotes may hold commas, and quotes written twice.
 * Undefined where quotes stand wrong or the line is empty.
 */
export function csvFields(text: string): readonly string[] | undefined {
  const line = text.replace(/\r?\n$/, "");
  if (line === "") return undefined;
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(line.slice(at));
      if (!quoted) return undefined;
      fields.push((quoted[1] ?? "").replaceAll('""', '"'));
      at += quoted[0].length;
    } else {
      const comma = line.indexOf(",", at);
      const field = line.slice(at, comma === -1 ? undefined : comma);
      if (field.includes('"')) return undefined;
      fields.push(field);
      at += field.length;
    }
    if (at >= line.length) return fields;
    at++;
  }
}
