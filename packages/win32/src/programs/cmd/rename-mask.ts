/**
 * The name that `ren` makes of another by a mask ("ren"): a letter stands for itself and passes over one of the name's, `?` takes one of the name's, `*` all
 * that follow, or those up to the last of the letter behind it, and a dot begins after the name's next one.
 */
export function renamed(name: string, mask: string): string {
  let result = "";
  let at = 0;
  for (let index = 0; index < mask.length; index++) {
    const sign = mask[index]!;
    if (sign === "*") {
      const next = mask[index + 1];
      const last = next === undefined || next === "?" || next === "*" ? -1 : name.lastIndexOf(next);
      const end = last >= at ? last : name.length;
      result += name.slice(at, end);
      at = end;
      if (next === undefined || next === "?" || next === "*") continue;
      result += next;
      at = Math.min(at + 1, name.length);
      index++;
    } else if (sign === "?") {
      if (at < name.length && name[at] !== ".") result += name[at++]!;
    } else if (sign === ".") {
      const dot = name.indexOf(".", at);
      at = dot < 0 ? name.length : dot + 1;
      result += ".";
    } else {
      if (at < name.length && name[at] !== ".") at++;
      result += sign;
    }
  }
  return result.replace(/[. ]+$/, "");
}
