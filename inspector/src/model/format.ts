const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');

/** A time that is left or has passed: `8.4 s`, `42 s`, `3:07`, `1:04:09`, `3 d 4 h`. */
export function duration(ms: number): string {
  const left = Math.max(0, ms);
  if (left < 9_950) return `${(left / 1000).toFixed(1)} s`;
  const seconds = Math.round(left / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** A time that has passed, in whole seconds: `0 s`, `12 s`, `3:07`. */
export const passed = (ms: number): string => (ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : duration(ms));

/** How long something took: `420 ms`, `1.4 s`. */
export const took = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : duration(ms));

/** The time of day, to the millisecond: `14:03:09.120`. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** A whole number with thin spaces: `10 000`. */
export const count = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, '\u2009');

/** `3 records`, `1 record`. */
export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
