/** What one side of a connection takes from the other, whoever that is. */
export const REMOTE_LIMITS = {
  /** Bytes of a frame. A longer list travels in pieces. */
  frame: 2 ** 20,
  /** Objects, lists and leaves of a frame. */
  values: 2 ** 17,
  /** Values within values. */
  depth: 24,
  /** Items of one list of a frame. */
  items: 2 ** 10,
  /** Errors within errors. */
  causes: 8,
  /** Bytes of a call's arguments in all, pieces included, each value counted as {@link valueBytes}. */
  callBytes: 2 ** 28,
  /** About what a small value takes in memory. */
  valueBytes: 32,
  /** Calls of a connection that are under way, streams included. A client of ours has a quarter of it at once. */
  calls: 256,
  /** Functions of the client that the server waits for. */
  callbacks: 1024,
  /** Items that the consumer of a stream has not taken yet. */
  window: 512,
  /** Connections of a server. For one more, the user with most of them loses the one that was silent for longest. */
  connections: 128,
  /** Messages that wait to be written; more come in only when it is less. */
  unsent: 64,
} as const

/** Milliseconds. */
export const REMOTE_TIMES = {
  /** Until the other side has said who it is. */
  hello: 5000,
  /** Until a frame that was begun is whole. */
  frame: 30_000,
  /** Until what was written is taken. */
  taken: 60_000,
  /** Without a word while something is awaited, until the client asks whether the server is there. */
  silence: 15_000,
  /** Until keys in what a function of the client gave are wiped: they were used long before. */
  reply: 300_000,
} as const
