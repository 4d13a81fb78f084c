// strftime(3) in the C locale, one conversion at a time, for `@X` in the formats of `midge sub`.

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
/** Each knows the names of the zones of its part of the world. */
const LOCALES = ["en-US", "en-GB", "en-AU", "en-NZ", "en-IN", "en-ZA"];
const DAY_MS = 86_400_000;

const CONVERSIONS: Readonly<Record<string, (time: Date) => string>> = {
  a: (time) => DAYS[time.getDay()]!.slice(0, 3),
  A: (time) => DAYS[time.getDay()]!,
  b: (time) => MONTHS[time.getMonth()]!.slice(0, 3),
  B: (time) => MONTHS[time.getMonth()]!,
  c: (time) => all(time, "a b e T Y"),
  C: (time) => two(Math.floor(time.getFullYear() / 100)),
  d: (time) => two(time.getDate()),
  D: (time) => all(time, "m/d/y"),
  e: (time) => String(time.getDate()).padStart(2),
  F: (time) => all(time, "Y-m-d"),
  g: (time) => two(isoWeek(time).year % 100),
  G: (time) => String(isoWeek(time).year),
  h: (time) => MONTHS[time.getMonth()]!.slice(0, 3),
  H: (time) => two(time.getHours()),
  I: (time) => two(time.getHours() % 12 || 12),
  j: (time) => String(dayOfYear(time) + 1).padStart(3, "0"),
  k: (time) => String(time.getHours()).padStart(2),
  l: (time) => String(time.getHours() % 12 || 12).padStart(2),
  m: (time) => two(time.getMonth() + 1),
  M: (time) => two(time.getMinutes()),
  n: () => "\n",
  p: (time) => time.getHours() < 12 ? "AM" : "PM",
  P: (time) => time.getHours() < 12 ? "am" : "pm",
  r: (time) => all(time, "I:M:S p"),
  R: (time) => all(time, "H:M"),
  s: (time) => String(Math.floor(time.getTime() / 1_000)),
  S: (time) => two(time.getSeconds()),
  t: () => "\t",
  T: (time) => all(time, "H:M:S"),
  u: (time) => String(time.getDay() || 7),
  U: (time) => two(Math.floor((dayOfYear(time) + 7 - time.getDay()) / 7)),
  V: (time) => two(isoWeek(time).week),
  w: (time) => String(time.getDay()),
  W: (time) => two(Math.floor((dayOfYear(time) + 7 - (time.getDay() + 6) % 7) / 7)),
  x: (time) => all(time, "m/d/y"),
  X: (time) => all(time, "H:M:S"),
  y: (time) => two(time.getFullYear() % 100),
  Y: (time) => String(time.getFullYear()),
  z: zone,
  Z: zoneName,
  "+": (time) => all(time, "a b e T Z Y"),
};

/** What `%` and `conversion` are at `time`, local time; an unknown conversion stays as it is. */
export function strftime(conversion: string, time: Date): string {
  const make = Object.hasOwn(CONVERSIONS, conversion) ? CONVERSIONS[conversion] : undefined;
  return make === undefined ? `%${conversion}` : make(time);
}

/** Each letter of `pattern` is a conversion. */
function all(time: Date, pattern: string): string {
  return pattern.replaceAll(/[a-z]/gi, (letter) => strftime(letter, time));
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** From 0; in days of the calendar, whose length daylight saving changes. */
function dayOfYear(time: Date): number {
  const day = Date.UTC(time.getFullYear(), time.getMonth(), time.getDate());
  return Math.round((day - Date.UTC(time.getFullYear(), 0, 1)) / DAY_MS);
}

/** The week of ISO 8601, which belongs to the year of its Thursday. */
function isoWeek(time: Date): { year: number; week: number } {
  const day = new Date(Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()));
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7));
  const year = day.getUTCFullYear();
  return { year, week: Math.floor((day.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1 };
}

function zone(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function zoneName(time: Date): string {
  for (const locale of LOCALES) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: "short" }).formatToParts(time);
    const name = parts.find(({ type }) => type === "timeZoneName")?.value;
    if (name !== undefined && !/^(GMT|UTC)[+-]/.test(name)) return name;
  }
  return zone(time).replace(/00$/, ""); // as the zones without a name are called
}
