import type { EventEmitter } from 'node:events';
import type { Clock } from '../../actors/ports.ts';

/** A wait that a fault asks for: true after `ms`, or false as soon as `stream` closes, on either side. */
export function pause(clock: Clock, ms: number, stream: EventEmitter): Promise<boolean> {
  return new Promise(resolve => {
    const leave = (): void => {
      clock.clearTimeout(timer);
      resolve(false);
    };
    const timer = clock.setTimeout(() => {
      stream.off('close', leave);
      resolve(true);
    }, ms);
    stream.once('close', leave);
  });
}
