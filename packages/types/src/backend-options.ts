import type { ConfigureOptions, CreateOptions, DeleteOptions } from './backend.js'
import { type CallOptions, Deadline } from './call.js'
import { checkFields, type Fields, type FieldsOf } from './known-fields.js'

/** What every call of a `Backend` takes. */
export const CALL_OPTIONS: FieldsOf<CallOptions> = { signal: true, timeout: true }
/** What `create` takes. */
export const CREATE_OPTIONS: FieldsOf<CreateOptions> = {
  ...CALL_OPTIONS,
  netns: true,
  mtu: true,
  daemon: true,
}
/** What `delete` takes. */
export const DELETE_OPTIONS: FieldsOf<DeleteOptions> = {
  ...CALL_OPTIONS,
  removeStale: 'boolean',
  removeHung: 'boolean',
}
const CONFIGURE_OPTIONS: FieldsOf<ConfigureOptions> = {
  ...CALL_OPTIONS,
  onProgress: 'function',
  ownKey: true,
}

/** A call of a `Backend`. */
export type BackendOperation =
  | 'probe'
  | 'list'
  | 'device'
  | 'peers'
  | 'configure'
  | 'create'
  | 'delete'

/** What each call takes, also of a backend that has no use for a field. */
const OPTIONS: Record<BackendOperation, Fields> = {
  probe: CALL_OPTIONS,
  list: CALL_OPTIONS,
  device: CALL_OPTIONS,
  peers: CALL_OPTIONS,
  configure: CONFIGURE_OPTIONS,
  create: CREATE_OPTIONS,
  delete: DELETE_OPTIONS,
}

/**
 * Starts the clock of a backend's call, whose options are checked first: the facade is not between when a program
 * uses the backend itself.
 *
 * @throws as {@link checkFields} and {@link Deadline}
 */
export function startCall(operation: BackendOperation, options: CallOptions = {}): Deadline {
  checkFields(options, 'options', OPTIONS[operation])
  return new Deadline(options)
}
