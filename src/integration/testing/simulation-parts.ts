import type { AnyActorRef, InspectionEvent } from 'xstate';
import { createConfigurationService } from '../../services/configuration-service.ts';
import { memorySource } from '../../services/memory-source.ts';
import { createRecoveryExecutor } from '../../services/recovery-executor.ts';
import type { SessionManagerOptions } from '../../services/session-manager-options.ts';
import type { Outside } from './simulation-outside.ts';
import type { SimulationWorld } from './simulation-world.ts';

/** What the manager of a run is made of. */
interface Parts {
  readonly options: SessionManagerOptions;
  /** Takes the services down that the manager used. */
  dispose(): void;
}

/** Puts the collaborators together that the seed drew. */
export async function partsOf(world: SimulationWorld, outside: Outside): Promise<Parts> {
  const { limit, whenFull, queueLimit, restarts, config, has } = world.plan;
  const { clock } = world;
  const { credentials, logger } = outside;
  world.takesBack = credentials.revoke !== undefined;
  const recovery = has.recovery ? createRecoveryExecutor({ clock, logger }) : undefined;
  const configuration = has.settings ? await settingsOf(world, outside) : undefined;
  const inspect = (event: InspectionEvent): void => {
    if (event.type === '@xstate.actor')
      world.actors.set((event.actorRef as AnyActorRef).id, event.actorRef as AnyActorRef);
  };
  const options: SessionManagerOptions = {
    clock,
    createSessionId: () => world.nextSessionId(),
    whenFull,
    queueLimit,
    restarts,
    logger,
    ...(configuration === undefined ? { limit, config } : { configuration }),
    ...(recovery && { recovery }),
    ...(has.credentials && { credentials }),
    ...((has.channel || has.probe) && { driver: outside.driver }),
    ...(has.hooks && { hooks: outside.hooks }),
    ...(has.privacy && { privacy: outside.privacy }),
    ...(has.inspector && { inspect }),
  };
  return {
    options,
    dispose() {
      recovery?.dispose();
      configuration?.dispose();
    },
  };
}

async function settingsOf(world: SimulationWorld, { logger }: Outside) {
  const { limit, config } = world.plan;
  const source = memorySource({ session: { ...config, maxConcurrentSessions: limit } });
  world.settings = source;
  const configuration = createConfigurationService({ source, clock: world.clock.outside, logger });
  await configuration.initialize();
  return configuration;
}
