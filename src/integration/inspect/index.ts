export { type Attachment, createInspector, type Inspector } from './inspector.ts';
export type { InspectorOptions } from './inspector-options.ts';
export type * from './page-protocol.ts';
