/** A file's time as `dir` and `%~t` show it, in seconds since 1970: "01/01/2020  12:00 AM". */
export function dateAndTime(seconds: number, between = "  "): string {
  const at = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = at.getUTCHours();
  const date = `${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())}/${String(at.getUTCFullYear())}`;
  return `${date}${between}${two(hours % 12 || 12)}:${two(at.getUTCMinutes())} ${hours < 12 ? "AM" : "PM"}`;
}
