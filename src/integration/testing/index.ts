export { type ClockContractOptions, clockContract } from './clock-contract.ts';
export {
  type ContractCase,
  type ContractReport,
  type ContractStrictness,
  ContractViolation,
  describeContract,
  type Judgement,
  runContract,
  type TestFramework,
} from './contract.ts';
export { FakeCredentialProvider, type TrackedCredential } from './fake-credential-provider.ts';
export {
  type FakeSocket,
  SocketCloseEvent,
  type SocketData,
  type SocketFrame,
  SocketMessageEvent,
} from './fake-socket.ts';
export { type LoggerUnderTest, loggerContract } from './logger-contract.ts';
export {
  accepts,
  answers,
  answersAfterAbort,
  type Behaviour,
  hangs,
  hangsUntilAborted,
  mints,
  type ProviderWorld,
  rejects,
  rejectsWith,
  returns,
  sequence,
  slowly,
  throwsSynchronously,
  times,
} from './provider-behaviours.ts';
export { credentialProviderContract } from './provider-contract.ts';
export type { CredentialProviderContractOptions } from './provider-options.ts';
export { SeededRandom } from './random.ts';
export { assertNoResidue, ResidueError, type ResidueSources } from './residue.ts';
export { simulate } from './simulation.ts';
export { SimulationError } from './simulation-error.ts';
export { SIMULATION_INVARIANTS, type SimulationInvariantName } from './simulation-invariants.ts';
export type {
  SimulatedSession,
  SimulationInvariant,
  SimulationOptions,
  SimulationResult,
  SimulationView,
} from './simulation-types.ts';
export { createSocketPair, type SocketPair, type SocketPairOptions, type SocketWire } from './socket-pair.ts';
export { configurationSourceContract, type SourceUnderTest } from './source-contract.ts';
export { purgeableStoreContract, type StoreContractOptions } from './store-contract.ts';
export type { StoreUnderTest } from './store-lab.ts';
export { VirtualClock } from './virtual-clock.ts';
