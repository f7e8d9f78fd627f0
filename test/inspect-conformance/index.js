// The only place that sees XState 4: what is installed beside this file, and nothing of the root.
import receivers from '@xstate/inspect/lib/browser.js';
import server from '@xstate/inspect/lib/server.js';

export { createMachine, interpret, State } from 'xstate';
export const { createWebSocketReceiver } = receivers;
export const { inspect } = server;
