export { createWebSocketReceiver } from '@xstate/inspect/lib/browser.js';
export { inspect } from '@xstate/inspect/lib/server.js';
export type { ParsedReceiverEvent } from '@xstate/inspect/lib/types.js';
export { createMachine, interpret, State } from 'xstate';
