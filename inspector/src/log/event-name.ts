/** The type of an event as people read it: `renewal` for `xstate.after.renewal.session.serving.active`. */
export function eventName(type: string): string {
  const after = /^xstate\.after\.([^.]+)/.exec(type)?.[1];
  if (after !== undefined) return after;
  const [, outcome, , id] = /^xstate\.(done|error)\.(actor|state)\.(.+)$/.exec(type) ?? [];
  if (outcome !== undefined && id !== undefined) return `${id} ${outcome === 'done' ? '✓' : '✗'}`;
  return type === 'xstate.init' ? 'begins' : type;
}
