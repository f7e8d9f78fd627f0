/** The local time of day, to the millisecond: `14:03:09.120`. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two);
  return `${hours}:${minutes}:${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

const two = (value: number): string => String(value).padStart(2, '0');
