import { expectTypeOf, it } from 'vitest';
import {
  type Clock,
  type ConversationLifecycleHooks,
  type CredentialProvider,
  type createSessionManager,
  type EndReason,
  type Logger,
  type RenewalResult,
  type Secret,
  type SessionConfig,
  type SessionEvent,
  type SessionInfo,
  SessionState,
} from '../../src/index.ts';
import type { FakeCredentialProvider } from '../../src/integration/testing/fake-credential-provider.ts';
import type { VirtualClock } from '../../src/integration/testing/virtual-clock.ts';
import type { KeptLog } from '../support/managed.ts';

it('[TYP-1] the methods have the documented parameters and results', () => {
  type Manager = ReturnType<typeof createSessionManager>;
  expectTypeOf<Manager['startSession']>().returns.resolves.toEqualTypeOf<SessionInfo>();
  expectTypeOf<Manager['startSession']>().toBeCallableWith();
  expectTypeOf<Manager['startSession']>().toBeCallableWith({ inactivityTimeoutMinutes: 1 });
  expectTypeOf<Manager['endSession']>().toBeCallableWith();
  expectTypeOf<Manager['endSession']>().returns.resolves.toBeVoid();
  expectTypeOf<Manager['renewSession']>().returns.resolves.toEqualTypeOf<RenewalResult>();
  expectTypeOf<Manager['credentialFor']>().returns.toEqualTypeOf<Secret | undefined>();
  expectTypeOf<Manager['getSessionInfo']>().returns.toEqualTypeOf<SessionInfo | undefined>();
  expectTypeOf<Manager['getMaxConcurrentSessions']>().returns.toBeNumber();
  expectTypeOf<Manager['dispose']>().returns.toBeVoid();
  expectTypeOf<Manager>().toMatchTypeOf<AsyncDisposable>();
});

it('[TYP-2] what is handed out cannot be written to', () => {
  const write = (info: SessionInfo, config: SessionConfig): void => {
    // @ts-expect-error a snapshot is read-only
    info.state = SessionState.Active;
    // @ts-expect-error so is a configuration
    config.maxRetryAttempts = 9;
  };
  expectTypeOf(write).toBeFunction();
  // @ts-expect-error an unknown setting is a compile error
  expectTypeOf<Parameters<typeof createSessionManager>[0]>().toMatchTypeOf<{ limits: number }>();
});

it('[TYP-3] an ended event has its reason, a started one has none', () => {
  expectTypeOf<Extract<SessionEvent, { type: 'ended' }>['reason']>().toEqualTypeOf<EndReason>();
  expectTypeOf<Extract<SessionEvent, { type: 'started' }>>().not.toHaveProperty('reason');
  expectTypeOf<ConversationLifecycleHooks>().toMatchTypeOf<object>();
});

it('[TYP-4] the fakes of the tests fit the ports they stand for', () => {
  expectTypeOf<FakeCredentialProvider>().toMatchTypeOf<CredentialProvider>();
  expectTypeOf<VirtualClock>().toMatchTypeOf<Clock>();
  expectTypeOf<KeptLog>().toMatchTypeOf<Logger>();
});
