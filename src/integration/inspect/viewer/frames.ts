import type { ServerMessage } from '../page-protocol.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'welcome',
  'definition',
  'delta',
  'list',
  'watched',
  'unwatched',
  'explanation',
  'sent',
  'error',
] satisfies ServerMessage['type'][]);

/** Reads a frame; `null` for what this page does not know, a later version of the protocol for one. */
export function readFrame(data: unknown): ServerMessage | null {
  if (typeof data !== 'string') return null;
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch {
    return null;
  }
  const type = (message as { type?: unknown } | null)?.type;
  return typeof type === 'string' && KNOWN.has(type) ? (message as ServerMessage) : null;
}
