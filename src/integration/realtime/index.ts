export {
  openRealtimeConnection,
  type RealtimeClose,
  type RealtimeConnection,
  type RealtimeConnectionOptions,
} from './connection.ts';
export type { RealtimeEvent } from './conversation.ts';
export type {
  ConnectFault,
  FaultAnswer,
  Malformed,
  MintFault,
  RealtimeFault,
  RealtimeFaults,
  SocketFault,
} from './faults.ts';
export type { RateLimit, RealtimeServiceOptions } from './options.ts';
export { createRealtimeService, type RealtimeService, type RealtimeServiceStats } from './service.ts';
